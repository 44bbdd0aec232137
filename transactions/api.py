"""How do other systems report what happened, redeem, take back, and read the ledger?"""

from django.urls import reverse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view

from loyalty_site.lib import money, problems
from loyalty_site.lib.refusals import Refusal
from partners.api import REPLAYED, Pages
from programs.api import PROGRAM, ProgramEndpoint
from transactions import ledger, wire
from transactions.filters import EntryFilter, TransactionFilter
from transactions.models import Entry, Journal, JournalLine

_PURCHASE = {
    "activity": "purchase",
    "external_id": "order-1001",
    "member": {"email": "ada@example.com"},
    "activity_at": "2026-03-09T17:30:00Z",
    "amount": "59.90",
    "tax": "9.98",
    "store": "lyon",
    "lines": [{"sku": "TEA-1", "category": "tea", "quantity": 2, "amount": "59.90", "tax": "9.98"}],
}
_REDEMPTION = {"external_id": "voucher-7", "member": {"number": "1234567897"}, "points": 500, "reason": "Tea for two"}
_REFERENCE = "One object, or a list of up to 1,000 objects, each of which stands for itself."


def _page_of(shape):
    """The schema of one page of a list."""
    link = {"type": ["string", "null"], "format": "uri"}
    return {
        "type": "object",
        "properties": {"next": link, "previous": link, "results": {"type": "array", "items": shape.schema()}},
        "required": ["next", "previous", "results"],
    }


class LedgerEndpoint(ProgramEndpoint):
    """Posts to the ledger and reads from it."""

    def record(self, items, *, dry_run=False):
        """The Results of `items`; None stands for what could not be read and has no result."""
        fit = [item for item in items if item is not None]
        results = iter(ledger.record(fit, program_id=self.program.pk, via=self.connection, dry_run=dry_run))
        return [None if item is None else next(results) for item in items]

    def post_one(self, item, *, dry_run=False, fields=str):
        """The HTTP answer to one item. Raises Rejected; `fields` renames what a refusal points to."""
        refusal = self.not_ours(item)
        result = None if refusal else self.record([item], dry_run=dry_run)[0]
        refusal = refusal or result.refusal
        if refusal:
            raise problems.Rejected([Refusal(refusal.code, refusal.detail, fields(refusal.field))])
        told = wire.posting(result, dry_run=dry_run)
        where = {"Location": f"{reverse('api:transaction', args=[result.journal_id])}?program={self.program.code}"}
        match told["status"]:
            case "posted":
                return self.answer(told, status=201, **where)
            case "kept":
                return self.answer(told, status=202, **where)
            case "replayed":
                return self.answer(told, **{REPLAYED: "true"})
        return self.answer(told)

    def not_ours(self, item):
        """Why this key may not report `item`: only the program's owner speaks for other partners. None: it may."""
        partner = getattr(item, "partner", "")
        if partner in ("", self.connection.partner.code) or self.is_owner:
            return None
        return Refusal("partner_not_allowed", "This key reports for its own partner; leave it out.", "partner")

    @property
    def is_owner(self):
        return self.program.owner_id == self.connection.partner_id

    def visible(self, rows, journal=""):
        """The rows of the program that the key may read: all for its owner, what they sent for other partners."""
        rows = rows.filter(**{f"{journal}program": self.program})
        return rows if self.is_owner else rows.filter(**{f"{journal}connection__partner": self.connection.partner_id})

    def page(self, rows, columns, tell):
        """The HTTP answer with one page of `rows`, filtered as the query says."""
        # What the filters need; they see the request only.
        self.request.program, self.request.via = self.program, self.connection
        page = self.paginate_queryset(self.filter_queryset(rows).values(*columns))
        links = {"next": self.paginator.get_next_link(), "previous": self.paginator.get_previous_link()}
        return self.answer(links | {"results": [tell(row) for row in page]})


