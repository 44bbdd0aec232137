"""How do other systems read the lines of the ledger, and why they are as they are?"""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import problems
from partners.api.endpoint import Pages
from partners.api.operations import ID, page_of
from programs.api.endpoint import PROGRAM
from transactions.api.endpoint import LedgerEndpoint
from transactions.api.filters import EntryFilter, LedgerFilters
from transactions.api.schemas import answers, explanations, rows
from transactions.models import Entry, Journal
from transactions.proof import causes
from transactions.proof.discreet import discreet


@extend_schema_view(
    list=extend_schema(
        operation_id="list_entries",
        summary="Ledger entries, the newest first",
        parameters=[PROGRAM],
        responses={200: page_of(answers.ENTRY)},
    )
)
class EntryViewSet(LedgerEndpoint):
    """The lines of the ledger."""

    queryset = Entry.objects.none()
    scopes = {"list": "read", "explain": "read"}
    pagination_class = Pages
    filter_backends = [LedgerFilters]
    filterset_class = EntryFilter

    def page_order(self) -> str:
        # The entries of one member are indexed by their sequence, which grows with the id.
        return "-sequence" if self.request.query_params.get("member") else "-id"

    def list(self, request: Request) -> HttpResponse:
        columns = [*rows.ENTRY_COLUMNS, "sequence"]
        return self.page(self.visible(Entry.objects.all(), "journal__"), columns, rows.entry)

    @extend_schema(
        operation_id="explain_entry",
        summary="Why an entry is as it is: transaction, rules, lots, what took from them, their end",
        parameters=[PROGRAM, ID],
        responses={200: explanations.EXPLANATION.schema()},
    )
    def explain(self, request: Request, id: int) -> HttpResponse:
        entries = self.visible(Entry.objects.select_related("journal__reverses"), "journal__")
        entry = entries.filter(pk=id).first()
        if entry is None:
            raise problems.unlike("entry_unknown", "The program has no such entry that this key may see.")
        entry.journal.trace = discreet(entry.journal.trace)
        chain = causes.of_entry(entry)
        own = self.visible(Journal.objects.all()).filter(pk__in=explanations.journals_of(chain))
        return self.answer(explanations.explanation(chain, set(own.values_list("pk", flat=True)), self.program.money))
