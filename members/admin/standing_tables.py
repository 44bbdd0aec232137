"""Which tiers and benefits does a member have and had, as tables of the member's page?"""

from collections.abc import Mapping, Sequence
from datetime import date, tzinfo

from django.urls import reverse

from loyalty_site.lib import instants
from loyalty_site.lib.panels import Cell, Table, dot, moment, points, struck, through
from members.models import Member, MemberBenefit, Standing
from programs.configuration import Configuration

#: So many rows of each table are shown; the rest is behind its link.
MOST = 25


def tier(standing: Standing) -> str:
    """The tier with its colour, "No tier" for none."""
    return dot(standing.tier.colour, standing.tier.name) if standing.tier else "No tier"


def counted(standing: Standing, configuration: Configuration) -> str:
    """The qualifying points that decided, with their currencies."""
    currencies = configuration.currencies
    told = [
        f"{points(count, currencies[code])} {currencies[code].name}" if code in currencies else f"{count} {code}"
        for code, count in standing.counted.items()
    ]
    return ", ".join(told) or "-"


def why(standing: Standing) -> str:
    """The reason in words, with what staff wrote."""
    return ": ".join(filter(None, [standing.get_reason_display(), standing.note]))


def standings(member: Member, rows: Sequence[Standing], configuration: Configuration) -> Table:
    """Every tier that the member holds or held, the latest first; what was superseded is struck."""
    several = len(configuration.tier_groups) > 1
    headers = ["Tier", "From", "Until", "Valid through", "Why", "Counted"]
    return Table(
        title="Tiers held",
        headers=["Group", *headers] if several else headers,
        rows=[_row(one, member.program.zone, configuration, several=several) for one in rows[:MOST]],
        empty="No tier so far.",
        more=_all("standing", member) if len(rows) > MOST else None,
    )


def _row(one: Standing, zone: tzinfo, configuration: Configuration, *, several: bool) -> list[Cell]:
    said = why(one)
    if one.superseded_at:
        said = f"{said}; superseded {moment(one.superseded_at, zone)}"
    cells = [
        *([one.group.name] if several else []),
        tier(one),
        moment(one.from_at, zone),
        moment(one.until_at, zone, empty="now" if one.is_current else "-"),
        through(one.valid_until, zone, empty="-"),
    ]
    return [*(struck(cell) if one.superseded_at else cell for cell in cells), said, counted(one, configuration)]


def benefits(member: Member, rows: Sequence[MemberBenefit], today: date) -> Table | None:
    """What the member has by tiers, and had; None where there never was anything."""
    if not rows:
        return None
    zone = member.program.zone
    return Table(
        title="Benefits",
        headers=["Benefit", "By", "Since", "Until", "Days"],
        rows=[
            [
                one.benefit.name,
                one.benefit.tier.name,
                moment(one.assigned_at, zone),
                moment(one.withdrawn_at, zone, empty=_state(one, today)),
                days(one),
            ]
            for one in rows[:MOST]
        ],
        more=_all("memberbenefit", member) if len(rows) > MOST else None,
    )


def _state(one: MemberBenefit, today: date) -> str:
    benefit = one.benefit
    if benefit.starts_on and benefit.starts_on > today:
        return "not usable yet"
    return "over" if benefit.ends_on and benefit.ends_on < today else "usable now"


def days(one: MemberBenefit) -> str:
    """The days on which the benefit can be used by its own dates."""
    first, last = one.benefit.starts_on, one.benefit.ends_on
    if not first and not last:
        return "always"
    from_ = f"from {instants.full_day(first)} " if first else ""
    return f"{from_}through {instants.full_day(last)}" if last else from_.strip()


def current_of(rows: Sequence[Standing]) -> Mapping[int, Standing]:
    """The current standing of each tier group, by the key of the group."""
    return {row.group_id: row for row in rows if row.is_current}


def _all(model: str, member: Member) -> tuple[str, str]:
    address = reverse(f"admin:members_{model}_changelist")
    return "All", f"{address}?member__id__exact={member.pk}"
