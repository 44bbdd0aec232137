"""In which windows were the qualifying points counted that go to another member? Instants that lie in them.

One entry moves points of one instant, and counts on each ladder in the window in which that lies. So where several
ladders with windows of their own count a currency, the points are told apart by all of these windows at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TypeAlias

from members.ladder import Ladder
from programs import periods
from programs.ladders import FOREVER, TierGroup
from transactions.books.balances import BalanceInHand
from transactions.models.qualifying import Moved, moved

#: The first days of the windows in which something counts, ladder by ladder.
_Windows: TypeAlias = tuple[date, ...]


def of_points(hand: BalanceInHand) -> list[tuple[datetime, int]]:
    """[(instant, points)] of the qualifying points of a balance; together they are what is available."""
    left = 0 if hand.currency.is_spendable else hand.holding.available
    found = []
    for at, counted in _counted(hand) if left else ():
        points = min(left, max(0, counted))
        if points:
            found.append((at, points))
            left -= points
    return [*found, (hand.books.now, left)] if left else found


def _counted(hand: BalanceInHand) -> list[tuple[datetime, int]]:
    """[(instant, points)] as they were counted."""
    ladders = [
        Ladder(hand.books.configuration, group, hand.account)
        for group in hand.books.configuration.tier_groups.values()
        if hand.currency.code in group.criteria and (group.has_cycles or group.model == "rolling")
    ]
    # Days are parts of all other windows.
    daily = [ladder for ladder in ladders if ladder.group.model == "rolling"]
    if daily or len({_cycles(ladder.group) for ladder in ladders}) < 2:
        return [one for ladder in (daily or ladders)[:1] for one in _by_tallies(hand, ladder)]
    return _by_entries(hand, ladders)


def _cycles(group: TierGroup) -> tuple[str, tuple[int, int] | None]:
    """Equal where cycles begin on the same days."""
    return group.model, group.cycle_start if group.model == "calendar" else None


def _by_tallies(hand: BalanceInHand, ladder: Ladder) -> list[tuple[datetime, int]]:
    group, currency = ladder.group, hand.currency
    keys = sorted(key for key in hand.account.tallies if key[:2] == (group.id, currency.id))
    return [(within(ladder, key[2], hand.books.now), hand.account.tallies[key].points) for key in keys]


def _by_entries(hand: BalanceInHand, ladders: Sequence[Ladder]) -> list[tuple[datetime, int]]:
    """From the ledger: tallies of one ladder do not tell which of their points are in which of another."""
    parts: defaultdict[_Windows, list[Moved]] = defaultdict(list)
    for row in moved([hand.account.id]):
        if row.currency_id == hand.currency.id and row.counted:
            day = ladders[0].day(row.happened_at)
            parts[_windows(ladders, day, row.known_on(ladders[0].zone))].append(row)
    found = [(_instant(hand, ladders, part, rows), sum(row.counted for row in rows)) for part, rows in parts.items()]
    return sorted(found)


def _windows(ladders: Iterable[Ladder], day: date, known_on: date) -> _Windows:
    return tuple([one.group.counted_in(day, known_on=known_on, enrolled_on=one.enrolled_on) for one in ladders])


def _instant(hand: BalanceInHand, ladders: Sequence[Ladder], part: _Windows, rows: Iterable[Moved]) -> datetime:
    """An instant that lies in all windows of a part: this one if it does, else the first of a day that counted.

    What was reported late may have been counted in windows that have no day in common: then it is that on which it
    happened.
    """
    now, zone = hand.books.now, ladders[0].zone
    today = ladders[0].day(now)
    if _windows(ladders, today, today) == part:
        return now
    days = sorted({day for row in rows for day in (ladders[0].day(row.happened_at), row.known_on(zone))})
    day = next((one for one in days if _windows(ladders, one, one) == part), days[0])
    return periods.start_of_day(day, zone)


def within(ladder: Ladder, period: date, now: datetime) -> datetime:
    """An instant of a window: of the present cycle, or a whole life, this one; of another its first."""
    if period == FOREVER:
        return now
    if ladder.group.has_cycles and ladder.group.cycle(ladder.day(now), ladder.enrolled_on).first == period:
        return now
    return periods.start_of_day(period, ladder.zone)
