"""How are tiers written in the API: where a member stands on each ladder, and where the member stood?"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from typing import Any, TypeAlias

from loyalty_site.lib import money
from loyalty_site.lib.schema_objects import Answer, Answered, Items, Map
from loyalty_site.lib.schema_types import Day, Instant, Text, Whole
from members.models import Standing
from members.progress import Measure, Step
from partners.limits import LARGEST_KEY
from programs import periods
from programs.ladders import FOREVER, Benefit, Cycle, TierGroup
from programs.models import Benefit as BenefitRow

#: Columns of the database by name.
Row: TypeAlias = Mapping[str, Any]

_MISSING = Map(Whole(), text="Qualifying points that are missing, by currency code; 0: enough.")
_COUNTED = Map(Whole(-money.LARGEST), text="Qualifying points, by the code of each currency that counts.")
_FIRST = "in the first currency; null where that one says nothing about it."
NEXT_TIER = Answer(
    "NextTier",
    {
        "tier": Text(40),
        "name": Text(60),
        "points": Whole(null=True, text=f"Qualifying points to it {_FIRST}"),
        "missing": _MISSING,
        "by": Day(null=True, text="The last day on which what is counted now still counts; null: any day."),
    },
    null=True,
)
TO_KEEP = Answer(
    "ToKeep",
    {
        "points": Whole(null=True, text=f"Qualifying points that are missing to keep the tier {_FIRST}"),
        "missing": _MISSING,
        "counted": Map(Whole(-money.LARGEST), text="What was counted so far in the period that decides."),
        "from": Day(null=True, text="The first day that counts for it; null: ever."),
        "by": Day(null=True, text="The last day; null: until somebody agrees to the downgrade that waits."),
    },
    null=True,
    text="Null where nothing takes the tier away, and where no points keep it.",
)
CYCLE = Answer("Cycle", {"first": Day(), "last": Day()}, null=True, text="The present one; null without cycles.")
WAITING = Answer(
    "WaitingDowngrade",
    {
        "since": Instant(),
        "tier": Text(40, null=True, text="What the member would go to; null: no tier."),
        "name": Text(60, null=True),
    },
    null=True,
    text="A downgrade that waits for somebody who agrees.",
)
BENEFIT = Answer(
    "Benefit",
    {
        "code": Text(40),
        "name": Text(60),
        "text": Text(400, text="What members read."),
        "kind": Text(10, choices=BenefitRow.Kind.values),
        "since": Instant(),
        "until": Instant(null=True, text="The first instant without it; null: as long as the tier is held."),
    },
)
STANDING = Answer(
    "Standing",
    {
        "group": Text(40),
        "tier": Text(40, null=True),
        "name": Text(60, null=True),
        "since": Instant(null=True, text="When the tier was reached that was kept since."),
        "until": Instant(null=True, text="The first instant at which its validity has ended; null: for life."),
        "grace_until": Instant(null=True, text="The first instant after the grace in which the tier is."),
        "locked_until": Instant(null=True, text="Staff have said that nothing changes the tier before."),
        "waiting": WAITING,
        "cycle": CYCLE,
        "match": Text(3, choices=("any", "all"), text="How many of the currencies have to reach their thresholds."),
        "currency": Text(40, text="The first currency that counts; empty where tiers are only granted."),
        "points": Whole(-money.LARGEST, text="Qualifying points of the present period in that currency."),
        "counted": _COUNTED,
        "to_next": NEXT_TIER,
        "to_keep": TO_KEEP,
        "projected_tier": Text(40, null=True, text="What is held afterwards, if nothing more is counted."),
        "projected_name": Text(60, null=True),
        "benefits": Items(BENEFIT, text="Those of the tier that can be used today."),
    },
)
HISTORY = Answer(
    "PastStanding",
    {
        "id": Whole(1, LARGEST_KEY),
        "group": Text(40),
        "tier": Text(40, null=True, text="Null: no tier."),
        "name": Text(60, null=True),
        "since": Instant(text="When the tier was reached that was kept since."),
        "from": Instant(text="When this row begins: every change is a row, a renewal too."),
        "until": Instant(null=True, text="When it ended; null while it is held."),
        "valid_until": Instant(null=True, text="The end that was promised; null: for life."),
        "reason": Text(12, choices=Standing.Reason.values),
        "note": Text(200, null=True, text="What staff wrote; null for keys of other partners than the owner."),
        "counted": Map(Whole(-money.LARGEST), text="Qualifying points that decided, by currency code."),
        "cycle": Day(null=True, text="The first day of the period that decided; null: all time, or none."),
        "transaction": Whole(
            1, LARGEST_KEY, null=True, text="What reached or set it; null for keys of other partners than the owner."
        ),
        "recorded_at": Instant(),
        "superseded_at": Instant(
            null=True, text="When we knew that it should not have been; it stays for what was known before."
        ),
    },
)
HISTORY_COLUMNS = {
    "id": "id",
    "group__code": "group",
    "tier__code": "tier",
    "tier__name": "name",
    "since_at": "since",
    "from_at": "from",
    "until_at": "until",
    "valid_until": "valid_until",
    "reason": "reason",
    "note": "note",
    "counted": "counted",
    "cycle": "cycle",
    "caused_by": "transaction",
    "recorded_at": "recorded_at",
    "superseded_at": "superseded_at",
}
#: What is between the owner and its members.
_OF_OWNER = ("note", "transaction")


def standing(step: Step, assigned: Mapping[int, datetime], *, now: datetime, zone: tzinfo) -> dict[str, Answered]:
    """Where the member stands in one tier group; `assigned` maps keys of benefits to since when they are had."""
    held, tier, projected = step.held, step.tier, step.projected
    first = step.measures[0] if step.measures else None
    return {
        "group": step.group.code,
        "tier": tier.code if tier else None,
        "name": tier.name if tier else None,
        "since": held.since_at if held else None,
        "until": held.valid_until if held else None,
        "grace_until": step.grace_until,
        "locked_until": held.locked_until if held and held.is_locked(now) else None,
        "waiting": _waiting(step),
        "cycle": _cycle(step.cycle),
        "match": "all" if step.group.needs_all else "any",
        "currency": first.currency.code if first else "",
        "points": first.counted if first else 0,
        "counted": {one.currency.code: one.counted for one in step.measures},
        "to_next": next_tier(step),
        "to_keep": _to_keep(step, first),
        "projected_tier": projected.code if projected else None,
        "projected_name": projected.name if projected else None,
        "benefits": list(_benefits(step, assigned, now=now, zone=zone)),
    }


def _waiting(step: Step) -> dict[str, Answered] | None:
    held = step.held
    if held is None or held.waits_from is None:
        return None
    lower = step.group.by_id.get(held.proposed_id)
    return {
        "since": held.waits_from,
        "tier": lower.code if lower else None,
        "name": lower.name if lower else None,
    }


def _cycle(cycle: Cycle | None) -> dict[str, Answered] | None:
    return {"first": cycle.first, "last": cycle.last} if cycle else None


def next_tier(step: Step) -> dict[str, Answered] | None:
    """The next tier that points reach, and what is missing to it; None where there is none."""
    if step.next is None or not step.measures:
        return None
    return {
        "tier": step.next.code,
        "name": step.next.name,
        "points": step.measures[0].to_next,
        "missing": {one.currency.code: one.to_next for one in step.measures if one.to_next is not None},
        "by": step.next_by,
    }


def _to_keep(step: Step, first: Measure | None) -> dict[str, Answered] | None:
    if not step.ends or first is None:
        return None
    return {
        "points": first.to_keep,
        "missing": {one.currency.code: one.to_keep for one in step.measures if one.to_keep is not None},
        "counted": {one.currency.code: one.kept for one in step.measures if one.kept is not None},
        "from": step.keep_from,
        "by": step.keep_by,
    }


def _benefits(
    step: Step, assigned: Mapping[int, datetime], *, now: datetime, zone: tzinfo
) -> Iterator[dict[str, Answered]]:
    """Those whose dates include today."""
    today = periods.local_date(now, zone)
    for benefit in step.tier.benefits if step.tier else ():
        if benefit.id in assigned and _is_usable(benefit, today):
            starts = periods.start_of_day(benefit.starts_on, zone) if benefit.starts_on else assigned[benefit.id]
            yield {
                "code": benefit.code,
                "name": benefit.name,
                "text": benefit.text,
                "kind": benefit.kind,
                "since": max(assigned[benefit.id], starts),
                "until": periods.end_of_day(benefit.ends_on, zone) if benefit.ends_on else None,
            }


def _is_usable(benefit: Benefit, today: date) -> bool:
    return (benefit.starts_on or today) <= today <= (benefit.ends_on or today)


def tiers_then(groups: Iterable[TierGroup], held: Mapping[int, int]) -> list[dict[str, Answered]]:
    """The tiers of `held`, {tier group id: tier id}."""
    known = {tier.id: (group.code, tier) for group in groups for tier in group.tiers}
    found = [known[tier] for tier in held.values() if tier in known]
    return [{"group": group, "tier": tier.code, "name": tier.name} for group, tier in found]


def past(row: Row, *, is_owner: bool) -> dict[str, Answered]:
    """One Standing, read with `.values(*HISTORY_COLUMNS)`, as the API writes it."""
    named = {name: row[column] for column, name in HISTORY_COLUMNS.items()}
    named["cycle"] = None if row["cycle"] == FOREVER else row["cycle"]
    return named if is_owner else named | dict.fromkeys(_OF_OWNER)
