"""What does a night have in store? The tiles and the list of its page."""

from collections.abc import Iterator, Mapping, Sequence

from django.http import HttpRequest

from loyalty_site.lib.instants import full_day
from loyalty_site.lib.panels import Cell, Panel, Table, Tile, Tiles, link, moment, points
from members.models import Member
from programs.configuration import Configuration
from programs.ladders import TierGroup
from programs.models import Program
from transactions.outlook.coming import AT_RISK, GRACE, KINDS, POINTS, WAITING, Coming
from transactions.outlook.tonight import Counts, Listed, Outlook

_COLOURS = {"lowered": "#dc2626", "waiting": "#d97706", "grace": "#d97706", "renewed": "#16a34a", "raised": "#16a34a"}
#: Notes of one tile.
_NOTES = 6


def about(outlook: Outlook) -> list[str]:
    """What the page is about, in sentences."""
    return [
        f"What falls due up to the end of {full_day(outlook.day)}, if nothing happens until then; birthdays and "
        "anniversaries are those of that night alone.",
        "A purchase, a refund or a change of the program until then changes it.",
    ]


def of(request: HttpRequest, program: Program, outlook: Outlook, seen: Listed) -> list[Panel]:
    """What comes: counts, and one page of the list."""
    return [
        Tiles(list(_tiles(outlook.configuration, seen.counts))),
        listed(request, program, outlook.configuration, seen.rows),
    ]


def _tiles(configuration: Configuration, counts: Counts) -> Iterator[Tile]:
    for kind, label in KINDS.items():
        if kind != POINTS and (counts.kinds[kind] or kind in AT_RISK[:1]):
            moves = [(move, count) for move, count in counts.moves.most_common() if move.kind == kind]
            notes = [f"{_move(configuration, one.group, one.before, one.after)}: {n:,}" for one, n in moves[:_NOTES]]
            yield Tile(label, f"{counts.kinds[kind]:,}", notes, _COLOURS.get(kind, ""))
    if counts.savable:
        yield Tile("Could still be saved", f"{counts.savable:,}", ["by points that they miss"], _COLOURS["waiting"])
    for code, units in counts.points.items():
        currency = configuration.currencies[code]
        yield Tile(f"{currency.name} that end", points(units, currency), [f"of {counts.members[code]:,} members"])


def _move(configuration: Configuration, group: str, before: str, after: str) -> str:
    ladder = configuration.tier_groups[group]
    names = [name_of(ladder, before), *([name_of(ladder, after)] if after != before else ())]
    return f"{ladder.name}, {' → '.join(names)}" if len(configuration.tier_groups) > 1 else " → ".join(names)


def name_of(group: TierGroup, code: str) -> str:
    """The name of a tier, also of none."""
    return group.by_code[code].name if code else "no tier"


def listed(request: HttpRequest, program: Program, configuration: Configuration, rows: Sequence[Coming]) -> Table:
    """The rows of one page, with links to their members."""
    people = Member.objects.filter(pk__in=[one.member_id for one in rows]).select_related("customer")
    known = {member.pk: member for member in people}
    headers = ["Member", "Name", "What", "When", "From → to", "Until", "Points", "Missing"]
    cells = [_row(request, program, configuration, known, one) for one in rows]
    return Table("Members", headers, cells, empty="Nobody, with these filters.")


def _row(
    request: HttpRequest, program: Program, configuration: Configuration, known: Mapping[int, Member], one: Coming
) -> list[Cell]:
    member = known.get(one.member_id)
    ends = {POINTS: "", WAITING: "agreement", GRACE: "end of grace: "}
    until = full_day(one.until) if one.until else ""
    return [
        link(request, member, one.number) if member else one.number,
        str(member.customer) if member else "",
        KINDS[one.kind],
        moment(one.at, program.zone, empty=""),
        _move(configuration, one.group, one.before, one.after) if one.group else "",
        f"{ends.get(one.kind, '')}{until}",
        _units(configuration, one.currency, one.points) if one.points else "",
        missing(configuration, one),
    ]


def missing(configuration: Configuration, one: Coming) -> str:
    """What would keep the tier, e.g. "120 Miles and 2 Segments"."""
    return " and ".join(_units(configuration, code, units) for code, units in one.missing)


def _units(configuration: Configuration, code: str, units: int) -> str:
    currency = configuration.currencies[code]
    return f"{points(units, currency)} {currency.name}"
