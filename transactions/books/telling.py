"""What of all that these books did does somebody want to hear? Derived from what is written, when it is written.

One event for each journal, member, currency and type, in the order in which the member's points moved, and in between
who went to another tier or keeps one for longer. What a member holds is said as it is afterwards. docs/events.md says
what is not told, and why.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, cast

from loyalty_site.lib.arrays import Values
from members.holdings import Account
from members.snapshots import as_json
from programs.configuration import Configuration
from transactions.books import budgets_told, columns, event_rows, held_told, members_told
from transactions.books.counters import Crossing
from transactions.books.event_rows import MILESTONES, POINTS, Rows
from transactions.books.journals_told import Told
from transactions.books.lots import LotState
from transactions.books.members_told import Members
from transactions.models import Entry, Journal

if TYPE_CHECKING:
    from transactions.books.unit_of_work import Books

_MILESTONE, _PENDING, _EARNED = "balance.milestone", "points.pending", "points.earned"
_RELEASED, _REVERSED = "points.released", "points.reversed"
#: What an entry of this kind is told as; credits and debits depend on their journal, too.
_NAMES = {
    Entry.Kind.CREDIT.value: _EARNED,
    Entry.Kind.DEBIT.value: "points.redeemed",
    Entry.Kind.CONFIRM.value: "points.redeemed",
    Entry.Kind.EXPIRY.value: "points.expired",
    Entry.Kind.RELEASE.value: _RELEASED,
    Entry.Kind.TRANSFER_OUT.value: "points.transferred",
    Entry.Kind.TRANSFER_IN.value: "points.transferred",
    # The fee of a transfer.
    Entry.Kind.WRITE_OFF.value: "points.transferred",
    Entry.Kind.REVERSAL_CREDIT.value: _REVERSED,
    Entry.Kind.REVERSAL_DEBIT.value: _REVERSED,
}
_BY_HAND = {Entry.Kind.CREDIT.value: "points.adjusted", Entry.Kind.DEBIT.value: "points.adjusted"}
_ADJUSTMENT = Journal.Kind.ADJUSTMENT.value

#: All that posting tells of.
TOLD = frozenset([_MILESTONE, _PENDING, *_NAMES.values(), *_BY_HAND.values(), *members_told.TURNS])

#: What may be told of a balance of which nothing but lots that end is due.
OF_EXPIRIES = frozenset([_NAMES[Entry.Kind.EXPIRY.value]])
_MOVED = (
    b'{"member":%b,"transaction":%b,"points":{"currency":"%b","points":%d,"available_at":%b,"expires_at":%b},'
    b'"balance":{"currency":"%b","before":%d,"balance":%d}}'
)
_REACHED = (
    b'{"member":%b,"transaction":%b,"balance":{"currency":"%b","before":%d,"balance":%d},'
    b'"milestone":{"currency":"%b","points":%d}}'
)
#: The columns ENTRY, and where some of them stand.
_Entry: TypeAlias = tuple[int, int, int, int, str, int, int, int, int, int, int, datetime, datetime, int, str]
_BY, _AFTER, _AT, _NUMBER = map(columns.ENTRY.split().index, ("points", "balance_after", "activity_at", "sequence"))
_NO_LOTS: Mapping[int, LotState] = {}


@lru_cache(maxsize=256)
def heard(listens_to: str) -> frozenset[str]:
    """What posting tells of, of the names in `Program.listens_to`."""
    return TOLD.intersection(listens_to.split())


class _Move:
    """What one journal did to one balance by `entries`; `before` is the balance before the first of them."""

    __slots__ = ("before", "currency_id", "entries", "journal_id", "member_id")

    def __init__(self, before: int, entries: list[_Entry]) -> None:
        self.before, self.entries = before, entries
        _, self.journal_id, self.member_id, self.currency_id, *_ = entries[0]

    @property
    def points(self) -> int:
        return sum(cast(int, entry[_BY]) for entry in self.entries)

    @property
    def balance(self) -> int:
        """The balance after the last of them."""
        return cast(int, self.entries[-1][_AFTER])

    @property
    def sequence(self) -> int:
        """The number of the last of them."""
        return cast(int, self.entries[-1][_NUMBER])

    @property
    def at(self) -> datetime:
        """When the last of them happened."""
        return cast(datetime, self.entries[-1][_AT])


def prepare(books: "Books") -> Callable[[], None] | None:
    """Look up what is told and is not at hand, which is seldom anything; returns what writes the events, None where
    there is nobody to tell and nothing that staff have to know.

    It may read, so it comes before whatever is sent without waiting.
    """
    crossed = books.counters.crossed()
    if not (books.heard or books.held or crossed):
        return None
    session, once = books.session, _once(books, crossed)
    if not books.heard:
        return lambda: event_rows.write(session, [], once)
    journals, entries = books.since(0, 0)
    rows = cast("list[_Entry]", entries)
    told = books.known.told(journals, {row[1] for row in rows})
    return lambda: event_rows.write(session, _Telling(books, told).tell(rows), once)


def _once(books: "Books", crossed: Collection[Crossing]) -> list[Values]:
    """What staff are told of once: purchases that wait for them, and budgets that come to an end."""
    found: list[Values] = []
    if books.held:
        found += held_told.rows(books.configuration.id, books.held, books.now)
    if crossed:
        found += budgets_told.rows(books.configuration, crossed, books.now)
    return found


def of_tiers(
    configuration: Configuration, accounts: Iterable[Account], wanted: Collection[str], now: datetime
) -> list[Values]:
    """The events about tiers of members who were settled without books, and have all that they hold at hand."""
    rows, members = Rows(configuration, now), Members(configuration)
    for account in accounts:
        rows.add_turns(account, members.of(account), wanted, {})
    return rows.take()


class _Telling:
    """One batch, whose journals were `told`."""

    def __init__(self, books: "Books", told: Mapping[int, Told]) -> None:
        self.books, self.told, self.rows = books, told, Rows(books.configuration, books.now)
        self.members = Members(books.configuration)
        self.codes = {key: currency.code.encode() for key, currency in books.currencies.items()}
        self._returned: dict[int, list[LotState]] | None = None
        self._copied: dict[int, LotState] | None = None
        self._instants: dict[datetime | None, bytes] = {None: b"null"}

    def tell(self, entries: list[_Entry]) -> list[Values]:
        """The rows of all events."""
        wanted = self.books.heard
        if not wanted <= members_told.TURNS:
            self._tell_moves(entries)
        if _MILESTONE in wanted and any(one.milestones for one in self.books.currencies.values()):
            self._tell_milestones(entries)
        if not wanted.isdisjoint(members_told.TURNS):
            for account in self.books.accounts.values():
                if account.turns:
                    self.rows.add_turns(account, self.members.of(account), wanted, self.told)
        return self.rows.take()

    # Points.

    def _tell_moves(self, entries: list[_Entry]) -> None:
        """One event for what a journal did to a balance, of what is told under one name; most are one entry."""
        wanted, told = self.books.heard, self.told
        found: dict[tuple[str, int, int, int], list[_Entry]] = {}
        for entry in entries:
            _, journal, member, currency, kind, _, _, pending, *_ = entry
            name = _NAMES.get(kind, "")
            if pending and name == _EARNED:
                name = _PENDING
            elif kind in _BY_HAND and told[journal].kind == _ADJUSTMENT:
                name = _BY_HAND[kind]
            if name in wanted:
                found.setdefault((name, journal, member, currency), []).append(entry)
        accounts, lots, member_of = self.books.accounts, self.books.lots, self.members.of
        for (name, journal, member, currency), own in found.items():
            key, _, _, _, _, points, free, _, _, owed, balance, at, _, number, _ = own[0]
            before, is_one = balance - free + owed, len(own) == 1
            if not is_one:
                move = _Move(before, own)
                points, balance, at, number = move.points, move.balance, move.at, move.sequence
            lot = lots.get((member, currency), _NO_LOTS).get(key) if name == _EARNED and is_one else None
            ends = (b"null", self._text(lot.expires_at)) if lot else self._instants_of(name, _Move(before, own))
            because, code = told[journal], self.codes[currency]
            said = member_of(accounts[member]), because.transaction or because.at(at), code, points, *ends
            data = _MOVED % (*said, code, before, balance)
            self.rows.add((member, number, POINTS), name, because.partner_id, at, data)

    def _member(self, move: _Move) -> bytes:
        return self.members.of(self.books.accounts[move.member_id])

    def _instants_of(self, name: str, move: _Move) -> tuple[bytes, bytes]:
        """From when on points can be spent that came by a move, where they wait, and when the first of them end."""
        if move.points <= 0:
            return b"null", b"null"
        lots = self._lots(name, move)
        ends = min([lot.expires_at for lot in lots if lot.expires_at], default=None)
        if name != _PENDING:
            return b"null", self._text(ends)
        return self._text(min([lot.available_at for lot in lots if lot.available_at], default=None)), self._text(ends)

    def _text(self, at: datetime | None) -> bytes:
        """An instant of a lot, which many have in common."""
        found = self._instants.get(at)
        if found is None:
            found = self._instants[at] = as_json(at)
        return found

    def _lots(self, name: str, move: _Move) -> list[LotState]:
        """Where the points of a move are now."""
        lots, found = self.books.lots.get((move.member_id, move.currency_id), {}), list[LotState]()
        for key, *_ in move.entries:
            own = lots.get(key)
            if own is None and self.books.copied_lots:
                own = self._copy(key)
            if own:
                found.append(own)
            elif name == _REVERSED:
                found += self._given_back(key)
        if name == _RELEASED:
            found += [lot for lot in lots.values() if lot.is_changed and lot.available_at == move.at]
        return found

    def _copy(self, entry: int) -> LotState | None:
        """The lot of a credit that was copied."""
        if self._copied is None:
            self._copied = {lot.id: lot for lot in map(LotState.read, self.books.copied_lots)}
        return self._copied.get(entry)

    def _given_back(self, entry: int) -> list[LotState]:
        """The lots to which an entry gave points back."""
        if self._returned is None:
            self._returned = {}
            known = {lot.id: lot for lots in self.books.lots.values() for lot in lots.values()}
            for of, lot, points in cast("list[tuple[int, int, int]]", self.books.traces):
                if points < 0 and lot in known:
                    self._returned.setdefault(of, []).append(known[lot])
        return self._returned.get(entry, [])

    # Milestones.

    def _tell_milestones(self, entries: list[_Entry]) -> None:
        """What one journal did to one balance altogether may reach one, or several at once."""
        found: dict[tuple[int, int, int], _Move] = {}
        for entry in entries:
            _, journal, member, currency, kind, _, free, _, _, owed, after, *_ = entry
            own, before = (journal, member, currency), after - free + owed
            move = found.get(own)
            if kind not in _NAMES:
                # What is only set aside, given back by that, or brought along is no step towards it.
                if move:
                    move.before += after - before
            elif move:
                move.entries.append(entry)
            else:
                found[own] = _Move(before, [entry])
        for move in found.values():
            self._tell_milestone(move, self.books.currencies[move.currency_id].milestones)

    def _tell_milestone(self, move: _Move, milestones: Sequence[int]) -> None:
        """Of several that are reached at once the highest (C25-R3); none on the way down."""
        place = bisect_right(milestones, move.balance)
        reached = milestones[place - 1] if place else 0
        if reached > max(move.before, 0):
            told, code = self.told[move.journal_id], self.codes[move.currency_id]
            balance = code, move.before, move.balance
            data = _REACHED % (self._member(move), told.at(move.at), *balance, code, reached)
            self.rows.add((move.member_id, move.sequence, MILESTONES), _MILESTONE, told.partner_id, move.at, data)
