"""What do the locked members of a batch hold, and which rows does the batch write?

One unit of work: `open` locks and reads, the verbs move points in memory, `close` writes each table
once. The number of statements does not depend on the size of the batch.
"""

from collections import Counter

from members import holdings, tiers
from transactions.books import chain
from transactions.books.counters import Counters
from transactions.books.lots import LOT, LOT_MOVES, LOT_STATE, ORDERS, LotState
from transactions.books.relations import Ties
from transactions.models import Entry, Journal, JournalLine, Lot, Redating, Trace
from transactions.models.journals import decision
from transactions.models.transitions import check

JOURNAL = (
    "id program_id connection_id kind activity external_id member_id status activity_at received_at processed_at "
    "amount money base_amount rate rate_on reversed_amount order_ref channel store_id code attributes "
    "reverses_id reason due_at error user_id fingerprint program_version payload trace answer"
)
#: What a journal has in the columns that its verb does not speak of.
USUAL = {
    "activity": "",
    "member_id": None,
    "status": Journal.Status.PROCESSED.value,
    "amount": 0,
    "money": "",
    "base_amount": 0,
    "rate": None,
    "rate_on": None,
    "reversed_amount": 0,
    "order_ref": "",
    "channel": "",
    "store_id": None,
    "code": "",
    "attributes": {},
    "reverses_id": None,
    "reason": "",
    "due_at": None,
    "error": "",
    "user_id": None,
    "payload": {},
    "trace": {},
    "answer": {},
}
#: What a decided journal, which was open before, gets anew (models/immutability.py allows no more).
DECIDED = (
    "member_id status processed_at program_version error trace answer reverses_id base_amount rate rate_on store_id "
    "decided_by_id decided_by_member_id decided_at"
)
#: What the end of a reservation changes; what was reported, and what was answered to it, stays.
ENDED = "status processed_at error decided_by_id decided_at"
LINE = "journal_id position product_id sku category quantity amount tax"
ENTRY = (
    "id journal_id member_id currency_id kind points available pending reserved arrears balance_after activity_at "
    "posted_at sequence chain"
)


