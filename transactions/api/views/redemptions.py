"""How do other systems spend points, or set them aside?"""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import money, problems
from loyalty_site.lib.json_types import JsonObject
from partners.activity import Decision
from partners.api.operations import ID
from transactions.api.endpoint import LedgerEndpoint, of_address, unknown
from transactions.api.operations import ADA, posts
from transactions.api.schemas import requests

_REDEMPTION: JsonObject = {"external_id": "voucher-7", "member": ADA, "points": 500, "reason": "Tea for two"}
_RESERVATION: JsonObject = {
    "external_id": "cart-7",
    "member": ADA,
    "points": 500,
    "reserve_s": 900,
    "basket": "80.00",
}


@extend_schema_view(
    create=posts(
        "redeem_points",
        "Spend points of a member, or set them aside",
        requests.REDEMPTION,
        *(200, 201, 202),
        description="202: somebody of the group whose points they are has to approve it first.",
        reward=_REDEMPTION,
        reservation=_RESERVATION,
    ),
)
class RedemptionViewSet(LedgerEndpoint):
    """Redemptions; they are listed among the transactions."""

    named_by_address = {"confirm", "release"}
    scopes = {"create": "burn", "confirm": "burn", "release": "burn"}

    def create(self, request: Request) -> HttpResponse:
        # The worth of a basket is in the money of the program.
        body = requests.redemption(money.exponent(self.configuration.money))
        return self.once(lambda: self.post_asked(body))

    @posts(
        "confirm_redemption",
        "Spend what was reserved; said twice, it counts once",
        requests.DECISION,
        200,
        parameters=[ID],
        confirmation={},
    )
    def confirm(self, request: Request, id: int) -> HttpResponse:
        return self.once(lambda: self._decide(id, "confirm"))

    @posts(
        "release_redemption",
        "Give back what was reserved; said twice, it counts once",
        requests.DECISION,
        200,
        parameters=[ID],
        release={"reason": "The cart was left"},
    )
    def release(self, request: Request, id: int) -> HttpResponse:
        return self.once(lambda: self._decide(id, "release"))

    def _decide(self, id: int, action: str) -> HttpResponse:
        asked = problems.refuse(requests.DECISION, self.request.data)
        if not self.journals(id).exists():
            raise unknown()
        # Nothing new is made: the reservation has another state.
        decision = Decision(id, action, reason=asked.reason, activity_at=asked.activity_at)
        return self.post_one(decision, fields=of_address, status=200)
