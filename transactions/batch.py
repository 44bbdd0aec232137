"""How is one batch posted? One attempt at it, in the fixed order of semantics C5.

Dedupe, members, lock in key order, what time did, rules, entries and lots, balances and tallies, tier
upgrade, commit: one transaction and a fixed number of statements, whatever the size of the batch.
"""

from django.db import transaction

from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.sql import Session
from members.lookup import Lookup
from members.models import Member
from partners.activity import Activity, Adjustment, Decision, EarlyRelease, Redemption, Reversal, Transfer
from partners.catalogue import Catalogue
from transactions.books import cancellations, idempotency, settlement
from transactions.books.limits import check
from transactions.books.originals import Originals, References
from transactions.books.posting import CLOCK_SKEW, Posting, Result, fingerprint
from transactions.books.relations import Ties
from transactions.books.unit_of_work import Books
from transactions.models import Journal
from transactions.verbs import adjustments, caps, redemptions, reversals, transfers
from transactions.verbs.accruals import accrue
from transactions.verbs.baskets import read_rates
from transactions.verbs.transfer_limits import Gifts

_VERBS = {
    Activity: (Journal.Kind.ACCRUAL, accrue),
    Redemption: (Journal.Kind.REDEMPTION, redemptions.redeem),
    Reversal: (Journal.Kind.REVERSAL, reversals.reverse),
    Adjustment: (Journal.Kind.ADJUSTMENT, adjustments.adjust),
    EarlyRelease: (Journal.Kind.ADJUSTMENT, reversals.release_early),
    Transfer: (Journal.Kind.TRANSFER, transfers.transfer),
}

#: What a Decision may do to a reservation; the other deeds are those of transactions/reviews/decisions.py.
_DEEDS = {"confirm": redemptions.confirm, "release": redemptions.release}


class ConfigurationChanged(Exception):
    """The program was changed since this process compiled it."""


class Moved(ConfigurationChanged):
    """Somebody was merged into another member, joined a group, or paid for an order meanwhile."""


class DuplicateInBatch(Refused):
    code = "duplicate_in_batch"


def _second(item):
    """The identifiers of the other member of an item: who is given the points, or who spends a group's."""
    return item.to if isinstance(item, Transfer) else getattr(item, "by", None)


def _as_second(found, item):
    """What was found of the other member; a refusal points to where the item names them."""
    if not isinstance(found, Refusal):
        return found
    field = "to" if isinstance(item, Transfer) else "by"
    return Refusal(found.code, found.detail, field + found.field.removeprefix("member"))


