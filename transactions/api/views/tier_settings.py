"""How do other systems set a tier: a shop that sells memberships, a desk that matches a status?"""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib.json_types import JsonObject
from transactions.api.endpoint import LedgerEndpoint
from transactions.api.operations import ADA, posts
from transactions.api.schemas.tier_settings import TIER_SETTING

_MATCH: JsonObject = {
    "external_id": "match-1",
    "member": ADA,
    "tier": "gold",
    "until": "2027-12-31",
    "reason_type": "match",
    "reason": "Gold at Sky Miles",
}


@extend_schema_view(
    create=posts(
        "set_tier",
        "Set the tier of a member, with an end, and a lock, of its own",
        TIER_SETTING,
        *(200, 201),
        match=_MATCH,
    ),
)
class TierSettingViewSet(LedgerEndpoint):
    """Tiers that are sold or granted."""

    scopes = {"create": "adjust"}

    def create(self, request: Request) -> HttpResponse:
        return self.once(lambda: self.post_asked(TIER_SETTING))
