"""How do other systems give points of a member to another one?"""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib.json_types import JsonObject
from transactions.api.endpoint import LedgerEndpoint
from transactions.api.operations import ADA, BOB, posts
from transactions.api.schemas import requests

_TRANSFER: JsonObject = {"external_id": "gift-1", "member": ADA, "to": BOB, "points": 100}


@extend_schema_view(
    create=posts(
        "transfer_points",
        "Give points of a member to another one",
        requests.TRANSFER,
        *(200, 201),
        gift=_TRANSFER,
    ),
)
class TransferViewSet(LedgerEndpoint):
    """Gifts from member to member of one program."""

    scopes = {"create": "burn"}

    def create(self, request: Request) -> HttpResponse:
        return self.once(lambda: self.post_asked(requests.TRANSFER))
