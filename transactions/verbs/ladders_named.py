"""Which ladder, and which tier of it, does an item name?"""

from loyalty_site.lib.refusals import Refused
from programs.configuration import Configuration
from programs.ladders import Tier, TierGroup


class UnknownTier(Refused):
    """The program has no such tier, or several ladders and none is named."""

    code = "tier_unknown"


def group(configuration: Configuration, code: str) -> TierGroup:
    """The ladder of this code; "" is the only one that there is. Raises UnknownTier."""
    groups = configuration.tier_groups
    found = groups.get(code) if code else None
    if found is None and not code and len(groups) == 1:
        found = next(iter(groups.values()))
    if found is None:
        known = ", ".join(groups) or "none"
        raise UnknownTier(f"Name the ladder of tiers that is meant; the program has: {known}.", field="tier_group")
    return found


def tier(group: TierGroup, name: str) -> Tier:
    """The tier that is called so, by its code or its name. Raises UnknownTier."""
    wanted = name.casefold()
    found = next((one for one in group.tiers if wanted in (one.code.casefold(), one.name.casefold())), None)
    if found is None:
        known = ", ".join(one.name for one in group.tiers)
        raise UnknownTier(f"“{name}” is no tier of the ladder {group.code}; it has: {known}.", field="tier")
    return found
