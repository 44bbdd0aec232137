"""What do the locked members of a batch hold, and which rows does the batch write?

One unit of work: `open` locks and reads, the verbs of ledger.py credit and debit in memory, `close`
writes each table once. The number of statements does not depend on the size of the batch.
"""

from dataclasses import dataclass
from datetime import datetime

from loyalty_site.lib.sql import instant
from members import holdings, tiers
from transactions import chain
from transactions.models import Entry, Journal, JournalLine, Lot, Trace

JOURNAL = (
    "id program_id connection_id kind activity external_id member_id status activity_at received_at processed_at "
    "amount money channel store_id code attributes reverses_id reason user_id fingerprint program_version "
    "trace answer"
)
#: What a journal without money, store and original has in these columns.
NO_MONEY = {
    "activity": "",
    "amount": 0,
    "money": "",
    "channel": "",
    "store_id": None,
    "code": "",
    "attributes": {},
    "reverses_id": None,
    "reason": "",
}
REVERSED = Journal.Status.REVERSED.value
LINE = "journal_id position product_id sku category quantity amount tax"
ENTRY = "id journal_id member_id currency_id kind points balance_after activity_at posted_at sequence chain"
LOT = "entry_id member_id currency_id points remaining activity_at expires_at is_floored"


@dataclass(slots=True)
class LotState:
    """A lot while its member is locked; `moved` is what its stored `remaining` changes by."""

    id: int
    member_id: int
    currency_id: int
    points: int
    remaining: int
    activity_at: datetime
    expires_at: datetime | None
    is_floored: bool = False
    is_new: bool = False
    moved: int = 0

    def use(self, points):
        self.remaining -= points
        if not self.is_new:
            self.moved -= points

    def row(self):
        """The columns of LOT."""
        head = (self.id, self.member_id, self.currency_id, self.points, self.remaining)
        return (*head, self.activity_at, self.expires_at, self.is_floored)

    def is_usable(self, at):
        return self.remaining > 0 and (self.expires_at is None or self.expires_at > at)


def consumption_order(lot):
    """Soonest expiry first, non-expiring last, ties by activity, then by id (semantics C11-R1)."""
    return lot.expires_at is None, lot.expires_at or lot.activity_at, lot.activity_at, lot.id


