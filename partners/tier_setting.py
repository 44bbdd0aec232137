"""Which tier do staff, or a shop that sells memberships, set, as a value? What all values share says activity.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, TypeAlias

from loyalty_site.lib.json_types import JsonObject
from partners.activity import ATTRIBUTES, Identifiers
from partners.limits import Longest

_Name: TypeAlias = Annotated[str, Longest(128)]
_Code: TypeAlias = Annotated[str, Longest(40)]

#: Why a tier is set, in the words of the trade.
REASON_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "purchase": "Paid membership",
        "match": "Status match from another program",
        "corporate": "Corporate agreement",
        "partner": "Granted by a partner",
        "promotion": "Promotion or trial",
        "goodwill": "Goodwill",
        "correction": "Correction",
        "penalty": "Penalty",
        "other": "Other",
    }
)


#: What stands in place of one of them where a tier follows a segment; nobody else may say it.
BY_SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class TierSetting:
    """A tier that is set by hand, or sold: `tier` is its code, "" for no tier.

    `tier_group` may be left out where the program has one. It is held until the end of the day `until`, or until
    that instant, and without it as long as the ladder gives. Through `locked_until`, a day or an instant as well,
    nothing raises or lowers it; a lock is taken off by setting the tier that is held without one. `reason_type` is
    one of REASON_TYPES.

    Where the tier follows a segment the type is BY_SEGMENT, `replaces` is the key of the standing that is replaced, 0
    for none, and `restores` the reason of what staff had given, where the member goes back to that.
    """

    external_id: _Name
    member: Identifiers
    tier: _Code
    reason_type: Annotated[str, Longest(20)]
    # With its type it is the note of a standing, which has 200 characters.
    reason: Annotated[str, Longest(160)]
    tier_group: _Code = ""
    until: date | datetime | None = None
    locked_until: date | datetime | None = None
    activity_at: datetime | None = None
    attributes: Annotated[JsonObject, ATTRIBUTES] = field(default_factory=dict)
    replaces: int | None = None
    restores: Annotated[str, Longest(12)] = ""

    @property
    def why(self) -> str:
        """The type of the reason and its text; the text alone where the tier follows a segment."""
        if self.replaces is not None:
            return self.reason
        return f"{REASON_TYPES[self.reason_type]}: {self.reason}"
