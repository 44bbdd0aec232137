"""How do other systems report what happened, take it back, and read it?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import money, problems
from loyalty_site.lib.json_types import Json
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.schema_objects import Answered, Fields
from partners.activity import Activity
from partners.api.endpoint import Pages
from partners.api.operations import ID, page_of
from programs.api.endpoint import PROGRAM
from programs.models import Currency
from transactions import ledger
from transactions.api.endpoint import LedgerEndpoint, of_address, unknown
from transactions.api.filters import LedgerFilters, TransactionFilter
from transactions.api.schemas import answers, requests, rows
from transactions.books.items import Result
from transactions.models import Entry, Journal, JournalLine
from transactions.proof.discreet import discreet
from transactions.proof.sentences import explain

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
_PAID_WITH_POINTS = {
    "activity": "purchase",
    "external_id": "order-1002",
    "member": {"email": "ada@example.com"},
    "amount": "59.90",
    "redeem": {"points": 500},
}
_RETURN = {"external_id": "return-1", "lines": [{"position": 0, "amount": "29.95", "quantity": 1}]}
#: What the page of one transaction reads beside what lists tell.
_DETAIL_COLUMNS = ("attributes", "payload", "trace", "answer", "reverses__money")
_REFERENCE = "One object, or a list of up to 1,000 objects, each of which stands for itself."


@extend_schema_view(
    list=extend_schema(
        operation_id="list_transactions",
        summary="Transactions, the newest first",
        parameters=[PROGRAM],
        responses={200: page_of(answers.SUMMARY)},
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
                    requests.TRANSACTION.schema(),
                    {
                        "type": "array",
                        "items": requests.TRANSACTION.schema(),
                        "minItems": 1,
                        "maxItems": ledger.LARGEST_BATCH,
                    },
                ]
            }
        },
        responses={
            200: {"oneOf": [answers.POSTING.schema(), answers.BATCH.schema()]},
            201: answers.POSTING.schema(),
            202: answers.POSTING.schema(),
        },
        examples=[
            OpenApiExample("A purchase", value=_PURCHASE, request_only=True),
            OpenApiExample("Paid with points", value=_PAID_WITH_POINTS, request_only=True),
        ],
    ),
    retrieve=extend_schema(
        operation_id="read_transaction",
        summary="A transaction with its lines, ledger entries and explanation",
        parameters=[PROGRAM, ID],
        responses={200: answers.DETAIL.schema()},
    ),
)
class TransactionViewSet(LedgerEndpoint):
    """Transactions: purchases, visits, events, and what took points away."""

    queryset = Journal.objects.none()
    named_by_address = {"reverse"}
    scopes = {"list": "read", "retrieve": "read", "create": "earn", "reverse": "burn"}
    parameters = {"create": ["dry_run"]}
    pagination_class = Pages
    filter_backends = [LedgerFilters]
    filterset_class = TransactionFilter

    def page_order(self) -> str:
        return "-id"

    def list(self, request: Request) -> HttpResponse:
        return self.page(
            self.visible(Journal.objects.all()), rows.JOURNAL_COLUMNS, partial(rows.summary, iso=self.program.money)
        )

    def create(self, request: Request) -> HttpResponse:
        dry_run = request.query_params.get("dry_run", "0")
        if dry_run not in ("0", "1"):
            raise problems.Rejected([Refusal("invalid_choice", "Send dry_run=1, or leave it out.", "?dry_run")])
        if dry_run == "1":
            # Nothing is written, so there is nothing that may happen only once.
            return self._create(dry_run=True)
        return self.once(self._create)

    def _create(self, *, dry_run: bool = False) -> HttpResponse:
        body = self.request.data
        if isinstance(body, list):
            return self._batch(body, dry_run)
        return self.post_one(problems.refuse(self._schema(body), body), dry_run=dry_run)

    def _schema(self, asked: Json) -> Fields[Activity]:
        """Amounts have the decimals of the money that the item names, or else of the program's."""
        iso = asked.get("currency") if isinstance(asked, dict) else None
        return requests.transaction(money.exponent(iso if type(iso) is str and iso else self.configuration.money))

    def _batch(self, body: Sequence[Json], dry_run: bool) -> HttpResponse:
        if not body:
            raise problems.Rejected([Refusal("batch_empty", "Send at least one item.")])
        if len(body) > ledger.LARGEST_BATCH:
            detail = f"At most {ledger.LARGEST_BATCH:,} items at once; this batch has {len(body):,}."
            raise ledger.BatchTooLarge(detail)
        items: list[Activity | None] = []
        refusals: list[list[Refusal]] = []
        for asked in body:
            errors: list[Refusal] = []
            item = self._schema(asked).read(asked, "", errors)
            errors += [foreign] if item and (foreign := self.not_ours(item)) else []
            items.append(None if errors else item)
            refusals.append(errors)
        pairs = zip(self.record(items, dry_run=dry_run), refusals, strict=True)
        results = [self._answered(place, *pair, dry_run=dry_run) for place, pair in enumerate(pairs)]
        counts = Counter(result["status"] for result in results)
        named = {status: counts[status] for status in ("posted", "replayed", "computed", "kept", "refused")}
        return self.answer(named | {"results": results})

    def _answered(
        self, place: int, result: Result | None, refusals: Sequence[Refusal], *, dry_run: bool
    ) -> Mapping[str, Answered]:
        """What is answered to the item at this `place` of a batch; without a result it could not be read."""
        if result and result.refusals:
            refusals = result.refusals
        if result is None or refusals:
            problem = problems.body(refusals, path=self.request.path, base=f"#/{place}")
            return {"index": place, "status": "refused", "id": None, "problem": problem}
        return {"index": place, **answers.posting(result, dry_run=dry_run)}

    def retrieve(self, request: Request, id: int) -> HttpResponse:
        row = self.journals(id).values(*rows.JOURNAL_COLUMNS, *rows.DECIDER_COLUMNS, *_DETAIL_COLUMNS).first()
        if row is None:
            raise unknown()
        lines = JournalLine.objects.filter(journal=id).order_by("position").values(*rows.LINE_COLUMNS)
        entries = Entry.objects.filter(journal=id).order_by("pk").values(*rows.ENTRY_COLUMNS)
        currencies = Currency.objects.filter(program=self.program.pk)
        iso = row["money"] or self.program.money
        return self.answer(
            rows.summary(row, self.program.money)
            | rows.parts(row, iso)
            | rows.decider(row, is_owner=self.is_owner)
            | {
                "attributes": row["attributes"],
                "reversals": list(Journal.objects.filter(reverses=id).order_by("pk").values_list("pk", flat=True)),
                "lines": rows.lines(lines, row["payload"], iso),
                "entries": [rows.entry(entry) for entry in entries],
                "explanation": rows.trace(row, row["reverses__money"] or self.program.money),
                "sentences": explain(discreet(row["trace"]), {one.code: one for one in currencies}),
                "warnings": row["answer"].get("warnings", []),
            }
        )

    @extend_schema(
        operation_id="reverse_transaction",
        summary="Take a transaction back, or a part of it",
        parameters=[PROGRAM, ID],
        request={"application/json": requests.REVERSAL.schema()},
        responses={code: answers.POSTING.schema() for code in (200, 201)},
        examples=[
            OpenApiExample("All of it", value={"reason": "Returned to the store"}, request_only=True),
            OpenApiExample("One line", value=_RETURN, request_only=True),
        ],
    )
    def reverse(self, request: Request, id: int) -> HttpResponse:
        return self.once(lambda: self._reverse(id))

    def _reverse(self, id: int) -> HttpResponse:
        iso = self.journals(id).values_list("money", flat=True).first()
        body = requests.reversal(money.exponent(iso or self.configuration.money))
        asked = problems.refuse(body, self.request.data)
        if iso is None:
            raise unknown()
        if asked.external_id is None and asked.is_partial:
            detail = "Name each part, so that the next one of the same size is not taken for it."
            raise problems.Rejected([Refusal("field_missing", detail, "external_id")])
        return self.post_one(asked.of_journal(id), fields=of_address)