class Batch:
    """One attempt at posting a list of items."""

    def __init__(self, items, configuration, *, via, user, now, resumed):
        self.items, self.configuration, self.via, self.now = items, configuration, via, now
        self.user_id = user.pk if user else None
        self.results = [None] * len(items)
        self.resumed = resumed or {}
        self.waiting = {}
        self.fresh = []
        self.session = Session()

    def post(self, *, dry_run):
        for position, item in enumerate(self.items):
            self._settle(position, check(item))
        members = self._find()
        if members:
            with transaction.atomic():
                books = self._open(members)
                is_due = self._settle_time(books, members)
                self._run(books, members)
                if dry_run:
                    # Not even the journal that what time did is written under.
                    transaction.set_rollback(True)
                elif is_due or books.is_changed:
                    books.close()
                elif books.counters:
                    # Counters that were only made to be locked.
                    transaction.set_rollback(True)
        return self.results

    def _settle(self, position, refusal):
        if refusal:
            self.results[position] = Result("refused", refusal=refusal)

    def _find(self):
        """{position: (member id, id of the other member)} of the items that can be posted."""
        items = [(n, item) for n, item in enumerate(self.items) if self.results[n] is None]
        named = [item.member for _, item in items if hasattr(item, "member")]
        named += [second for _, item in items if (second := _second(item))]
        self.rates = read_rates([item for _, item in items], self.configuration, self.now)
        with self.session.together():
            lookup = Lookup(self.session, self.configuration.id, self.via.pk, named)
            self.catalogue = Catalogue(self.session, [item for _, item in items], partner=self.via.partner.code)
            self.references = self._refer([item for _, item in items])
        self.catalogue.take()
        found = iter(lookup.take())
        members = {n: next(found) for n, item in items if hasattr(item, "member")}
        others = {n: _as_second(next(found), item) for n, item in items if _second(item)}
        self.groups, self.collective = lookup.groups, lookup.collective
        for n, item in items:
            if n not in members:
                members[n] = self._owner(item)
            both = [members[n], *([others[n]] if n in others else [])]
            self._settle(n, next((who for who in both if isinstance(who, Refusal)), None))
        self._repeat_unfound([n for n, item in items if self.results[n] and type(item) in _VERBS])
        return {n: (who, others.get(n)) for n, who in members.items() if self.results[n] is None}

    def _repeat_unfound(self, positions):
        """Who is no longer found by the name that was used is told the same of what was posted under it."""
        rows = self._read_known([self.items[n] for n in positions]).fetchall() if positions else ()
        known = {(kind, name): rest for kind, name, *rest in rows}
        for n in positions:
            item = self.items[n]
            found = known.get((_VERBS[type(item)][0].value, item.external_id))
            if found and found[1] == fingerprint(item):
                self.results[n] = idempotency.told(*found, fingerprint(item))

    def _refer(self, items):
        """The journals that items name, read in the same round trip as their members."""
        if any(getattr(item, name, "") for item in items for name in ("journal_id", "order", "replaces")):
            return References(self.session, self.configuration.id, self.via.pk, items)
        return None

    def _owner(self, item):
        """The member of the journal that a Reversal or a Decision names; None when the order is not here yet."""
        reference = self.references.find(item)
        if reference is not None:
            return reference[1]
        if getattr(item, "order", ""):
            return None
        return Refusal("transaction_unknown", "The program has no such transaction.", field="transaction")

    def _open(self, members):
        items = [self.items[n] for n in members]
        books = Books(self.session, self.configuration, now=self.now)
        spends = any(not isinstance(item, Activity) or item.order or item.replaces for item in items)
        version, (known, originals, ties, gifts) = books.open(
            self._all_of(members, items),
            journals=2 * len(items) if spends else len(items),
            entries=len(items) * max(1, len(self.configuration.currencies)) * (2 if spends else 1),
            with_lots=spends,
            with_past=any(item.activity_at and item.activity_at < self.now - CLOCK_SKEW for item in items),
            also=[lambda: self._read_known(items), lambda: self._read_originals(items), *self._also(members, items)],
        )
        if version is not None and version != self.configuration.version:
            raise ConfigurationChanged
        books.ties, books.gifts = (ties() if ties else books.ties), gifts and gifts.take()
        self.originals = originals.take() if originals else {}
        self._check_still_there(books)
        rows = known.fetchall()
        self.known = {(kind, name): rest for kind, name, *rest in rows if kind not in ("waiting", "event")}
        self.waiting = {row[2]: None for row in rows if row[0] == "waiting"}
        self.events = {tuple(row[1:4]) for row in rows if row[0] == "event"}
        return books

    def _settle_time(self, books, members):
        """Book what time did, then lock the counters; says whether anything was due."""
        is_due = settlement.book(books)
        returned = cancellations.reopened(books) if is_due else {}
        pairs = [(self.items[n], member) for n, (member, _) in members.items()]
        own = {"catalogue": self.catalogue, "via": self.via, "returned": returned}
        books.counters = caps.lock(books, pairs, self.originals.values(), **own)
        return is_due

    def _all_of(self, members, items):
        """The members to lock: those of the items, their groups, who shares in what is taken back, or paid for it."""
        found = {member for both in members.values() for member in both if member}
        self.shared = {group for member in found for group in self.groups.get(member, ())}
        if self.references:
            named = [reference[0] for item in items if (reference := self.references.find(item))]
            self.shared |= {party for journal in named for party in self.references.parties.get(journal, ())}
        return found | self.shared

    def _also(self, members, items):
        """What is read only where members have groups, or are groups, and where gifts are limited."""
        everybody = self._all_of(members, items)
        has_ties = bool(self.shared or self.collective & everybody)
        gives = any(isinstance(item, Transfer) for item in items)
        yield lambda: Ties.read(self.session, everybody, self.collective) if has_ties else None
        yield lambda: Gifts.read(self.session, self.configuration, everybody, now=self.now) if gives else None

    def _check_still_there(self, books):
        """Between look-up and lock somebody may have been merged, have joined a group, or have paid for an order."""
        groups = {tie.group_id for member in books.accounts for tie in books.ties.live(member)}
        payers = {redemption.member_id for order in self.originals.values() for redemption in order.redemptions}
        is_merged = any(account.status == Member.Status.MERGED for account in books.accounts.values())
        if is_merged or (groups | payers) - set(books.accounts):
            raise Moved

    def _read_known(self, items):
        names = [(_VERBS[type(item)][0].value, item.external_id) for item in items if type(item) in _VERBS]
        orders = [item.external_id for item in items if isinstance(item, Activity)]
        return idempotency.read(self.session, self.configuration, self.via, names, orders)

    def _read_originals(self, items):
        if self.references is None:
            return None
        found = [reference for item in items if (reference := self.references.find(item))]
        if not found:
            return None
        orders = [order for row in found for order in row[2:] if order]
        return Originals(self.session, self.configuration.id, ids=[row[0] for row in found], orders=orders)

    def _run(self, books, members):
        posted = set()
        for position in sorted(members, key=lambda n: (self.items[n].activity_at or self.now, n)):
            item = self.items[position]
            try:
                self.results[position] = self._post_one(books, position, item, members[position], posted)
            except Refused as refused:
                self.results[position] = Result("refused", refusal=refused.refusal)
        self._match_beside()

    def _match_beside(self):
        """A refund that came in the same batch as its order waits for it no longer than the others."""
        orders = {item.external_id for item in self.items if isinstance(item, Activity)}
        for position, (item, result) in enumerate(zip(self.items, self.results, strict=True)):
            if isinstance(item, Reversal) and result.status == "kept" and item.order in orders:
                self.waiting[result.journal_id] = position

    def _post_one(self, books, position, item, both, posted):
        member, other = both
        reference = self.references.find(item) if self.references else None
        posting = Posting(
            books=books,
            item=item,
            account=books.accounts.get(member),
            catalogue=self.catalogue,
            via=self.via,
            user_id=self.user_id,
            fingerprint=fingerprint(item),
            original=self.originals.get(reference[0]) if reference else None,
            other=books.accounts.get(other),
            resumed=self.resumed.get(position),
            rates=self.rates,
            events=self.events,
            fresh=self.fresh,
        )
        posting.check_not_ahead()
        if isinstance(item, Decision):
            return _DEEDS[item.deed](posting)
        kind, verb = _VERBS[type(item)]
        name = (kind.value, item.external_id)
        if name in posted:
            detail = "Another item of this batch has the same external_id; send each fact once."
            raise DuplicateInBatch(detail, field="external_id")
        result = (None if posting.resumed else self._repeated(name, posting)) or verb(posting)
        posted.add(name)
        return result

    def _repeated(self, name, posting):
        """The stored answer when this very fact is known; raises when another one has its name."""
        return idempotency.told(*self.known[name], posting.fingerprint) if name in self.known else None
