"""What has time done to the tiers of members whom nobody touched? The night books it, batch by batch.

It adds nothing that a reading would not do: `members/assessing.py` decides for both, and both write the same rows. A
batch that is booked is no longer due, so a night that was killed and run again does the rest.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from loyalty_site.lib.sql import Session
from members import assessing, due_tiers
from members.holdings import Account
from members.ladder import Reason
from members.ladder_rows import LockedStanding
from programs import versions
from programs.configuration import Configuration
from transactions.batch import ConfigurationChanged
from transactions.books import event_rows, members_told, settlement, telling
from transactions.books.unit_of_work import Books

#: How each kind of change is counted; `members` are those to whose tiers something happened.
KINDS = (
    "members",
    "renewed",
    "lowered",
    "raised",
    "waiting",
    "in_grace",
    "locks_ended",
    "carried_over",
    "failed",
)
#: Whatever else time opens came of points that were set free, and leads upward.
_BY_REASON = {
    Reason.RENEWAL.value: "renewed",
    Reason.DOWNGRADE.value: "lowered",
}
#: So many of those who failed are named.
_NAMED = 20

logger = logging.getLogger(__name__)


def plan(program_id: int, *, now: datetime) -> list[int]:
    """The keys of the members with a tier that is due by `now`, in ascending order; read once, by what is due."""
    with transaction.atomic(savepoint=False):
        return due_tiers.keys(versions.latest(program_id), now=now)


def work(program_id: int, member_ids: Collection[int], *, now: datetime) -> dict[str, int | str | list[str]]:
    """Book what is due by `now` for the tiers of these members; returns counts by KINDS, and who `failed`.

    One who cannot be assessed is logged and left as before. Raises ConfigurationChanged when marketing changed the
    program at that moment, and what the database says when it refuses a row: then nothing is booked.
    """
    # Before members are locked, for marketing locks the program before them.
    configuration, session, done = versions.latest(program_id), Session(), _Done()
    with transaction.atomic(savepoint=False):
        locked = due_tiers.lock(session, program_id, sorted(member_ids), now=now)
        if locked.version not in (None, configuration.version):
            raise ConfigurationChanged
        due_tiers.read_tallies(session, configuration, locked.accounts)
        assessed = list(_assess(configuration, locked.accounts.values(), now, done))
        due_tiers.save(session, configuration, assessed, now=now)
        _tell(session, configuration, assessed, telling.heard(locked.listens_to), now)
        if locked.others:
            _settle_all(configuration, locked.others, now, done)
    return done.counts()


def _assess(
    configuration: Configuration, accounts: Iterable[Account], now: datetime, done: "_Done"
) -> Iterator[Account]:
    """Yield those whose tiers were settled in memory."""
    for account in accounts:
        before = _before(account)
        try:
            assessing.settle(configuration, account, now)
        except Exception as error:
            done.fail(account, error)
            continue
        done.count(account, before, now)
        yield account


def _tell(
    session: Session,
    configuration: Configuration,
    accounts: Iterable[Account],
    wanted: Collection[str],
    now: datetime,
) -> None:
    """Tell whoever listens of the tiers that changed."""
    whose = {account.id: account for account in accounts if account.turns}
    if whose and not members_told.TURNS.isdisjoint(wanted):
        due_tiers.read_rest(session, whose)
        event_rows.write(session, telling.of_tiers(configuration, whose.values(), wanted, now))


def _settle_all(configuration: Configuration, member_ids: list[int], now: datetime, done: "_Done") -> None:
    """Balances that are due as well go along, one instant after the other: how long points live is up to the tier."""
    books = Books(Session(), configuration, now=now)
    books.open(member_ids, journals=0, entries=0, with_lots=False)
    before = {account.id: _before(account) for account in books.accounts.values()}
    if settlement.settle(books):
        books.close()
    for account in books.accounts.values():
        done.count(account, before[account.id], now)


class _Was(NamedTuple):
    """A standing, and what of it time may take away."""

    group_id: int
    held: LockedStanding
    due_at: datetime | None
    locked_until: datetime | None


def _before(account: Account) -> list[_Was]:
    return [_Was(group, held, held.due_at, held.locked_until) for group, held in account.tiers.items()]


class _Done:
    """What was done, by KINDS."""

    def __init__(self) -> None:
        self._counts = Counter(dict.fromkeys(KINDS, 0))
        self._failed: list[str] = []

    def count(self, account: Account, before: list[_Was], now: datetime) -> None:
        """Compare a member with the tiers of before."""
        found = self._counts
        due = [was for was in before if was.due_at is not None and was.due_at <= now]
        found["members"] += bool(due)
        for was in due:
            current = account.tiers[was.group_id]
            for row in (*account.past.get(was.group_id, ()), current):
                if row.id is None:
                    found[_BY_REASON.get(row.reason, "raised")] += 1
            found["locks_ended"] += was.locked_until is not None and was.held.locked_until is None
            found["waiting"] += current.waits_from is not None
            found["in_grace"] += _is_in_grace(current, now)
        found["carried_over"] += sum(tally.carries for tally in account.tallies.values())

    def fail(self, account: Account, error: Exception) -> None:
        """Note who could not be assessed, and why."""
        logger.exception("what time did to the tiers of a member could not be booked", extra={"member": account.id})
        self._counts["failed"] += 1
        if len(self._failed) < _NAMED:
            self._failed.append(f"member {account.id}: {type(error).__name__}: {error}"[:300])

    def counts(self) -> dict[str, int | str | list[str]]:
        """As a step of the night keeps them."""
        found: dict[str, int | str | list[str]] = {**self._counts}
        if self._failed:
            found["listed"] = list(self._failed)
        return found


def _is_in_grace(held: LockedStanding, now: datetime) -> bool:
    is_over = held.valid_until is not None and held.valid_until <= now
    return is_over and held.due_at is not None and not held.is_locked(now) and held.waits_from is None
