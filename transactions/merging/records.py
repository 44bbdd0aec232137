"""What does a merge remember of itself, so that it can be undone?"""

from typing import NotRequired, Required, TypeAlias, TypedDict, cast

from programs.configuration import Configuration
from programs.traces import ReachedTrace
from transactions.merging.double_bonuses import Bonus
from transactions.merging.enrolments import PassedOn


class MovedLot(TypedDict, total=False):
    """A lot of the source, and the one at the target (`descendant`) that took its place, which records of before
    call `heir`."""

    lot: Required[int]
    descendant: int
    heir: int
    points: Required[int]


def descendant_of(row: MovedLot) -> int:
    """The key of the lot at the target."""
    return row["descendant"] if "descendant" in row else row["heir"]


#: (tier group id, currency id, first day of the window of the source, and of the target, points, carried surplus).
MovedTally: TypeAlias = tuple[int, int, str, str, int, int]


#: (code of a rule, what it counts by, how far the source was, and the target before and after).
MovedProgress: TypeAlias = tuple[str, str, ReachedTrace, ReachedTrace, ReachedTrace]


class Moves(TypedDict):
    """What a merge moved, as undoing it needs it.

    `plain` are qualifying points as (currency id, instant, points), `arrears` points by currency id, `moved` all
    points by currency code, `tallies` MovedTally.
    """

    journal: int
    lots: list[MovedLot]
    plain: list[tuple[int, str, int]]
    arrears: dict[str, int]
    moved: dict[str, int]
    tallies: list[MovedTally]


def tallies_of(record: "StoredRecord", configuration: Configuration) -> list[MovedTally]:
    """What moved of tallies; records of before there were several ladders say (currency id, first day, points)."""
    of_currency = {
        configuration.currencies[group.currency].id: group.id
        for group in configuration.tier_groups.values()
        if group.currency
    }
    found: list[MovedTally] = []
    for row in record["tallies"]:
        if len(row) > 3:
            found.append(row)
            continue
        currency_id, day, points = cast("tuple[int, str, int]", row)
        if currency_id in of_currency:
            found.append((of_currency[currency_id], currency_id, day, day, points, 0))
    return found


class MovedRelations(TypedDict):
    """Keys of the relations of the source that were ended, and of those that the target got for them."""

    ended: list[int]
    made: list[int]


class State(TypedDict):
    """What a member holds, by the codes of currencies and of tier groups."""

    balances: dict[str, int]
    pending: dict[str, int]
    tiers: dict[str, str]


class Before(TypedDict):
    """How it was: bonuses that both got, by currency code, and the tiers of the target by tier group, as keys."""

    flags: dict[str, list[Bonus]]
    tiers: dict[str, int | None]


class Record(Before, Moves):
    """All of it. `counters` are (cap id, first day, what the source had used), `aliases` keys of members who had been
    merged into the source, `enrolments` those in promotions, `after` what the target has. Records of before know no
    `progress`, and no `enrolments`."""

    counters: list[tuple[int, str, int]]
    relations: MovedRelations
    enrolments: list[PassedOn]
    aliases: list[int]
    after: State
    progress: NotRequired[list[MovedProgress]]


class Undone(TypedDict):
    """What the source got back, and what of it is missing, by currency code."""

    returned: dict[str, int]
    missing: dict[str, int]


class StoredRecord(Record, total=False):
    """The same as it is stored with the Merge; `undone`, when it is."""

    undone: Undone
