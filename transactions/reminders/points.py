"""Whose points end soon, and who is to be told? Source of the rules: semantics C25-R4.

What a member has of one currency and ends with one day is told at once, and once for each trigger. Where lots just
end, those are summed that can be spent now; where points may live on (by activity, or by an extension), what the
ledger would book if nothing happens until then.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.sql import Session, instant
from members import snapshots, telling
from members.models import Member
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
    "WHERE member_id {ids} AND currency_id + 0 {ids} AND remaining > 0 AND NOT is_pending "
    "AND expires_at > %s AND expires_at <= %s ORDER BY member_id, currency_id, expires_at"
)


class Ending(NamedTuple):
    """Points of one member that end with the day of a window, the first of them at the instant `at`."""

    member_id: int
    currency: Currency
    points: int
    at: datetime


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
    active = sorted(key for key, said in members.items() if said["status"] == Member.Status.ACTIVE)
    tellings = [
        _telling(configuration, members[one.member_id], one, window, now)
        for window in wanted
        for one in _ending(configuration, active, window)
        if one.at > now
    ]
    return {"reminded": telling.tell_many(program, EVENT, tellings)}


def _spendable(configuration: Configuration) -> dict[int, Currency]:
    return {one.id: one for one in configuration.currencies.values() if one.is_spendable}


def _ending(configuration: Configuration, member_ids: list[int], window: Window) -> Iterator[Ending]:
    spendable = _spendable(configuration)
    special, plain = (sorted(kind & spendable.keys()) for kind in due.kinds(configuration))
    if plain:
        rows = Session().run(_ENDING, [member_ids, plain, window.begins, window.ends]).fetchall()
        for (member, currency), lots in groupby(rows, key=itemgetter(0, 1)):
            first, *others = lots
            points = sum(lot[3] for lot in (first, *others))
            yield Ending(member, spendable[currency], points, instant(first[2]))
    if special:
        yield from _computed(configuration, member_ids, frozenset(special), window)


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
            yield Ending(member, spendable[currency], on_that_day, window.ends)


def _telling(
    configuration: Configuration, member: JsonObject, ending: Ending, window: Window, now: datetime
) -> Telling:
    code = ending.currency.code
    balance = snapshots.balance_of(member, code)
    today = periods.local_date(now, configuration.zone)
    data: JsonObject = {
        "member": member,
        "points": {
            "currency": code,
            "points": ending.points,
            "available_at": None,
            "expires_at": snapshots.text(ending.at),
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
    return Telling(ending.member_id, data, now, once=once)
