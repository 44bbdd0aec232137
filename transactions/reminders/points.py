"""Whose points end soon, and who is to be told? Source of the rules: semantics C25-R4.

What a member has of one currency and ends with one day is told at once, and once for each trigger. Where lots just
end, those are summed that can be spent now; where points may live on (by activity, or by an extension), what the
ledger would book if nothing happens until then.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from loyalty_site.lib.arrays import Value
from loyalty_site.lib.sql import Session, instant
from members import snapshots, telling
from members.models import Member
from members.snapshots import Snapshot
from members.telling import Telling
from programs import periods, versions
from programs.configuration import Configuration, Currency
from programs.models import Program
from transactions.outlook import due
from transactions.outlook.foreseen import ForeseenBooks
from transactions.reminders import triggers
from transactions.reminders.triggers import Window

EVENT = "points.expiring"

#: In the order that only the index of what ends gives: another one may look as cheap while the planner knows little.
_LOTS = (
    "SELECT member_id FROM transactions_lot WHERE remaining > 0 AND currency_id = %s "
    "AND expires_at > %s AND expires_at <= %s ORDER BY expires_at"
)
_BALANCES = (
    "SELECT member_id FROM members_balance WHERE currency_id = %s AND expires_at > %s AND expires_at <= %s "
    "ORDER BY expires_at"
)
#: By the members: with a sum in place of the column the index of what ends on a day cannot tempt.
_ENDING = (
    "SELECT member_id, currency_id, expires_at, remaining FROM transactions_lot "
    "WHERE member_id {ids} AND currency_id + 0 {ids} AND remaining > 0 AND NOT is_pending AND (WITHIN)"
)
_WITHIN = "expires_at > %s AND expires_at <= %s"


class Ending(NamedTuple):
    """Points of one member that end with the day of a `window`, the first of them at the instant `at`."""

    member_id: int
    currency: Currency
    points: int
    at: datetime
    window: Window


def find(program_id: int, day: date) -> list[int]:
    """The keys of the members some of whose points end a trigger's number of days after the local `day`, in ascending
    order. By the indexes of what ends, so it costs who is found."""
    configuration = versions.latest(program_id)
    windows = triggers.windows(configuration, EVENT, day)
    return triggers.members(windows, (_LOTS, _BALANCES), _spendable(configuration))


def remind(program_id: int, day: date, member_ids: Collection[int], now: datetime) -> dict[str, int]:
    """Tell of the points of these members that end a trigger's number of days after the local `day`.

    Nothing is told that has ended by `now`, or was told before. To be called in a transaction; returns how many were
    told of, as `reminded`.
    """
    configuration = versions.latest(program_id)
    program = Program.objects.get(pk=program_id)
    wanted = triggers.coming(program, configuration, EVENT, day, now)
    if not wanted:
        return {"reminded": 0}
    members = snapshots.of(configuration, member_ids)
    active = [key for key, said in members.items() if said.status == Member.Status.ACTIVE]
    today = periods.local_date(now, configuration.zone)
    tellings = [
        _telling(members[one.member_id], one, today, now)
        for one in _ending(configuration, active, wanted)
        if one.at > now
    ]
    return {"reminded": telling.tell_many(program, EVENT, tellings)}


def _spendable(configuration: Configuration) -> dict[int, Currency]:
    return {one.id: one for one in configuration.currencies.values() if one.is_spendable}


def _ending(configuration: Configuration, member_ids: list[int], windows: Sequence[Window]) -> Iterator[Ending]:
    spendable = _spendable(configuration)
    special, plain = (sorted(kind & spendable.keys()) for kind in due.kinds(configuration))
    if plain:
        yield from _of_lots([spendable[key] for key in plain], member_ids, windows)
    if special:
        for window in windows:
            yield from _computed(configuration, member_ids, frozenset(special), window)


def _of_lots(currencies: Sequence[Currency], member_ids: list[int], windows: Sequence[Window]) -> Iterator[Ending]:
    """What lots have that just end: one look at the lots of these members, for all windows."""
    by_id = {one.id: one for one in currencies}
    found: dict[tuple[int, int, int], tuple[int, datetime]] = {}
    within = " OR ".join([_WITHIN] * len(windows))
    ends = [at for window in windows for at in (window.begins, window.ends)]
    lots = Session().run(_ENDING.replace("WITHIN", within), [member_ids, list(by_id), *ends])
    for member, currency, at, remaining in lots.fetchall():
        end = instant(at)
        place = next(n for n, window in enumerate(windows) if window.holds(end))
        points, first = found.get((place, member, currency), (0, end))
        found[place, member, currency] = points + remaining, min(first, end)
    for (place, member, currency), (points, first) in sorted(found.items()):
        yield Ending(member, by_id[currency], points, first, windows[place])


def _computed(
    configuration: Configuration, member_ids: list[int], currency_ids: frozenset[int], window: Window
) -> Iterator[Ending]:
    """What the ledger would book on that day: what it has booked by its end, and not by its beginning."""
    by_then: Counter[tuple[int, int]] = Counter()
    before: Counter[tuple[int, int]] = Counter()
    for at, ended in ((window.begins, before), (window.ends, by_then)):
        books = ForeseenBooks(configuration, now=at)
        books.look(member_ids, currency_ids=currency_ids)
        ended.update(books.ended)
    spendable = _spendable(configuration)
    for (member, currency), points in sorted(by_then.items()):
        on_that_day = points - before[member, currency]
        if on_that_day > 0:
            yield Ending(member, spendable[currency], on_that_day, window.ends, window)


def _telling(member: Snapshot, ending: Ending, today: date, now: datetime) -> Telling:
    code, balance, window = ending.currency.code, member.balances.get(ending.currency.id, 0), ending.window
    data: dict[str, Value] = {
        "member": member.said,
        "points": {
            "currency": code,
            "points": ending.points,
            "available_at": None,
            "expires_at": _text(ending.at),
        },
        "balance": {"currency": code, "before": balance, "balance": balance},
        "expiring": {
            "currency": code,
            "points": ending.points,
            "expires_on": window.last.isoformat(),
            "days": (window.last - today).days,
        },
    }
    once = telling.reminder(window.days, f"{window.last} {ending.member_id} {ending.currency.id}")
    return Telling(ending.member_id, data, now, once)


#: Most of a night end at the same instant.
_text = lru_cache(maxsize=256)(snapshots.text)
