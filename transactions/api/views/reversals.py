"""How do other systems take back an order that they name as they named it themselves?"""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import money, problems
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal
from transactions.api.endpoint import LedgerEndpoint
from transactions.api.operations import posts
from transactions.api.schemas import requests
from transactions.models import Journal
from transactions.verbs.accruals import ISO

_REFUND: JsonObject = {"external_id": "refund-1", "order": "order-1001", "amount": "29.95"}


def _of_order(field: str) -> str:
    """What the ledger calls the transaction is called the order here."""
    return "order" if field == "transaction" else field


@extend_schema_view(
    create=posts(
        "refund_order",
        "Take back an order, or a part of it, by its external_id",
        requests.REFUND,
        *(200, 201, 202),
        description="202: the order is not here yet, or not decided; the refund waits for it.",
        refund=_REFUND,
    ),
)
class ReversalViewSet(LedgerEndpoint):
    """Refunds that name the order as their sender does; they may come before it."""

    scopes = {"create": "burn"}

    def create(self, request: Request) -> HttpResponse:
        return self.once(self._create)

    def _create(self) -> HttpResponse:
        body = self.request.data
        iso = self._money(body if isinstance(body, dict) else {})
        asked = problems.refuse(requests.refund(money.exponent(iso)), body)
        return self.post_one(asked.of_order(iso), fields=_of_order)

    def _money(self, body: JsonObject) -> str:
        """The money of the order; while that is not here, what the sender says, or the program's."""
        said, known = body.get("currency"), None
        errors: list[Refusal] = []
        order = requests.ORDER.read(body.get("order"), "order", errors)
        if not errors:
            sent = Journal.objects.filter(program=self.program.pk, connection=self.connection.pk)
            orders = sent.filter(kind=Journal.Kind.ACCRUAL, external_id=order)
            known = orders.values_list("money", flat=True).first()
        if not isinstance(said, str) or not said:
            return known or self.configuration.money
        if not ISO.fullmatch(said):
            detail = "Use the three capital letters of ISO 4217, for example EUR."
            raise problems.Rejected([Refusal("currency_unknown", detail, "currency")])
        if known and said != known:
            raise problems.Rejected([Refusal("wrong_measure", f"The order was paid in {known}.", "currency")])
        return said
