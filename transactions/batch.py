"""How is one batch posted? One attempt at it, in the fixed order of semantics C5.

`find` looks up what the items name, `lock` locks and reads, `run` posts: one transaction and a fixed number of
statements, whatever the size of the batch. Each step hands a frozen result to the next.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from loyalty_site.lib import locks
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from members.models import Member
from partners.activity import Activity
from partners.callers import Via
from programs.configuration import Configuration
from transactions import finding, verbs
from transactions.asking import Asking
from transactions.books import cancellations, idempotency, settlement
from transactions.books.counters import Counters
from transactions.books.idempotency import Known, Name
from transactions.books.items import Item, Result
from transactions.books.originals import Original, Originals
from transactions.books.posting import CLOCK_SKEW, Context, Posting
from transactions.books.relations import Relations
from transactions.books.transfer_history import TransferHistory
from transactions.books.unit_of_work import Books
from transactions.finding import Found, Position
from transactions.models import Journal
from transactions.verbs import caps, promotions, transfer_limits


class ConfigurationChanged(Exception):
    """The program was changed since this process compiled it."""


class Moved(ConfigurationChanged):
    """Somebody was merged into another member, joined a group, or paid for an order meanwhile."""


class DuplicateInBatch(Refused):
    """An earlier item of the batch has the same name."""

    code = "duplicate_in_batch"


@dataclass(frozen=True, slots=True)
class Opened:
    """What was read under the lock: the books with all that is in hand, and the journals that items are about.

    `is_due`: time had done something that is booked along.
    """

    found: Found
    context: Context
    originals: dict[int, Original]
    is_due: bool

    @property
    def books(self) -> Books:
        return self.context.books


class Outcome(NamedTuple):
    """The Result of each item; and the refunds (keys of journals) whose order has come in this very batch, with the
    place of the refund in it, None for one that was stored before."""

    results: list[Result]
    matched: dict[int, Position | None]


class Batch:
    """One attempt at posting a list of items."""

    def __init__(
        self,
        items: Sequence[Item],
        configuration: Configuration,
        *,
        via: Via,
        user_id: int | None,
        now: datetime,
        resumed: Mapping[Position, Journal],
        patience_ms: int | None,
    ) -> None:
        """`resumed` are the open journals whose outcome items are; see `ledger.record` for the others."""
        self.items, self.configuration, self.via, self.now = items, configuration, via, now
        self.user_id, self.resumed, self.patience_ms = user_id, resumed, patience_ms
        self.books = self.open_books()
        self.session = self.books.session
        self._times = [item.activity_at or now for item in items]

    def open_books(self) -> Books:
        """The books that this attempt works on."""
        return Books(Session(), self.configuration, now=self.now)

    def post(self, *, dry_run: bool) -> Outcome:
        """Find, lock, run, write. Raises ConfigurationChanged, and IntegrityError where another batch was quicker."""
        found = self.find()
        if not found.parties:
            return Outcome(self._in_order(found.results), {})
        with transaction.atomic():
            with locks.long_waits.place() as patience_ms:
                opened = self.lock(found, patience_ms if self.patience_ms is None else self.patience_ms)
            results = self._in_order(found.results | self.run(opened))
            if dry_run:
                # Not even the journal that what time did is written under.
                transaction.set_rollback(True)
            elif opened.is_due or opened.books.is_changed:
                opened.books.close()
            elif opened.books.counters:
                # Counters that were only made to be locked.
                transaction.set_rollback(True)
        return Outcome(results, _matched(found, opened.context.known, results))

    def _in_order(self, results: Mapping[Position, Result]) -> list[Result]:
        return [results[n] for n in range(len(self.items))]

    def _is_late(self, positions: Iterable[Position]) -> bool:
        """Whether one of these items happened a while ago."""
        return min([self._times[n] for n in positions]) < self.now - CLOCK_SKEW

    def find(self) -> Found:
        """Step one, outside the transaction."""
        return finding.find(self.session, self.configuration, self.via, self.items, now=self.now)

    def lock(self, found: Found, patience_ms: int | None) -> Opened:
        """Step two: lock the members and read what the items need; book what time did, then lock counters of caps.

        `patience_ms` is how long to wait for one lock, None for as long as the database lets us. Raises
        ConfigurationChanged where what was looked up before the lock is not true any more.
        """
        books = self.books
        books.known.note_connection(self.via)
        needs, everybody = [found.needs[n] for n in found.parties], found.everybody
        takes = any(one.lots for one in needs)
        with self.session.together():
            if patience_ms is not None:
                locks.limit_waits(self.session, patience_ms)
            version = books.lock(
                everybody,
                journals=len(needs) * (2 if takes else 1),
                entries=len(needs) * max(1, len(self.configuration.currencies)) * (2 if takes else 1),
                with_lots=takes,
                with_past=any(one.past for one in needs) or self._is_late(found.parties),
            )
            known = self._read_known(found)
            originals = self._read_originals(found)
            relations = self._read_relations(found, everybody)
            transfers = self._read_transfers(found, everybody)
            asking = Asking(self.session, self.configuration, found, self.items, self._times)
        self._check_version(version())
        asking.take(books)
        books.relations = relations() if relations else books.relations
        books.transfers = transfers.take() if transfers else None
        journals = originals.take() if originals else {}
        asking.take_progress_of(journals.values(), books)
        _check_still_there(books, journals.values())
        context = Context(
            books, found.catalogue, self.via, self.user_id, found.rates, known(), lists_of=found.lists_of
        )
        is_due = settlement.settle_lots(books)
        books.counters = self._lock_counters(found, books, journals.values())
        taken_back = journals.values() if any([one.returns for one in needs]) else ()
        books.promoted = promotions.lock(books, found.codes, taken_back)
        return Opened(found, context, journals, is_due)

    def _read_known(self, found: Found) -> Callable[[], Known]:
        names = [found.names[n] for n in found.parties if n in found.names]
        names += [name for n in found.parties for name in found.names_too[n]]
        orders = [order for n in found.parties if (order := found.needs[n].order)]
        return idempotency.read(self.session, self.configuration, self.via.pk, names, orders)

    def _read_originals(self, found: Found) -> Originals | None:
        about = [found.references[n] for n in found.parties if n in found.references]
        if not about:
            return None
        orders = [order for one in about for order in (one.external_id, one.order_ref)]
        return Originals(self.session, self.configuration.id, ids=[one.journal_id for one in about], orders=orders)

    def _read_relations(self, found: Found, everybody: Collection[int]) -> Callable[[], Relations] | None:
        """Only where members have groups, or are groups: postings of the others pay nothing for them."""
        if not found.shared and not found.collective.intersection(everybody):
            return None
        return Relations.read(self.session, everybody, found.collective)

    def _read_transfers(self, found: Found, everybody: Collection[int]) -> TransferHistory | None:
        if not any(found.needs[n].transfers for n in found.parties):
            return None
        return transfer_limits.read(self.session, self.configuration, everybody, now=self.now)

    def _check_version(self, stored: int | None) -> None:
        if stored is not None and stored != self.configuration.version:
            raise ConfigurationChanged

    def _lock_counters(self, found: Found, books: Books, originals: Iterable[Original]) -> Counters:
        """All counters that may move, in one order."""
        givers = [
            caps.Giver(item, who.owner)
            for n, who in found.parties.items()
            if isinstance(item := self.items[n], Activity) and who.owner
        ]
        takes_back = any(found.needs[n].returns for n in found.parties)
        returned = cancellations.returned_to_caps(books)
        originals = originals if takes_back else ()
        return caps.lock(books, givers, originals, catalogue=found.catalogue, returned=returned)

    def run(self, opened: Opened) -> dict[Position, Result]:
        """Step three: post the items in the order of their dates, then of their places.

        One bad item never spoils the others.
        """
        results: dict[Position, Result] = {}
        posted: set[Name] = set()
        for position in sorted(opened.found.parties, key=lambda n: (self._times[n], n)):
            try:
                results[position] = self.post_one(opened, position, posted)
            except Refused as refused:
                results[position] = Result.of(refused)
        return results

    def post_one(self, opened: Opened, position: Position, posted: set[Name]) -> Result:
        """Post one of the items; `posted` are the names of those before it. Raises Refused."""
        item, found, accounts = self.items[position], opened.found, opened.books.accounts
        name, (owner, second) = found.names.get(position), found.parties[position]
        reference = found.references.get(position)
        posting = Posting(
            context=opened.context,
            item=item,
            fingerprint=found.fingerprints[position],
            owner=accounts.get(owner) if owner else None,
            second=accounts.get(second) if second else None,
            original=opened.originals.get(reference.journal_id) if reference else None,
            resumed=self.resumed.get(position),
        )
        posting.check_not_ahead()
        too = found.names_too[position]
        if name in posted or not posted.isdisjoint(too):
            detail = "Another item of this batch has the same external_id; send each fact once."
            raise DuplicateInBatch(detail, field="external_id")
        replayed = opened.context.known.replay(name, posting.fingerprint) if name and not posting.resumed else None
        if not replayed:
            opened.context.known.check_free(too)
        result = replayed or verbs.of(item).post(posting)
        if opened.books.earlier and isinstance(item, Activity) and owner and result.status == "posted":
            opened.books.earlier.add(owner, item.kind, result.journal_id or 0, posting.activity_at)
        posted.update([name] if name else [], too)
        return result


def _check_still_there(books: Books, originals: Iterable[Original]) -> None:
    """Between look-up and lock somebody may have been merged, have joined a group, or have paid for an order.

    Raises Moved.
    """
    groups = {one.group_id for member in books.accounts for one in books.relations.live(member)}
    payers = {redemption.member_id for order in originals for redemption in order.redemptions}
    is_merged = any(account.status == Member.Status.MERGED for account in books.accounts.values())
    if is_merged or (groups | payers) - set(books.accounts):
        raise Moved


def _matched(found: Found, known: Known, results: Sequence[Result]) -> dict[int, Position | None]:
    """A refund that came in the same batch as its order waits for it no longer than the others."""
    orders = {one.order for one in found.needs.values() if one.order}
    matched = dict(known.waiting)
    for position, needs in found.needs.items():
        result = results[position]
        if needs.may_come_later and needs.named.order in orders and result.status == "kept" and result.journal_id:
            matched[result.journal_id] = position
    return matched
