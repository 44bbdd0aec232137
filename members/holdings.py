"""What do these members hold, under lock, and how is a change of it written down?

The mechanism below the ledger: `Lock` reads, the ledger moves numbers in memory, `save` writes each table once.
Only transactions/ may call it. Members are locked in the order of their keys, so two batches never wait for each
other in a circle.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import Literal, NamedTuple

from loyalty_site.lib.arrays import Values
from loyalty_site.lib.sql import Session, instant
from members import ladder_rows, rule_progress
from members.ladder_rows import LockedStanding, LockedTally, Passed, TallyKey, Turn
from members.models import Balance, Member
from members.rule_progress import Kept, Key

#: The lifetime sums of a balance, by the second half of their columns' names.
Lifetime = Literal["earned", "redeemed", "expired", "reversed", "transferred", "opening"]

_PARTS = ("available", "pending", "reserved", "arrears")
_LIFETIMES = ("earned", "redeemed", "expired", "reversed", "transferred")
_MOVED = " ".join([*_PARTS, *(f"lifetime_{name}" for name in _LIFETIMES)])
#: What only opening balances move; all other postings leave these columns alone.
_BEFORE = "earned_before redeemed_before"
_BROUGHT = f"lifetime_opening {_BEFORE}"
_PUT = "next_change_at last_activity_at expires_at is_extended"
_lifetimes = attrgetter(*_LIFETIMES)
_brought = attrgetter("opening", "earned_before", "redeemed_before")
_put = attrgetter(*_PUT.split())


@dataclass(slots=True)
class Holding:
    """One balance while its member is locked, in the currency's smallest unit.

    `stored` are its four parts as the database has them; `earned` to `opening` are what the lifetime sums grow by,
    `earned_before` and `redeemed_before` what the sums of other systems do, or with `puts_before` what they become.
    """

    id: int | None = None
    available: int = 0
    pending: int = 0
    reserved: int = 0
    arrears: int = 0
    next_change_at: datetime | None = None
    last_activity_at: datetime | None = None
    expires_at: datetime | None = None
    is_extended: bool = False
    stored: tuple[int, int, int, int] = (0, 0, 0, 0)
    earned: int = 0
    redeemed: int = 0
    expired: int = 0
    reversed: int = 0
    transferred: int = 0
    opening: int = 0
    earned_before: int = 0
    redeemed_before: int = 0
    puts_before: bool = False
    is_touched: bool = False

    @property
    def balance(self) -> int:
        return self.available - self.arrears

    def live_until(self, at: datetime | None) -> None:
        """All of it ends at `at`, None for never; whatever extension there was is over."""
        self.expires_at, self.is_extended = at, False
        self.is_touched = True
        self.wake_at(at)

    def is_due(self, now: datetime) -> bool:
        """Whether time has done something to it that is not booked yet."""
        return self.next_change_at is not None and self.next_change_at <= now

    def wake_at(self, instant: datetime | None) -> None:
        """Look at it again at `instant`, or sooner when something else comes first; None changes nothing."""
        if instant and (self.next_change_at is None or instant < self.next_change_at):
            self.next_change_at = instant
            self.is_touched = True

    def note_activity(self, at: datetime) -> None:
        """Remember that the member was active at `at`, unless there was something later."""
        if self.last_activity_at is None or self.last_activity_at < at:
            self.last_activity_at = at
        self.is_touched = True

    def move(self, available: int = 0, pending: int = 0, reserved: int = 0, arrears: int = 0) -> None:
        """Add to the parts of the balance."""
        self.available += available
        self.pending += pending
        self.reserved += reserved
        self.arrears += arrears
        self.is_touched = True

    def moved(self) -> tuple[int, ...]:
        """What the columns of the balance grow by: its four parts, then the lifetime sums."""
        available, pending, reserved, arrears = self.stored
        return (
            self.available - available,
            self.pending - pending,
            self.reserved - reserved,
            self.arrears - arrears,
            *_lifetimes(self),
        )


class Counted(NamedTuple):
    """Points of one currency that were added to the tally of a window.

    They are of what happened on the local `day`; a tier that they reach holds from `since` on. `caused_by` is the key
    of the journal that earned them.
    """

    group_id: int
    currency_id: int
    period: date
    points: int
    day: date
    since: datetime
    caused_by: int | None


@dataclass(slots=True)
class Account:
    """Everything of one member that a posting may move.

    `holdings` by currency, `tallies` by (tier group, currency, first day of the window), `tiers` the current standing
    by tier group, `past` the standings before it, as far as they were read, oldest first. `counted` is what was added
    to tallies and not yet compared with thresholds, `passed` who went from tier to tier, `turns` that and what was
    kept for longer, to be told of. `person` is what is known of who it is by the names under which rules ask it, if
    one does (members/persons.py), `enrolments` from when until when the member took part in promotions, by their
    codes (members/promotions.py), `progress` how far the member is with what rules count, where it was read
    (members/rule_progress.py). Keys are primary keys.
    """

    id: int
    number: str
    status: str
    enrolled_at: datetime
    sequence: int
    chain: str
    holdings: dict[int, Holding] = field(default_factory=dict)
    tallies: dict[TallyKey, LockedTally] = field(default_factory=dict)
    tiers: dict[int, LockedStanding] = field(default_factory=dict)
    past: dict[int, list[LockedStanding]] = field(default_factory=dict)
    counted: list[Counted] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    person: dict[str, list[str]] = field(default_factory=dict)
    enrolments: dict[str, tuple[datetime, datetime | None]] = field(default_factory=dict)
    progress: dict[Key, Kept] = field(default_factory=dict)
    is_touched: bool = False

    def holding(self, currency_id: int) -> Holding:
        """The balance of a currency; a new one where the member has none yet."""
        found = self.holdings.get(currency_id)
        if found is None:
            found = self.holdings[currency_id] = Holding()
        return found

    def is_due(self, now: datetime) -> bool:
        """Whether time has done something to a balance that is not booked yet; every posting asks it."""
        for holding in self.holdings.values():
            if holding.next_change_at is not None and holding.next_change_at <= now:
                return True
        return False

    def tally(self, group_id: int, currency_id: int, period: date) -> LockedTally:
        """The tally of a window; a new one where nothing was counted yet."""
        found = self.tallies.get((group_id, currency_id, period))
        if found is None:
            found = self.tallies[group_id, currency_id, period] = LockedTally()
        return found


class Lock:
    """The reads of one batch; sent inside a pipeline, taken when it has ended."""

    def __init__(
        self,
        session: Session,
        program_id: int,
        member_ids: list[int],
        *,
        with_tiers: bool,
        with_past: bool,
        only_looks: bool = False,
    ) -> None:
        """`with_tiers`: tallies and standings, too; `with_past`: also the standings of before.

        `only_looks`: nothing will be written, so nobody has to wait.
        """
        is_locked = session.is_postgresql and session.locks and not only_looks
        lock = "FOR NO KEY UPDATE OF m" if is_locked else ""
        # On SQLite instants come without their zone.
        self._is_zoned = session.is_postgresql
        #: Names of events that somebody listens to, as the program has them; known when the answers are taken.
        self.listens_to = ""
        self._members = session.run(
            "SELECT m.id, m.number, m.status, m.enrolled_at, m.sequence, m.chain, p.version, p.listens_to "
            "FROM members_member m JOIN programs_program p ON p.id = m.program_id "
            f"WHERE m.id {{ids}} AND m.program_id = %s ORDER BY m.id {lock}",
            [member_ids, program_id],
        )
        self._balances = session.run(
            "SELECT member_id, currency_id, id, available, pending, reserved, arrears, next_change_at, "
            "last_activity_at, expires_at, is_extended FROM members_balance WHERE member_id {ids}",
            [member_ids],
        )
        self._ladders = ladder_rows.Reading(session, member_ids, with_past=with_past) if with_tiers else None

    def take(self) -> tuple[dict[int, Account], int | None]:
        """(accounts by member id, the program's version as stored or None when no member was found)."""
        accounts: dict[int, Account] = {}
        version: int | None = None
        for member, number, status, enrolled_at, sequence, chain, *stored in self._members.fetchall():
            version, self.listens_to = stored
            accounts[member] = Account(member, number, status, instant(enrolled_at), sequence, chain)
        for member, currency, key, available, pending, reserved, arrears, *rest in self._balances.fetchall():
            parts = available, pending, reserved, arrears
            next_change, last_active, ends, is_extended = rest
            if not self._is_zoned:
                next_change, last_active, ends = instant(next_change), instant(last_active), instant(ends)
            accounts[member].holdings[currency] = Holding(
                key, *parts, next_change, last_active, ends, bool(is_extended), parts
            )
        if self._ladders:
            self._ladders.take(accounts)
        return accounts, version


def save(session: Session, accounts: Iterable[Account]) -> None:
    """Write what was moved. Send it inside a pipeline of the same transaction as `Lock`."""
    touched = [account for account in accounts if account.is_touched]
    rule_progress.save(session, accounts)
    session.change(
        Member, put="sequence chain", rows=[(account.id, account.sequence, account.chain) for account in touched]
    )
    _save_balances(session, touched)
    ladder_rows.save_tallies(session, touched)


def _save_balances(session: Session, touched: list[Account]) -> None:
    new: list[Values] = []
    old: list[Values] = []
    opened: list[Values] = []
    brought: list[Holding] = []
    rows = [(account.id, *held) for account in touched for held in account.holdings.items() if held[1].is_touched]
    for member, currency, holding in rows:
        moved = (*holding.moved(), 1, *_put(holding))
        brings = _brought(holding) != (0, 0, 0)
        if holding.id:
            old.append((holding.id, *moved))
            if brings:
                brought.append(holding)
        elif brings:
            opened.append((member, currency, *moved, *_brought(holding)))
        else:
            new.append((member, currency, *moved))
    session.insert(Balance, f"member_id currency_id {_MOVED} version {_PUT}", new)
    session.insert(Balance, f"member_id currency_id {_MOVED} version {_PUT} {_BROUGHT}", opened)
    session.change(Balance, add=f"{_MOVED} version", put=_PUT, rows=old)
    _save_brought(session, brought)


def _save_brought(session: Session, known: Iterable[Holding]) -> None:
    """What opening balances did to balances that were there before."""
    added = [(one.id, *_brought(one)) for one in known if not one.puts_before]
    made = [(one.id, *_brought(one)) for one in known if one.puts_before]
    session.change(Balance, add=_BROUGHT, rows=added)
    session.change(Balance, add="lifetime_opening", put=_BEFORE, rows=made)
