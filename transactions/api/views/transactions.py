"""How do other systems report what happened, take it back, and read it?"""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view

from loyalty_site.lib import money, problems
from loyalty_site.lib.refusals import Refusal
from partners.api.endpoint import Pages
from programs.api.endpoint import PROGRAM
from transactions import ledger
from transactions.api.endpoint import LedgerEndpoint, of_address, unknown
from transactions.api.filters import LedgerFilters, TransactionFilter
from transactions.api.operations import ID, page_of
from transactions.api.schemas import answers, requests
from transactions.models import Entry, Journal, JournalLine
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
_RETURN = {"external_id": "return-1", "lines": [{"position": 0, "amount": "29.95", "quantity": 1}]}
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
        examples=[OpenApiExample("A purchase", value=_PURCHASE, request_only=True)],
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
    scopes = {"list": "read", "retrieve": "read", "create": "earn", "reverse": "burn"}
    parameters = {"create": ["dry_run"]}
    pagination_class = Pages
    filter_backends = [LedgerFilters]
    filterset_class = TransactionFilter

    def page_order(self):
        return "-id"

    def list(self, request):
        return self.page(self.visible(Journal.objects), answers.JOURNAL_COLUMNS, answers.summary)

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
        return self.post_one(requests.as_activity(problems.refuse(self._shape(body), body)), dry_run=dry_run)

    def _shape(self, asked):
        """Amounts have the decimals of the money that the item names, or else of the program's."""
        iso = asked.get("currency") if isinstance(asked, dict) else None
        return requests.transaction(money.exponent(iso if type(iso) is str and iso else self.configuration.money))

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
            item = None if errors else requests.as_activity(found)
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
        return {"index": index, **answers.posting(result, dry_run=dry_run)}

    def retrieve(self, request, id):
        row = (
            self.journals(id)
            .values(*answers.JOURNAL_COLUMNS, *answers.DECIDER_COLUMNS, "attributes", "trace")
            .first()
        )
        if row is None:
            raise unknown()
        lines = JournalLine.objects.filter(journal=id).order_by("position").values(*answers.LINE)
        entries = Entry.objects.filter(journal=id).order_by("pk").values(*answers.ENTRY_COLUMNS)
        return self.answer(
            answers.summary(row)
            | answers.decider(row, is_owner=self.is_owner)
            | {
                "attributes": row["attributes"],
                "reversals": list(Journal.objects.filter(reverses=id).order_by("pk").values_list("pk", flat=True)),
                "lines": [answers.line(line, row["money"] or self.program.money) for line in lines],
                "entries": [answers.entry(entry) for entry in entries],
                "explanation": row["trace"],
                "sentences": explain(row["trace"], {one.code: one for one in self.program.currencies.all()}),
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
    def reverse(self, request, id):
        return self.once(lambda: self._reverse(id))

    def _reverse(self, id):
        row = self.journals(id).values_list("money", flat=True).first()
        shape = requests.reversal(money.exponent(row or self.configuration.money))
        asked = problems.refuse(shape, self.request.data)
        if row is None:
            raise unknown()
        if "external_id" not in asked and any(name in asked for name in requests.PARTS):
            detail = "Name each part, so that the next one of the same size is not taken for it."
            raise problems.Rejected([Refusal("field_missing", detail, "external_id")])
        item = requests.as_reversal(asked, journal_id=id, external_id=f"reversal-{id}")
        return self.post_one(item, fields=of_address)
