"""What do these members hold, under lock, and how is a change of it written down?

The mechanism below the ledger: `lock` reads, the ledger moves numbers in memory, `save` writes each
table once. Only transactions/ may call it. Members are locked in the order of their keys, so two
batches never wait for each other in a circle.
"""

from dataclasses import dataclass, field
from datetime import datetime

from loyalty_site.lib.sql import instant
from members.models import Balance, Member, Tally

_MOVED = "available pending reserved arrears lifetime_earned lifetime_redeemed lifetime_expired lifetime_reversed "
_MOVED += "lifetime_transferred"
_PUT = "next_change_at last_activity_at expires_at is_extended"


@dataclass(slots=True)
class Holding:
    """One balance while it is locked. `moved` are the sums to add to the stored columns, by name."""

    id: int | None = None
    available: int = 0
    pending: int = 0
    reserved: int = 0
    arrears: int = 0
    next_change_at: datetime | None = None
    last_activity_at: datetime | None = None
    expires_at: datetime | None = None
    is_extended: bool = False
    moved: dict = field(default_factory=dict)
    is_touched: bool = False

    @property
    def balance(self):
        return self.available - self.arrears

    def live_until(self, at):
        """All of it ends at `at`, None for never; whatever extension there was is over."""
        self.expires_at, self.is_extended = at, False
        self.is_touched = True
        self.wake_at(at)

    def is_due(self, now):
        """Whether time has done something to it that is not booked yet."""
        return self.next_change_at is not None and self.next_change_at <= now

    def wake_at(self, instant):
        """Look at it again at `instant` (or sooner, when something else comes first); None changes nothing."""
        if instant and (self.next_change_at is None or instant < self.next_change_at):
            self.next_change_at = instant
            self.is_touched = True

    def move(self, **amounts):
        """Add to columns of the balance, e.g. move(available=-5, lifetime_redeemed=5)."""
        for name, amount in amounts.items():
            self.moved[name] = self.moved.get(name, 0) + amount
            if name in ("available", "pending", "reserved", "arrears"):
                setattr(self, name, getattr(self, name) + amount)
        self.is_touched = True


@dataclass(slots=True)
class Count:
    """One tally while it is locked."""

    id: int | None = None
    points: int = 0
    moved: int = 0


@dataclass(slots=True)
class Held:
    """A standing in one tier group, stored or (without `id`) new; `until_at` None: the current one."""

    id: int | None
    tier_id: int
    from_at: datetime
    until_at: datetime | None = None
    is_changed: bool = False


@dataclass(slots=True)
class Account:
    """Everything of one member that a posting may move. `tiers` maps tier groups to the current Held,
    `past` to the ones before it, as far as they were read, oldest first."""

    id: int
    number: str
    status: str
    enrolled_at: datetime
    sequence: int
    chain: str
    holdings: dict = field(default_factory=dict)
    counts: dict = field(default_factory=dict)
    tiers: dict = field(default_factory=dict)
    past: dict = field(default_factory=dict)
    is_touched: bool = False

    def holding(self, currency_id):
        return self.holdings.setdefault(currency_id, Holding())

    def count(self, currency_id, period):
        return self.counts.setdefault((currency_id, period), Count())


class Lock:
    """The reads of one batch; said inside a pipeline, taken when it has ended.

    `version` is the program's version as the database has it. `with_past`: also the tiers of before.
    """

    def __init__(self, session, program_id, member_ids, *, with_tiers, with_past):
        lock = "FOR NO KEY UPDATE OF m" if session.is_postgresql else ""
        self._members = session.run(
            "SELECT m.id, m.number, m.status, m.enrolled_at, m.sequence, m.chain, p.version "
            "FROM members_member m JOIN programs_program p ON p.id = m.program_id "
            f"WHERE m.id {{ids}} AND m.program_id = %s ORDER BY m.id {lock}",
            [member_ids, program_id],
        )
        self._balances = session.run(
            "SELECT member_id, currency_id, id, available, pending, reserved, arrears, next_change_at, "
            "last_activity_at, expires_at, is_extended FROM members_balance WHERE member_id {ids}",
            [member_ids],
        )
        self._tallies = self._standings = None
        if with_tiers:
            self._tallies = session.run(
                "SELECT member_id, currency_id, period, id, points FROM members_tally WHERE member_id {ids}",
                [member_ids],
            )
            self._standings = session.run(
                "SELECT member_id, group_id, is_current, id, tier_id, from_at, until_at FROM members_standing "
                f"WHERE {'' if with_past else 'is_current AND '}member_id {{ids}} ORDER BY from_at, id",
                [member_ids],
            )

    def take(self):
        """({member id: Account}, version of the program or None when no member was found)."""
        accounts, version = {}, None
        for row in self._members.fetchall():
            member, number, status, enrolled_at, sequence, chain, version = row
            accounts[member] = Account(member, number, status, instant(enrolled_at), sequence, chain)
        for member, currency, *values, next_change, last_activity, ends, is_extended in self._balances.fetchall():
            instants = map(instant, (next_change, last_activity, ends))
            accounts[member].holdings[currency] = Holding(*values, *instants, bool(is_extended))
        if self._tallies:
            for member, currency, period, row_id, points in self._tallies.fetchall():
                accounts[member].counts[currency, period] = Count(row_id, points)
            for member, group, is_current, row_id, tier, *span in self._standings.fetchall():
                held = Held(row_id, tier, *map(instant, span))
                if is_current:
                    accounts[member].tiers[group] = held
                else:
                    accounts[member].past.setdefault(group, []).append(held)
        return accounts, version


def save(session, accounts):
    """Write what was moved. Say it inside a pipeline of the same transaction as `Lock`."""
    touched = [account for account in accounts if account.is_touched]
    session.change(
        Member, put="sequence chain", rows=[(account.id, account.sequence, account.chain) for account in touched]
    )
    _save_balances(session, touched)
    new = [(a.id, *key, c.moved) for a in touched for key, c in a.counts.items() if c.moved and not c.id]
    old = [(c.id, c.moved) for a in touched for c in a.counts.values() if c.moved and c.id]
    session.insert(Tally, "member_id currency_id period points", new)
    session.change(Tally, add="points", rows=old)


def _save_balances(session, touched):
    names = _MOVED.split()
    new, old = [], []
    for account in touched:
        for currency, holding in account.holdings.items():
            if not holding.is_touched:
                continue
            sums = [holding.moved.get(name, 0) for name in names]
            state = tuple(getattr(holding, name) for name in _PUT.split())
            if holding.id:
                old.append((holding.id, *sums, 1, *state))
            else:
                new.append((account.id, currency, *sums, 1, *state))
    session.insert(Balance, f"member_id currency_id {_MOVED} version {_PUT}", new)
    session.change(Balance, add=f"{_MOVED} version", put=_PUT, rows=old)
