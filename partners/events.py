"""Which events does the back office tell others about? The catalogue: one line for each.

What an event says is in its `says`: names of the parts of its `data`, whose shapes stand in partners/event_shapes.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class About(StrEnum):
    """Whom an event concerns: who may be told of it."""

    MEMBER = "member"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event: its name, the words of staff for it, whom it concerns, the parts of its data.

    `version` is that of its shape: it rises when a part is taken away or means something else, never when one is
    added.
    """

    name: str
    label: str
    about: About
    says: tuple[str, ...]
    version: int = 1


#: What is said of everything that moved points.
_POSTED = ("member", "transaction", "points", "balance")

_MEMBER = [
    EventType("member.enrolled", "Somebody became a member", About.MEMBER, ("member",)),
    EventType("member.updated", "A member's details were changed", About.MEMBER, ("member", "changed")),
    EventType("member.merged", "Two memberships were merged", About.MEMBER, ("member", "merged")),
    EventType("member.erased", "A member's personal data were erased", About.MEMBER, ("member",)),
    EventType("points.earned", "Points were earned", About.MEMBER, _POSTED),
    EventType("points.pending", "Points were earned that wait", About.MEMBER, _POSTED),
    EventType("points.released", "Points that waited are available", About.MEMBER, _POSTED),
    EventType("points.redeemed", "Points were redeemed", About.MEMBER, _POSTED),
    EventType("points.reversed", "Points were taken back, or given back", About.MEMBER, _POSTED),
    EventType("points.adjusted", "Points were corrected", About.MEMBER, _POSTED),
    EventType("points.transferred", "Points were transferred", About.MEMBER, _POSTED),
    EventType("points.expired", "Points expired", About.MEMBER, _POSTED),
    EventType("points.expiring", "Points expire soon", About.MEMBER, ("member", "points", "balance", "expiring")),
    EventType(
        "balance.milestone",
        "A balance reached a milestone",
        About.MEMBER,
        ("member", "transaction", "balance", "milestone"),
    ),
    EventType("tier.upgraded", "A member reached a higher tier", About.MEMBER, ("member", "tier")),
    EventType("tier.downgraded", "A member went to a lower tier", About.MEMBER, ("member", "tier")),
    EventType("tier.renewed", "A member keeps a tier for longer", About.MEMBER, ("member", "tier")),
    EventType("tier.will_drop", "A member is about to lose a tier", About.MEMBER, ("member", "tier", "missing")),
    EventType("promotion.enrolled", "A member enrolled in a promotion", About.MEMBER, ("member", "promotion")),
    EventType("promotion.left", "A member left a promotion", About.MEMBER, ("member", "promotion")),
    EventType("statement.monthly", "The monthly statement", About.MEMBER, ("member", "balance", "statement")),
]

_STAFF = [
    EventType("approval.requested", "An approval is waiting", About.STAFF, ("approval",)),
    EventType("approval.decided", "A request was decided", About.STAFF, ("approval",)),
    EventType("downgrades.held", "Downgrades wait for a decision", About.STAFF, ("downgrades",)),
    EventType("budget.nearly_used", "A budget is nearly used up", About.STAFF, ("budget",)),
    EventType("budget.used_up", "A budget is used up", About.STAFF, ("budget",)),
    EventType("night.finished", "The night has run", About.STAFF, ("night",)),
    EventType("night.failed", "A step of the night failed", About.STAFF, ("night",)),
    EventType("reconcile.drift", "The audit found differences", About.STAFF, ("night", "differences")),
    EventType("channel.dead", "A channel does not answer", About.STAFF, ("channel",)),
]

EVENTS: dict[str, EventType] = {one.name: one for one in (*_MEMBER, *_STAFF)}

#: What an endpoint may ask for instead of names: everything that concerns members, what comes later included.
EVERYTHING = "*"


def choices(about: About) -> list[tuple[str, str]]:
    """(name, label) of the events that concern `about`, for forms."""
    return [(one.name, one.label) for one in EVENTS.values() if one.about == about]


def unknown(names: Iterable[str]) -> list[str]:
    """Those of `names` that are no event and not `EVERYTHING`."""
    return [name for name in names if name not in EVENTS and name != EVERYTHING]
