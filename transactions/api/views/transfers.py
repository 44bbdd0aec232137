"""How do other systems give points of a member to another one?"""

from drf_spectacular.utils import extend_schema_view

from transactions.api.endpoint import LedgerEndpoint
from transactions.api.operations import ADA, BOB, posts
from transactions.api.schemas import requests

_TRANSFER = {"external_id": "gift-1", "member": ADA, "to": BOB, "points": 100}


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

    def create(self, request):
        return self.once(lambda: self.post_asked(requests.TRANSFER, requests.as_transfer))