class Books:
    """The unit of work of one batch in one program."""

    def __init__(self, session, configuration, *, now):
        self.session = session
        self.configuration = configuration
        self.now = now
        self.accounts = {}
        self.lots = {}
        self.rows = {model: [] for model in (Journal, JournalLine, Entry, Lot, Trace, Redating)}
        self.decided, self.ended = [], []
        self.changed = {}
        self.lost = Counter()
        self.ties, self.gifts = Ties(), None
        self.counters = Counters(session)
        self.currencies = {currency.id: currency for currency in configuration.currencies.values()}
        self._journal_ids, self._entry_ids = iter(()), iter(())

    def open(self, member_ids, *, journals, entries, with_lots, with_past=False, also=()):
        """Lock the members, read what they hold; returns (the program's version as stored, what `also` gave).

        `journals` and `entries` say how many keys to set aside (and one journal for what time did);
        `with_past` reads the tiers of before too; `also`
        are callables that read more in the same round trip, under the same lock.
        """
        member_ids = sorted(member_ids)
        with self.session.together():
            lock = holdings.Lock(
                self.session,
                self.configuration.id,
                member_ids,
                with_tiers=bool(self.configuration.tier_groups),
                with_past=with_past,
            )
            ids = self.session.take_ids((Journal, journals + 1), (Entry, entries))
            lots = self.read_lots(member_ids) if with_lots else None
            reads = [read() for read in also]
        self.accounts, version = lock.take()
        self._journal_ids, self._entry_ids = map(iter, ids())
        if lots:
            self.take_lots(lots)
        return version, reads

    def read_lots(self, member_ids):
        """Say the statement that reads the lots with something left; `take_lots` takes the answer."""
        return self.session.run(
            f"SELECT {', '.join(LOT.split())} FROM transactions_lot "
            "WHERE remaining > 0 AND member_id {ids} ORDER BY entry_id",
            [member_ids],
        )

    def take_lots(self, cursor):
        for row in cursor.fetchall():
            self.add_lot(LotState.read(row))

    def add_lot(self, lot):
        """Make a lot known, if it is not yet; returns the one that is known."""
        return self.lots.setdefault((lot.member_id, lot.currency_id), {}).setdefault(lot.id, lot)

    def lots_of(self, account, currency):
        """The known lots of one balance."""
        return list(self.lots.get((account.id, currency.id), {}).values())

    def heirs(self, account, currency_id, entry):
        """What `account` has of the points that `entry` gave: its lot, or the ones that took its place."""
        lots = self.lots.get((account.id, currency_id), {}).values()
        return [lot for lot in lots if lot.remaining and entry in (lot.id, lot.origin_id)]

    def usable_lots(self, account, currency, *, at):
        """The lots that a debit at `at` may use, in the currency's consumption order."""
        usable = [lot for lot in self.lots_of(account, currency) if lot.is_usable(at)]
        return sorted(usable, key=ORDERS[currency.consumption])

    def next_journal(self):
        """The key of a journal whose entries may be written before `journal` itself."""
        return next(self._journal_ids)

    def journal(self, key, **columns):
        """Write the journal `key`; `columns` are all that the unit of work does not know by itself."""
        usual = {"program_id": self.configuration.id, "program_version": self.configuration.version}
        usual |= {"received_at": self.now, "processed_at": self.now}
        columns = USUAL | usual | columns | {"id": key}
        self.rows[Journal].append(tuple(columns[name] for name in JOURNAL.split()))

    def decide(self, key, *, was, **columns):
        """Write the outcome of a journal that was stored open before: `was` pending, failed or held."""
        usual = {"processed_at": self.now, "program_version": self.configuration.version}
        columns = USUAL | decision(now=self.now) | usual | columns
        check(was, columns["status"])
        self.decided.append((key, *(columns[name] for name in DECIDED.split())))

    def end(self, key, *, status, error="", user_id=None):
        """Write how an open reservation ended, and which user said so: `status` is processed or rejected."""
        check(Journal.Status.PENDING.value, status)
        self.ended.append((key, status, self.now, error, user_id, self.now if user_id else None))

    def take_back(self, original, amount, *, is_all):
        """Note that so much (more) of the journal of an Original is taken back, and whether that is all of it."""
        status = Journal.Status.REVERSED if is_all else Journal.Status.PARTIALLY_REVERSED
        check(original.status, status)
        original.status, original.reversed_amount = status.value, original.reversed_amount + amount
        before, _ = self.changed.get(original.id, (0, None))
        self.changed[original.id] = before + amount, status.value

    def lost_of(self, original, entry, *holders):
        """Points of a credit that time took from these accounts; it may have been booked just now."""
        return original.lost.get(entry, 0) + sum(self.lost[account.id, entry] for account in holders)

    def entry(self, account, currency, kind, points, *, journal_id, activity_at, **moves):
        """Write one line of the ledger behind the member's last, and move the balance by `moves`.

        `moves` are columns of the balance: available, pending, reserved, arrears and lifetime sums.
        """
        key = next(self._entry_ids, None)
        if key is None:
            self._entry_ids = iter(self.session.take_ids((Entry, 100))()[0])
            key = next(self._entry_ids)
        holding = account.holding(currency.id)
        holding.move(**moves)
        account.sequence += 1
        account.is_touched = True
        values = {
            "journal_id": journal_id,
            "member_id": account.id,
            "currency_id": currency.id,
            "kind": kind.value,
            "points": points,
            "available": moves.get("available", 0),
            "pending": moves.get("pending", 0),
            "reserved": moves.get("reserved", 0),
            "arrears": moves.get("arrears", 0),
            "balance_after": holding.balance,
            "activity_at": activity_at,
            "posted_at": self.now,
            "sequence": account.sequence,
        }
        account.chain = values["chain"] = chain.link(account.chain, values)
        self.rows[Entry].append((key, *(values[name] for name in ENTRY.split()[1:])))
        return key

    def use(self, entry_id, lot, points):
        """Tie an entry to a lot: it took `points` from it, or gave them back when negative."""
        lot.use(points)
        self.rows[Trace].append((entry_id, lot.id, points))

    def redate(self, lot, expires_at, reason):
        """Give a lot another end, and write down which one it had."""
        if expires_at != lot.expires_at:
            self.rows[Redating].append((lot.id, self.now, lot.expires_at, expires_at, reason))
            lot.put(expires_at=expires_at)

    @property
    def is_changed(self):
        return bool(self.rows[Journal] or self.rows[Entry] or self.decided or self.ended)

    def close(self):
        """Write everything, each table once."""
        known = [lot for lots in self.lots.values() for lot in lots.values()]
        accounts = self.accounts.values()
        session = self.session
        with session.together():
            session.insert(Journal, JOURNAL, self.rows[Journal])
            session.change(Journal, put=DECIDED, rows=self.decided)
            session.change(Journal, put=ENDED, rows=self.ended)
            reversed_amount = [(key, *to) for key, to in self.changed.items()]
            session.change(Journal, add="reversed_amount", put="status", rows=reversed_amount)
            session.insert(JournalLine, LINE, self.rows[JournalLine])
            session.insert(Entry, ENTRY, self.rows[Entry])
            session.insert(Lot, LOT, [lot.row() for lot in known if lot.is_new])
            session.change(Lot, add=LOT_MOVES, rows=[(lot.id, lot.moved) for lot in known if lot.moved])
            session.change(
                Lot, put=LOT_STATE, rows=[lot.state() for lot in known if lot.is_changed and not lot.is_new]
            )
            session.insert(Trace, "entry_id lot_id points", self.rows[Trace])
            self.ties.save(session)
            session.insert(Redating, "lot_id at expires_before expires_after reason", self.rows[Redating])
            tiers.save(session, accounts, now=self.now)
            holdings.save(session, accounts)
            check_counters = self.counters.save(session)
        check_counters()