class Books:
    """The unit of work of one batch in one program."""

    def __init__(self, session, configuration, *, now):
        self.session = session
        self.configuration = configuration
        self.now = now
        self.accounts = {}
        self.lots = {}
        self.rows = {model: [] for model in (Journal, JournalLine, Entry, Lot, Trace)}
        self.reversed = []

    def open(self, member_ids, *, journals, entries, with_lots, also=()):
        """Lock the members, read what they hold; returns the program's version as the database has it.

        `journals` and `entries` say how many keys to set aside; `also` are callables that read more in
        the same round trip, under the same lock.
        """
        member_ids = sorted(member_ids)
        with self.session.together():
            lock = holdings.Lock(
                self.session, self.configuration.id, member_ids, with_tiers=bool(self.configuration.tier_groups)
            )
            ids = self.session.take_ids((Journal, journals), (Entry, entries))
            lots = self._read_lots(member_ids) if with_lots else None
            reads = [read() for read in also]
        self.accounts, version = lock.take()
        self._journal_ids, self._entry_ids = map(iter, ids())
        if lots:
            self._take_lots(lots)
        return version, reads

    def _read_lots(self, member_ids):
        return self.session.run(
            "SELECT entry_id, member_id, currency_id, points, remaining, activity_at, expires_at, is_floored "
            "FROM transactions_lot WHERE remaining > 0 AND member_id {ids}",
            [member_ids],
        )

    def _take_lots(self, cursor):
        for *row, earned_at, expires_at, is_floored in cursor.fetchall():
            self.add_lot(LotState(*row, instant(earned_at), instant(expires_at), is_floored))

    def add_lot(self, lot):
        """Make a lot known, if it is not yet; returns the one that is known."""
        return self.lots.setdefault((lot.member_id, lot.currency_id), {}).setdefault(lot.id, lot)

    def next_journal(self):
        """The key of a journal whose entries may be written before `journal` itself."""
        return next(self._journal_ids)

    def journal(self, key, **columns):
        """Write the journal `key`; `columns` are all that the unit of work does not know by itself."""
        columns = NO_MONEY | columns
        columns |= {"id": key, "program_id": self.configuration.id, "program_version": self.configuration.version}
        columns |= {"received_at": self.now, "processed_at": self.now, "status": Journal.Status.PROCESSED.value}
        self.rows[Journal].append(tuple(columns[name] for name in JOURNAL.split()))

    def entry(self, account, currency, kind, points, *, journal_id, activity_at):
        """Write one line of the ledger behind the member's last; the balance has moved already."""
        key = next(self._entry_ids)
        account.sequence += 1
        account.is_touched = True
        values = {
            "journal_id": journal_id,
            "member_id": account.id,
            "currency_id": currency.id,
            "kind": kind.value,
            "points": points,
            "balance_after": account.holding(currency.id).balance,
            "activity_at": activity_at,
            "posted_at": self.now,
            "sequence": account.sequence,
        }
        account.chain = values["chain"] = chain.link(account.chain, values)
        self.rows[Entry].append((key, *(values[name] for name in ENTRY.split()[1:])))
        return key

    def credit(self, account, currency, points, *, journal_id, activity_at, end, kind=Entry.Kind.CREDIT, **moved):
        """Give `points`; a spendable currency gets a lot that ends at `end`. `moved` are lifetime sums."""
        holding = account.holding(currency.id)
        holding.move(available=points, **moved)
        key = self.entry(account, currency, kind, points, journal_id=journal_id, activity_at=activity_at)
        if not currency.is_spendable:
            return key
        lot = LotState(key, account.id, currency.id, points, points, activity_at, end.at, end.is_floored, is_new=True)
        self.add_lot(lot)
        if end.at:
            holding.next_change_at = min(end.at, holding.next_change_at or end.at)
        return key

    def debit(self, account, currency, points, *, lots, journal_id, activity_at, kind=Entry.Kind.DEBIT, **moved):
        """Take `points` from `lots` in their order; returns [(lot, points taken)]. The caller has checked."""
        account.holding(currency.id).move(available=-points, **moved)
        key = self.entry(account, currency, kind, -points, journal_id=journal_id, activity_at=activity_at)
        uses = list(split(points, lots))
        for lot, used in uses:
            self.use(key, lot, used)
        return uses

    def use(self, entry_id, lot, points):
        """Tie an entry to a lot: it took `points` from it, or gave them back when negative."""
        lot.use(points)
        self.rows[Trace].append((entry_id, lot.id, points))

    def usable_lots(self, account, currency, *, at):
        """The lots that a debit at `at` may use, in consumption order."""
        lots = self.lots.get((account.id, currency.id), {}).values()
        return sorted((lot for lot in lots if lot.is_usable(at)), key=consumption_order)

    @property
    def is_changed(self):
        return bool(self.rows[Journal])

    def close(self):
        """Write everything, each table once."""
        known = [lot for lots in self.lots.values() for lot in lots.values()]
        new_lots = [lot.row() for lot in known if lot.is_new]
        accounts = self.accounts.values()
        session = self.session
        with session.together():
            session.insert(Journal, JOURNAL, self.rows[Journal])
            session.change(Journal, put="status", rows=[(key, REVERSED) for key in self.reversed])
            session.insert(JournalLine, LINE, self.rows[JournalLine])
            session.insert(Entry, ENTRY, self.rows[Entry])
            session.insert(Lot, LOT, new_lots)
            session.change(Lot, add="remaining", rows=[(lot.id, lot.moved) for lot in known if lot.moved])
            session.insert(Trace, "entry_id lot_id points", self.rows[Trace])
            tiers.save(session, accounts, now=self.now)
            holdings.save(session, accounts)


def split(points, lots):
    """(lot, points) pairs that together are `points`, from the first lot on."""
    for lot in lots:
        if points <= 0:
            return
        used = min(points, lot.remaining)
        points -= used
        yield lot, used
