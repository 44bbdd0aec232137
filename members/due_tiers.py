"""Which members have a tier to which time did something, and what is needed to say what that is?

For many members at once: it locks them as `holdings.py` does, and reads of them only what `assessing.py` looks at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from loyalty_site.lib.looking_up import ONLY_LOOK_UP
from loyalty_site.lib.sql import Rows, Session, instant
from members import ladder_rows
from members.holdings import Account, Holding
from members.ladder_rows import STANDING, LockedStanding, LockedTally, day_of
from programs import periods, versions
from programs.configuration import Configuration
from programs.ladders import FOREVER, TierGroup
from programs.periods import ONE_DAY

#: When the program was changed more often since, old versions are not compiled to find out what they counted.
_MANY_VERSIONS = 50

#: With sums in place of columns there is one way only: the index of what is due (see expiry/plain_lots.py).
_DUE = (
    "SELECT DISTINCT member_id + 0 AS whose FROM members_standing "
    "WHERE due_at <= %s AND group_id + 0 {ids} ORDER BY whose"
)
#: The other way round: by the members. With a function in place of the column the index of what is due cannot tempt.
_IS_DUE = "COALESCE({}, 'infinity') <= %s"
_MEMBERS = (
    "SELECT m.id, m.number, m.status, m.enrolled_at, p.version, p.listens_to FROM members_member m "
    "JOIN programs_program p ON p.id = m.program_id WHERE m.id {ids} AND m.program_id = %s ORDER BY m.id"
)
_STANDINGS = (
    f"SELECT member_id, group_id, {', '.join(STANDING.split())} FROM members_standing "
    f"WHERE member_id {{ids}} AND is_current AND {_IS_DUE.format('due_at')}"
)


def keys(configuration: Configuration, *, now: datetime) -> list[int]:
    """The keys of the members with a tier that is due by `now`, in ascending order. Costs what is due.

    For the caller's transaction, until the end of which the planner finds one way only.
    """
    session, groups = Session(), [group.id for group in configuration.tier_groups.values()]
    if not groups:
        return []
    if not session.is_postgresql:
        return [member for (member,) in session.run(_DUE, [now, groups]).fetchall()]
    with session.together():
        session.run(ONLY_LOOK_UP)
        # As one value they take a third of the memory that as many rows take.
        found = session.run(f"SELECT ARRAY({_DUE})", [now, groups])
    members: list[int] = found.fetchall()[0][0]
    return members


@dataclass(frozen=True, slots=True)
class Locked:
    """Members under lock, of the program that is stored in this `version` (None: no member was found).

    `accounts` by member have the standings that are due and what may decide about these, but no balances and no
    end of the chain: only `save` may write them. `others` are members with balances that are due as well;
    `listens_to` is what somebody wants to hear of the program.
    """

    accounts: dict[int, Account]
    others: list[int]
    version: int | None
    listens_to: str


def lock(session: Session, program_id: int, member_ids: list[int], *, now: datetime) -> Locked:
    """Lock these members of a program in the order of their keys, and read which tiers of theirs are due by `now`.

    What they counted is read by `read_tallies`.
    """
    is_locked = "FOR NO KEY UPDATE OF m" if session.is_postgresql else ""
    with session.together():
        if session.is_postgresql:
            session.run(ONLY_LOOK_UP)
        members = session.run(f"{_MEMBERS} {is_locked}", [member_ids, program_id])
        balances = session.run(
            f"SELECT member_id FROM members_balance WHERE member_id {{ids}} AND {_IS_DUE.format('next_change_at')}",
            [member_ids, now],
        )
        standings = session.run(_STANDINGS, [member_ids, now])
    return _take(members, standings, unsettled=balances)


def look(
    session: Session, configuration: Configuration, member_ids: list[int], *, now: datetime
) -> Mapping[int, Account]:
    """{key: Account} of what `lock` and `read_tallies` read, without a lock and whatever is due for balances.

    For what is settled in memory and never written.
    """
    with session.together():
        members = session.run(_MEMBERS, [member_ids, configuration.id])
        standings = session.run(_STANDINGS, [member_ids, now])
    accounts = _take(members, standings).accounts
    read_tallies(session, configuration, accounts)
    return accounts


def _take(members: Rows, standings: Rows, *, unsettled: Rows | None = None) -> Locked:
    """`unsettled` has the keys of those to whose balances something is due."""
    accounts: dict[int, Account] = {}
    version, listens_to = None, ""
    for member, number, status, enrolled_at, *stored in members.fetchall():
        version, listens_to = stored
        accounts[member] = Account(member, number, status, instant(enrolled_at), 0, "")
    keys = unsettled.fetchall() if unsettled is not None else ()
    others = {member for (member,) in keys if accounts.pop(member, None)}
    due: dict[int, Account] = {}
    for member, group, *row in standings.fetchall():
        if member in accounts:
            due[member] = accounts[member]
            due[member].tiers[group] = ladder_rows.standing_of(row)
    return Locked(due, sorted(others), version, listens_to)


def read_tallies(session: Session, configuration: Configuration, accounts: Mapping[int, Account]) -> None:
    """Put into the accounts what may decide about their standings, however long the members have been counting."""
    found = []
    with session.together():
        for group in configuration.tier_groups.values():
            whose = [account for account in accounts.values() if group.id in account.tiers]
            if not whose or not group.criteria:
                continue
            since, currencies = _what_counts(configuration, group, [one.tiers[group.id] for one in whose])
            found.append(
                session.run(
                    "SELECT member_id, group_id, currency_id, period, id, points, carried FROM members_tally "
                    "WHERE member_id {ids} AND group_id = %s AND currency_id {ids} AND period >= %s",
                    [[one.id for one in whose], group.id, currencies, since],
                )
            )
    for rows in found:
        for member, of, currency, period, key, points, carried in rows.fetchall():
            accounts[member].tallies[of, currency, day_of(period)] = LockedTally(key, points, carried)


def _what_counts(
    configuration: Configuration, group: TierGroup, held: Sequence[LockedStanding]
) -> tuple[date, list[int]]:
    """(the first day of the earliest window, the keys of the currencies) that may decide about these standings.

    Each is assessed under the version of the program that was in force when it was due, and counts up to three
    windows: that in which its validity ended, that of its grace, and the one that begins.
    """
    due_at = min(one.due_at for one in held if one.due_at)
    ended_at = min([due_at, *(one.valid_until for one in held if one.valid_until)])
    # Two days earlier: the window that has just closed, and zones in which it was another day.
    day = periods.local_date(ended_at, configuration.zone) - 2 * ONE_DAY
    if sum(since > due_at for since, _ in configuration.timeline) > _MANY_VERSIONS:
        return FOREVER, [currency.id for currency in configuration.currencies.values()]
    first, currencies = group.counts_since(day), set()
    for then in versions.in_force_since(configuration, due_at):
        # Where there was no such ladder yet, that of today decides.
        if was := then.tier_groups.get(group.code):
            first = min(first, was.counts_since(day))
            currencies |= {then.currencies[code].id for code in was.criteria}
    return first, sorted(currencies | {configuration.currencies[code].id for code in group.criteria})


def read_rest(session: Session, accounts: Mapping[int, Account]) -> None:
    """Put into the accounts what else these members hold, of which nothing is due: for who tells of it."""
    with session.together():
        balances = session.run(
            "SELECT member_id, currency_id, available, pending, reserved, arrears FROM members_balance "
            "WHERE member_id {ids} ORDER BY id",
            [list(accounts)],
        )
        standings = session.run(
            f"SELECT member_id, group_id, {', '.join(STANDING.split())} FROM members_standing "
            "WHERE member_id {ids} AND is_current",
            [list(accounts)],
        )
    for member, currency, *parts in balances.fetchall():
        accounts[member].holdings[currency] = Holding(None, *parts)
    for member, group, *row in standings.fetchall():
        if group not in accounts[member].tiers:
            accounts[member].tiers[group] = ladder_rows.standing_of(row)


def save(session: Session, configuration: Configuration, accounts: Iterable[Account], *, now: datetime) -> None:
    """Write what time did to the tiers of these, in one round trip."""
    accounts = list(accounts)
    with session.together():
        ladder_rows.save_tallies(session, accounts)
        ladder_rows.save_standings(session, configuration, accounts, now)
