"""What do the locked members of a batch hold, and which rows does the batch write?

One unit of work: `lock` reads, the verbs move points in memory, `close` writes each table once. The number of
statements does not depend on the size of the batch. Only this room knows how rows look.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Unpack

from loyalty_site.lib.arrays import Values
from loyalty_site.lib.sql import Rows, Session
from members import holdings, ladder_rows
from members.holdings import Account
from partners.activity import Line
from partners.models import Connection, Partner
from programs import periods
from programs.configuration import Configuration, Currency
from transactions.books import chain, columns, telling
from transactions.books.balances import BalanceInHand, Cause, Moved
from transactions.books.columns import JournalColumns, JournalRow, decided_row, journal_row
from transactions.books.counters import Counters
from transactions.books.earlier import Earlier
from transactions.books.held_told import Held
from transactions.books.journals_told import Known
from transactions.books.lots import LIVE_LOTS, LOT, LOT_MOVES, LOT_STATE, LotState, row_of, state_of
from transactions.books.originals import Original
from transactions.books.promoted import Promoted
from transactions.books.relations import Relations
from transactions.books.transfer_history import TransferHistory
from transactions.models import Entry, Journal, JournalLine, Lot, Redating, Trace
from transactions.models.transitions import check


class Books:
    """The unit of work of one batch in one program, at the instant `now`.

    `accounts` are the locked members by key, `lots` their lots by (member, currency) and key. `gone` counts the
    points of a lot, by (member, key of the lot in which they were earned), that time took in this batch;
    `cancelled`, by that key, those of them whose event never came. `heard` are the events that somebody listens to,
    `known` what is at hand to tell of journals, `held` the purchases that wait for staff, `earlier` what members did.
    """

    def __init__(self, session: Session, configuration: Configuration, *, now: datetime) -> None:
        self.session, self.configuration, self.now = session, configuration, now
        self.currencies = {currency.id: currency for currency in configuration.currencies.values()}
        self.accounts: dict[int, Account] = {}
        self.lots: dict[tuple[int, int], dict[int, LotState]] = {}
        self.relations, self.counters = Relations(), Counters(session)
        self.promoted = Promoted(session, configuration, {})
        self.transfers: TransferHistory | None = None
        self.earlier: Earlier | None = None
        self.gone, self.cancelled = Counter[tuple[int, int]](), Counter[int]()
        self.heard: frozenset[str] = frozenset()
        self.known, self.held = Known(), list[Held]()
        self._balances: dict[tuple[int, int], BalanceInHand] = {}
        self._now_text = chain.text(now)
        self._usual: JournalRow = columns.USUAL | {
            "program_id": configuration.id,
            "program_version": configuration.version,
            "received_at": now,
            "processed_at": now,
        }
        self._journal_ids: Iterator[int] = iter(())
        self._entry_ids: Iterator[int] = iter(())
        self._journals, self._decided, self._ended = list[Values](), list[Values](), list[Values]()
        self._reversed: dict[int, tuple[int, str]] = {}
        self._lines, self._entries = list[Values](), list[Values]()
        self.copied_lots: list[Values] = []
        self.traces: list[Values] = []
        self._redatings: list[Values] = []

    # What is read.

    def open(self, member_ids: Iterable[int], *, journals: int, entries: int, with_lots: bool) -> int | None:
        """Lock the members and read what they hold, in one round trip; returns the program's version as stored."""
        with self.session.together():
            take = self.lock(member_ids, journals=journals, entries=entries, with_lots=with_lots)
        return take()

    def lock(
        self, member_ids: Iterable[int], *, journals: int, entries: int, with_lots: bool, with_past: bool = False
    ) -> Callable[[], int | None]:
        """Send the statements of `open`; returns what takes the answers, so that more travels along.

        `journals` and `entries` say how many keys to set aside (and one journal for what time did);
        `with_past` reads the tiers of before, too.
        """
        ids = sorted(member_ids)
        lock = holdings.Lock(
            self.session,
            self.configuration.id,
            ids,
            with_tiers=bool(self.configuration.tier_groups),
            with_past=with_past,
        )
        keys = self.session.take_ids((Journal, journals + 1), (Entry, entries))
        lots = self.read_lots(ids) if with_lots else None

        def take() -> int | None:
            self.accounts, version = lock.take()
            self.heard = telling.heard(lock.listens_to)
            journal_ids, entry_ids = keys()
            self._journal_ids, self._entry_ids = iter(journal_ids), iter(entry_ids)
            if lots:
                self.take_lots(lots)
            return version

        return take

    def read_lots(self, member_ids: list[int]) -> Rows:
        """Send the statement that reads the lots with something left; `take_lots` takes the answer."""
        return self.session.run(LIVE_LOTS, [member_ids])

    def take_lots(self, rows: Rows) -> None:
        for row in rows.fetchall():
            self.add_lot(LotState.read(row))

    def add_lot(self, lot: LotState) -> LotState:
        """Make a lot known, if it is not yet; returns the one that is known."""
        return self.lots.setdefault((lot.member_id, lot.currency_id), {}).setdefault(lot.id, lot)

    # What is in hand.

    def balance(self, account: Account, currency: Currency) -> BalanceInHand:
        """The balance of a locked member, to move points on; a new one where the member has none yet."""
        key = account.id, currency.id
        found = self._balances.get(key)
        if found is None:
            found = self._balances[key] = BalanceInHand(self, account, currency)
        return found

    def gone_of(self, original: Original, entry: int, *holders: Account) -> int:
        """Points of a credit that time took from these accounts; it may have been booked just now."""
        before = original.expired_or_cancelled.get(entry, 0)
        return before + sum(self.gone[account.id, entry] for account in holders)

    @property
    def today(self) -> date:
        """The date on the clocks of the program."""
        return periods.local_date(self.now, self.configuration.zone)

    # What is written.

    def next_journal(self) -> int:
        """The key of a journal whose entries may be written before `journal` itself."""
        return next(self._journal_ids)

    def journal(self, key: int, **said: Unpack[JournalColumns]) -> None:
        """Write the journal `key`; `said` are all columns that the unit of work does not know by itself."""
        self._journals.append(journal_row({**self._usual, "id": key, **said}))

    def own_journal(self, key: int, name: str, **said: Unpack[JournalColumns]) -> None:
        """Write a journal of what the back office does by itself, under the fact's `name`."""
        connection = self.own_connection(Connection.Platform.BACK_OFFICE)
        own: JournalColumns = {"connection_id": connection.pk, "external_id": name, "activity_at": self.now}
        self.journal(key, **({"fingerprint": name} | own | said))

    def own_connection(self, platform: Connection.Platform) -> Connection:
        """The connection of the program's owner under which we write by ourselves."""
        return Connection.of(Partner.objects.get(code=self.configuration.owner), platform)

    def journal_of_day(self, connection: Connection) -> Callable[[], int]:
        """Send what makes the one journal of a program and day that says what time did; returns what takes its key.

        Whoever comes first makes it. `connection` is the one of the timetable.
        """
        program, day = self.configuration, self.today.isoformat()
        self.session.run(
            columns.OPEN_DAY,
            [self.next_journal(), program.id, connection.pk, day, self.now, self.now, self.now, program.version],
        )
        rows = self.session.run(columns.READ_DAY, [program.id, connection.pk, day])

        def take() -> int:
            key = int(rows.fetchall()[0][0])
            self.known.note_day(key, day, connection)
            return key

        return take

    def decide(self, key: int, *, was: str, **said: Unpack[JournalColumns]) -> None:
        """Write the outcome of a journal that was stored open before: `was` pending, failed or held."""
        own: JournalRow = {"id": key, "processed_at": self.now, "program_version": self.configuration.version}
        check(was, said.get("status", Journal.Status.PROCESSED.value))
        self._decided.append(decided_row({**columns.USUAL, **own, **said}))

    def end_reservation(self, key: int, *, status: str, error: str = "", user_id: int | None = None) -> None:
        """Write how an open reservation ended, and which user said so: `status` is processed or rejected."""
        check(Journal.Status.PENDING.value, status)
        self._ended.append((key, status, self.now, error, user_id, self.now if user_id else None))

    def reverse(self, original: Original, amount: int, *, is_all: bool) -> None:
        """Note that so much (more) of a journal is taken back, and whether that is all of it."""
        status = (Journal.Status.REVERSED if is_all else Journal.Status.PARTIALLY_REVERSED).value
        check(original.status, status)
        original.status, original.reversed_amount = status, original.reversed_amount + amount
        before, _ = self._reversed.get(original.id, (0, ""))
        self._reversed[original.id] = before + amount, status

    def line(self, journal_id: int, position: int, line: Line, *, product_id: int | None, category: str) -> None:
        """Write one line of a purchase as it was reported, with what the catalogue knows of it."""
        known = line.sku, line.category or category
        numbers = line.quantity, line.amount, line.tax, line.thousandths, line.discount
        self._lines.append((journal_id, position, product_id, *known, *numbers))

    def add_entry(self, hand: BalanceInHand, kind: str, points: int, moved: Moved, cause: Cause) -> int:
        """Write one line of the ledger behind the last one of its member; returns its key."""
        return self.add_line(hand.account, (hand.currency.id, kind, points, *moved), hand.holding.balance, cause)

    def add_line(self, account: Account, said: tuple[int | str, ...], balance: int, cause: Cause) -> int:
        """The same for the columns from `currency_id` to `arrears`, and the balance after it."""
        key = next(self._entry_ids, None)
        if key is None:
            self._entry_ids = iter(self.session.take_ids((Entry, 100))()[0])
            key = next(self._entry_ids)
        account.sequence += 1
        account.is_touched = True
        fields = account.id, account.sequence, cause.journal_id, *said, balance
        account.chain = chain.value(account.chain, fields, cause.text, self._now_text)
        place = cause.at, self.now, account.sequence, account.chain
        self._entries.append((key, cause.journal_id, account.id, *said, balance, *place))
        return key

    def use(self, entry: int, lot: LotState, points: int) -> None:
        """Write down which lot an entry used: it took `points` from it, or gave them back when negative."""
        lot.use(points)
        self.traces.append((entry, lot.id, points))

    def note_gone(self, account: Account, lot: LotState, points: int, *, is_cancelled: bool) -> None:
        """Remember that time took `points` of a lot from `account`: they expired, or were cancelled."""
        self.gone[account.id, lot.root] += points
        if is_cancelled:
            self.cancelled[lot.root] += points

    def redate(self, lot: LotState, expires_at: datetime | None, reason: str) -> None:
        """Give a lot another end, and write down which one it had."""
        if expires_at != lot.expires_at:
            self._redatings.append((lot.id, self.now, lot.expires_at, expires_at, reason))
            lot.end_at(expires_at)

    @property
    def redated(self) -> int:
        """How many lots got another end."""
        return len(self._redatings)

    @property
    def written(self) -> tuple[int, int, int]:
        """How many journals, entries and other rows were said so far, but for lots and what accounts hold."""
        others = (self._decided, self._ended, self._reversed, self._lines, self.traces, self._redatings)
        return len(self._journals), len(self._entries), sum(map(len, others))

    def since(self, journals: int, entries: int) -> tuple[list[Values], list[Values]]:
        """The journals and entries that were said behind so many."""
        return self._journals[journals:], self._entries[entries:]

    def copy(self, journal: Values, lots: Iterable[Values]) -> None:
        """Write rows of the columns JOURNAL and LOT; nothing else of these books asks for the lots."""
        self._journals.append(journal)
        self.copied_lots += lots

    @property
    def is_changed(self) -> bool:
        return bool(self._journals or self._entries or self._decided or self._ended)

    def close(self) -> None:
        """Write everything, each table once.

        First what the server works on longest: meanwhile the texts of the others are made.
        """
        known = [lot for lots in self.lots.values() for lot in lots.values()]
        accounts, session = self.accounts.values(), self.session
        write_events = telling.prepare(self)
        with session.together():
            holdings.save(session, accounts)
            ladder_rows.save_standings(session, self.configuration, accounts, self.now)
            self.relations.save(session)
            check_counters = self.counters.save(session)
            check_codes = self.promoted.save(session)
            session.insert(Entry, columns.ENTRY, self._entries)
            session.insert(Lot, LOT, [*(row_of(lot) for lot in known if lot.is_new), *self.copied_lots])
            session.change(Lot, add=LOT_MOVES, rows=[(lot.id, lot.moved) for lot in known if lot.moved])
            session.change(
                Lot, put=LOT_STATE, rows=[state_of(lot) for lot in known if lot.is_changed and not lot.is_new]
            )
            session.insert(Trace, columns.TRACE, self.traces)
            session.insert(Redating, columns.REDATING, self._redatings)
            session.insert(Journal, columns.JOURNAL, self._journals)
            session.change(Journal, put=columns.DECIDED, rows=self._decided)
            session.change(Journal, put=columns.ENDED, rows=self._ended)
            amounts = [(key, *to) for key, to in self._reversed.items()]
            session.change(Journal, add="reversed_amount", put="status", rows=amounts)
            session.insert(JournalLine, columns.LINE, self._lines)
            if write_events:
                write_events()
        check_counters()
        check_codes()
        # They know these books: without this, nobody but the collector would free what a batch has read.
        self._balances.clear()
