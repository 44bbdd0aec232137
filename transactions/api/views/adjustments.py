"""How do other systems credit or debit points by hand?"""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib.json_types import JsonObject
from transactions.api.endpoint import LedgerEndpoint
from transactions.api.operations import ADA, posts
from transactions.api.schemas import requests

_ADJUSTMENT: JsonObject = {"external_id": "sorry-1", "member": ADA, "points": 50, "reason": "Parcel was late"}


@extend_schema_view(
    create=posts(
        "adjust_points",
        "Credit or debit points by hand, with a reason",
        requests.ADJUSTMENT,
        *(200, 201),
        apology=_ADJUSTMENT,
    ),
)
class AdjustmentViewSet(LedgerEndpoint):
    """Corrections that no rule would make."""

    scopes = {"create": "adjust"}

    def create(self, request: Request) -> HttpResponse:
        return self.once(lambda: self.post_asked(requests.ADJUSTMENT))
