"""How is a tier that is set written in the API?"""

from loyalty_site.lib.schema_objects import Fields
from loyalty_site.lib.schema_types import Text
from partners import limits
from partners.tier_setting import REASON_TYPES, TierSetting
from transactions.api.schemas import requests
from transactions.api.schemas.fields import AnyText, DayOrInstant, text

TIER_SETTING = Fields(
    "NewTierSetting",
    {
        "external_id": requests.NAME,
        "member": requests.MEMBER,
        "tier_group": text(TierSetting, "tier_group", text="Code of the ladder; the only one unless said."),
        "tier": AnyText(limits.longest(TierSetting, "tier"), text="Its code; empty for no tier."),
        "until": DayOrInstant(text="The last day, or the instant at which it ends; as the ladder says unless said."),
        "locked_until": DayOrInstant(
            text="Until when nothing raises or lowers it. To take a lock off, send the tier that is held without one."
        ),
        "reason_type": Text(20, choices=REASON_TYPES, required=True),
        "reason": text(TierSetting, "reason", required=True, text="Members and auditors will ask."),
        "activity_at": requests.WHEN,
        "attributes": requests.ATTRIBUTES,
    },
    TierSetting,
)