@extend_schema_view(
    list=extend_schema(
        operation_id="list_transactions",
        summary="Transactions, the newest first",
        parameters=[PROGRAM],
        responses={200: _page_of(wire.SUMMARY)},
    ),
    create=extend_schema(
        operation_id="post_transactions",
        summary="Report what members did: one transaction, or a list",
        description=_REFERENCE,
        parameters=[
            PROGRAM,
            OpenApiParameter("dry_run", str, enum=["0", "1"], description="1: compute, and write nothing."),
        ],
        request={
            "application/json": {
                "oneOf": [
                    wire.TRANSACTION.schema(),
                    {
                        "type": "array",
                        "items": wire.TRANSACTION.schema(),
                        "minItems": 1,
                        "maxItems": ledger.LARGEST_BATCH,
                    },
                ]
            }
        },
        responses={
            200: {"oneOf": [wire.POSTING.schema(), wire.BATCH.schema()]},
            201: wire.POSTING.schema(),
            202: wire.POSTING.schema(),
        },
        examples=[OpenApiExample("A purchase", value=_PURCHASE, request_only=True)],
    ),
    retrieve=extend_schema(
        operation_id="read_transaction",
        summary="A transaction with its lines, ledger entries and explanation",
        parameters=[PROGRAM, OpenApiParameter("id", int, OpenApiParameter.PATH)],
        responses={200: wire.DETAIL.schema()},
    ),
)
class TransactionViewSet(LedgerEndpoint):
    """Transactions: purchases, visits, events, and what took points away."""

    queryset = Journal.objects.none()
    scopes = {"list": "read", "retrieve": "read", "create": "earn", "reverse": "burn"}
    parameters = {"create": ["dry_run"]}
    pagination_class = Pages
    filter_backends = [DjangoFilterBackend]
    filterset_class = TransactionFilter

    def page_order(self):
        return "-id"

    def list(self, request):
        return self.page(self.visible(Journal.objects), wire.JOURNAL_COLUMNS, wire.summary)

    def create(self, request):
        dry_run = request.query_params.get("dry_run", "0")
        if dry_run not in ("0", "1"):
            raise problems.Rejected([Refusal("invalid_choice", "Send dry_run=1, or leave it out.", "?dry_run")])
        if dry_run == "1":
            # Nothing is written, so there is nothing that may happen only once.
            return self._create(dry_run=True)
        return self.once(self._create)

    def _create(self, *, dry_run=False):
        body = self.request.data
        if isinstance(body, list):
            return self._batch(body, dry_run)
        return self.post_one(wire.activity(problems.refuse(self._shape(body), body)), dry_run=dry_run)

    def _shape(self, asked):
        """Amounts have the decimals of the money that the item names, or else of the program's."""
        iso = asked.get("currency") if isinstance(asked, dict) else None
        return wire.transaction(money.exponent(iso if type(iso) is str and iso else self.configuration.money))

    def _batch(self, body, dry_run):
        if not body:
            raise problems.Rejected([Refusal("batch_empty", "Send at least one item.")])
        if len(body) > ledger.LARGEST_BATCH:
            detail = f"At most {ledger.LARGEST_BATCH:,} items at once; this batch has {len(body):,}."
            raise ledger.BatchTooLarge(detail)
        items, refusals = [], []
        for asked in body:
            errors = []
            found = self._shape(asked).read(asked, "", errors)
            item = None if errors else wire.activity(found)
            errors += [foreign] if item and (foreign := self.not_ours(item)) else []
            items.append(None if errors else item)
            refusals.append(errors)
        results = self.record(items, dry_run=dry_run)
        told = [self._told(n, *pair, dry_run=dry_run) for n, pair in enumerate(zip(results, refusals, strict=True))]
        counts = dict.fromkeys(("posted", "replayed", "computed", "kept", "refused"), 0)
        for result in told:
            counts[result["status"]] += 1
        return self.answer(counts | {"results": told})

    def _told(self, index, result, refusals, *, dry_run):
        if result and result.refusal:
            refusals = [result.refusal]
        if refusals:
            problem = problems.body(refusals, path=self.request.path, base=f"#/{index}")
            return {"index": index, "status": "refused", "id": None, "problem": problem}
        return {"index": index, **wire.posting(result, dry_run=dry_run)}

    def retrieve(self, request, id):
        row = self._rows(id).values(*wire.JOURNAL_COLUMNS, "attributes", "trace").first()
        if row is None:
            raise _unknown()
        lines = JournalLine.objects.filter(journal=id).order_by("position").values(*wire._LINE)
        entries = Entry.objects.filter(journal=id).order_by("pk").values(*wire.ENTRY_COLUMNS)
        return self.answer(
            wire.summary(row)
            | {
                "attributes": row["attributes"],
                "reversals": list(Journal.objects.filter(reverses=id).order_by("pk").values_list("pk", flat=True)),
                "lines": [wire.line(line, row["money"] or self.program.money) for line in lines],
                "entries": [wire.entry(entry) for entry in entries],
                "explanation": row["trace"],
            }
        )

    @extend_schema(
        operation_id="reverse_transaction",
        summary="Take a whole transaction back",
        parameters=[PROGRAM, OpenApiParameter("id", int, OpenApiParameter.PATH)],
        request={"application/json": wire.REVERSAL.schema()},
        responses={code: wire.POSTING.schema() for code in (200, 201)},
        examples=[OpenApiExample("A return", value={"reason": "Returned to the store"}, request_only=True)],
    )
    def reverse(self, request, id):
        return self.once(lambda: self._reverse(id))

    def _reverse(self, id):
        asked = problems.refuse(wire.REVERSAL, self.request.data)
        if not self._rows(id).exists():
            raise _unknown()
        # The transaction is named by the address, not in the body.
        return self.post_one(wire.reversal(id, asked), fields=lambda field: "" if field == "transaction" else field)

    def _rows(self, id):
        return self.visible(Journal.objects).filter(pk=id)


@extend_schema_view(
    create=extend_schema(
        operation_id="redeem_points",
        summary="Spend points of a member",
        parameters=[PROGRAM],
        request={"application/json": wire.REDEMPTION.schema()},
        responses={code: wire.POSTING.schema() for code in (200, 201)},
        examples=[OpenApiExample("A reward", value=_REDEMPTION, request_only=True)],
    )
)
class RedemptionViewSet(LedgerEndpoint):
    """Redemptions; they are listed among the transactions."""

    scopes = {"create": "burn"}

    def create(self, request):
        return self.once(self._create)

    def _create(self):
        return self.post_one(wire.redemption(problems.refuse(wire.REDEMPTION, self.request.data)))


@extend_schema_view(
    list=extend_schema(
        operation_id="list_entries",
        summary="Ledger entries, the newest first",
        parameters=[PROGRAM],
        responses={200: _page_of(wire.ENTRY)},
    )
)
class EntryViewSet(LedgerEndpoint):
    """The lines of the ledger."""

    queryset = Entry.objects.none()
    scopes = {"list": "read"}
    pagination_class = Pages
    filter_backends = [DjangoFilterBackend]
    filterset_class = EntryFilter

    def page_order(self):
        # The entries of one member are indexed by their sequence, which grows with the id.
        return "-sequence" if self.request.query_params.get("member") else "-id"

    def list(self, request):
        columns = [*wire.ENTRY_COLUMNS, "sequence"]
        return self.page(self.visible(Entry.objects, "journal__"), columns, wire.entry)


def _unknown():
    return problems.unlike("transaction_unknown", "The program has no such transaction that this key may see.")
