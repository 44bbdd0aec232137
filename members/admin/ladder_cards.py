"""Where does a member stand on each ladder, drawn so that a clerk at the counter sees it at a glance?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo

from loyalty_site.lib import instants
from loyalty_site.lib.panels import Bar, Card, Mark, points, through
from members.models import Standing
from members.progress import Measure, Step
from programs import periods
from programs.configuration import Currency
from programs.ladders import Tier


def cards(steps: Iterable[Step], held: Mapping[int, Standing], *, now: datetime, zone: tzinfo) -> Iterator[Card]:
    """A card for each Step; `held` maps a group's id to the current Standing, which has the colour of its tier."""
    for step in steps:
        standing = held.get(step.group.id)
        yield Card(
            label=step.group.name,
            value=step.tier.name if step.tier else "No tier",
            note=_note(step, zone),
            colour=standing.tier.colour if standing and standing.tier else "",
            warning=" ".join(_warnings(step, now, zone)),
            bars=[bar for measure in step.measures for bar in _bars(step, measure)],
            sentences=list(_sentences(step, periods.local_date(now, zone))),
        )


def _note(step: Step, zone: tzinfo) -> str:
    """Until when it is held, behind the name of the tier."""
    held = step.held
    if held is None or step.tier is None:
        return ""
    if held.valid_until:
        return f"until {through(held.valid_until, zone)}"
    return "" if step.tier is step.group.base or step.ends else "for life"


def _warnings(step: Step, now: datetime, zone: tzinfo) -> Iterator[str]:
    held = step.held
    if held is None:
        return
    if held.is_locked(now):
        yield f"Locked through {through(held.locked_until, zone)}: nothing raises or lowers it before."
    if step.grace_until:
        yield f"In grace through {through(step.grace_until, zone)}."
    if held.waits_from:
        lower = step.group.by_id.get(held.proposed_id)
        since = instants.full_day(held.waits_from.astimezone(zone).date())
        yield f"It was not kept: since {since} the step to {_named(lower)} waits for somebody who agrees."


def _bars(step: Step, one: Measure) -> Iterator[Bar]:
    """How far one currency is: one bar where the same points decide about keeping and about the next tier."""
    named, tier = one.currency.name, step.tier.name if step.tier else ""
    reach = (one.wanted, step.next.name if step.next else "", False)
    keep = (one.keeps, f"keeps {tier}", True)
    if one.kept is None or one.keeps is None or one.kept == one.counted:
        if one.wanted is not None or one.keeps is not None:
            yield _bar(f"{points(one.counted, one.currency)} {named}", one.currency, one.counted, [keep, reach])
        return
    if one.wanted is not None:
        yield _bar(f"{points(one.counted, one.currency)} {named} now", one.currency, one.counted, [reach])
    label = f"{points(one.kept, one.currency)} {named} counted for keeping {tier}"
    yield _bar(label, one.currency, one.kept, [keep])


def _bar(label: str, currency: Currency, count: int, marks: Sequence[tuple[int | None, str, bool]]) -> Bar:
    known = [(need, name, above) for need, name, above in marks if need is not None]
    full = max(1, count, *(need for need, _, _ in known))
    return Bar(
        label=label,
        share=max(0, count) * 100 // full,
        marks=[Mark(need * 100 // full, f"{points(need, currency)} {name}", above) for need, name, above in known],
    )


def _sentences(step: Step, today: date) -> Iterator[str]:
    if step.next:
        yield _to_next(step, step.next.name)
    elif step.tier and step.tier is step.group.tiers[-1] and len(step.group.tiers) > 1:
        yield "This is the highest tier."
    if step.ends and step.tier:
        yield _to_keep(step, step.tier.name, today)
    if step.measures and not any(True for one in step.measures for _ in _bars(step, one)):
        counted = ", ".join(f"{points(one.counted, one.currency)} {one.currency.name}" for one in step.measures)
        yield f"{counted} counted."


def _to_next(step: Step, name: str) -> str:
    missing = [(one.to_next, one.currency) for one in step.measures if one.to_next is not None]
    if not any(count for count, _ in missing):
        return f"What {name} takes is reached already."
    by = f" by {instants.full_day(step.next_by)}" if step.next_by else ""
    return f"{_listed(step, missing)} to {name}{by}."


def _to_keep(step: Step, name: str, today: date) -> str:
    by = f" by {instants.full_day(step.keep_by)}" if step.keep_by else ""
    if step.is_kept:
        after = f" after {instants.full_day(step.keep_by)}" if step.keep_by else ""
        return f"{name} is kept{after}: enough is counted."
    missing = [(one.to_keep, one.currency) for one in step.measures if one.to_keep is not None]
    if not missing:
        end = f"with {instants.full_day(step.keep_by)}" if step.keep_by else "once somebody agrees"
        return f"{name} ends {end}; then {_named(step.projected)}."
    later = step.keep_from if step.keep_from and step.keep_from > today else None
    counts = f", counted from {instants.full_day(later)} on" if later else ""
    return f"{_listed(step, missing)} to keep {name}{by}{counts}; else {_named(step.projected)}."


def _listed(step: Step, missing: Sequence[tuple[int, Currency]]) -> str:
    """What is missing of each currency: all of it, or any."""
    glue = " and " if step.group.needs_all else " or "
    return glue.join(f"{points(count, currency)} {currency.name}" for count, currency in missing if count)


def _named(tier: Tier | None) -> str:
    return tier.name if tier else "no tier"
