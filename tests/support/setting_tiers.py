"""What do tests of tiers that are set need?"""

from itertools import count

from partners.tier_setting import TierSetting
from tests.support.factories import post, post_one

_numbers = count(1)


def setting(who, tier, *, reason_type="goodwill", reason="Asked at the desk", external_id="", **fields):
    """A TierSetting of the member."""
    name = external_id or f"set-{next(_numbers)}"
    return TierSetting(name, {"number": who.number}, tier, reason_type, reason, **fields)


def set_tier(made, who, tier, now, **fields):
    """Set the tier at an instant; returns the Result."""
    return post_one(made, setting(who, tier, **fields), now=now)


def refused(made, item, now):
    """(code, field) of the refusal of an item."""
    refusal = post(made, item, now=now)[0].refusal
    return refusal.code, refusal.field
