"""How do facts get into the ledger? By `record`, and by nothing else.

A batch of up to 1,000 items is posted in one database transaction with a fixed number of statements; a
single purchase is a batch of one. One bad item never spoils the others. Order (semantics C5): dedupe,
members, lock in key order, rules, entries and lots, balances and tallies, tier upgrade, commit.
"""

import json

from django.db import IntegrityError, transaction
from django.utils import timezone

from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.sql import Session
from members.lookup import Lookup
from partners.activity import Activity, Redemption, Reversal
from partners.catalogue import Catalogue
from programs import versions
from transactions import reversals
from transactions.accruals import accrue
from transactions.books import Books
from transactions.models import Journal
from transactions.posting import Posting, Result, fingerprint
from transactions.redemptions import redeem
from transactions.validity import check

LARGEST_BATCH = 1000

#: A fact posted by somebody else at the same moment, or a program changed meanwhile: look again, so often.
_TRIES = 4

_VERBS = {
    Activity: (Journal.Kind.ACCRUAL, accrue),
    Redemption: (Journal.Kind.REDEMPTION, redeem),
    Reversal: (Journal.Kind.REVERSAL, reversals.reverse),
}


class ConfigurationChanged(Exception):
    """The program was changed since this process compiled it."""


class BatchTooLarge(Refused):
    code = "batch_too_large"


class DuplicateInBatch(Refused):
    code = "duplicate_in_batch"


class IdempotencyConflict(Refused):
    code = "idempotency_conflict"


class NotTakingPart(Refused):
    code = "partner_not_in_program"


class ProgramNotActive(Refused):
    code = "program_not_active"


def record(items, *, program_id, via, now=None, user=None, dry_run=False):
    """Post `items` (Activity, Redemption, Reversal) and return a Result for each, in their order.

    `via` is the Connection they came through, `user` the member of staff who entered them. With
    `dry_run` everything is computed and nothing written. Items of one member are posted in the order of
    `activity_at`, then of their position.

    Raises Refused when the batch as a whole cannot be taken.
    """
    items = list(items)
    if len(items) > LARGEST_BATCH:
        raise BatchTooLarge(f"At most {LARGEST_BATCH:,} items at once; this batch has {len(items):,}.")
    for attempt in range(_TRIES):
        configuration = _configuration(program_id, via, dry_run=dry_run, is_renewed=attempt > 0)
        batch = _Batch(items, configuration, via=via, user=user, now=now or timezone.now())
        try:
            return batch.post(dry_run=dry_run)
        except (ConfigurationChanged, IntegrityError):
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _configuration(program_id, via, *, dry_run, is_renewed):
    """The program as compiled here; raises Refused where it takes nothing from `via`.

    It may be old, which the lock finds out later. Nobody is refused for that: before it says no, it asks.
    """
    configuration = versions.renew(program_id) if is_renewed else versions.current(program_id)
    try:
        _check_program(configuration, via, dry_run)
    except Refused:
        if is_renewed or versions.is_current(configuration):
            raise
        return _configuration(program_id, via, dry_run=dry_run, is_renewed=True)
    return configuration


def _check_program(configuration, via, dry_run):
    if configuration.status != "active" and not (dry_run and configuration.status == "draft"):
        raise ProgramNotActive(f"The program is {configuration.status}; it takes facts while it is active.")
    if via.partner.code not in configuration.partners:
        raise NotTakingPart(f"Partner {via.partner.code} does not take part in program {configuration.code}.")


class _Batch:
    """One attempt at posting a list of items."""

    def __init__(self, items, configuration, *, via, user, now):
        self.items, self.configuration, self.via, self.now = items, configuration, via, now
        self.user_id = user.pk if user else None
        self.results = [None] * len(items)
        self.session = Session()

    def post(self, *, dry_run):
        for position, item in enumerate(self.items):
            self._settle(position, check(item))
        members = self._find()
        if members:
            with transaction.atomic():
                books = self._open(members)
                self._run(books, members)
                if not dry_run and books.is_changed:
                    books.close()
        return self.results

    def _settle(self, position, refusal):
        if refusal:
            self.results[position] = Result("refused", refusal=refusal)

    def _open_items(self, kind=object):
        """(position, item) of what has no result yet."""
        return [(n, item) for n, item in enumerate(self.items) if self.results[n] is None and isinstance(item, kind)]

    def _find(self):
        """{position: member id} of the items whose member is known; the others are refused."""
        named = [(n, item) for n, item in self._open_items() if not isinstance(item, Reversal)]
        wishes = self._open_items(Reversal)
        with self.session.together():
            lookup = Lookup(self.session, self.configuration.id, self.via.pk, [item.member for _, item in named])
            self.catalogue = Catalogue(self.session, [item for _, item in named], partner=self.via.partner.code)
            owners = reversals.owners(self.session, self.configuration.id, [item for _, item in wishes])
        self.catalogue.take()
        found = dict(zip((n for n, _ in named), lookup.take(), strict=True))
        found |= dict(zip((n for n, _ in wishes), owners(), strict=True))
        for position, member in found.items():
            self._settle(position, member if isinstance(member, Refusal) else None)
        return {n: member for n, member in found.items() if not isinstance(member, Refusal)}

    def _open(self, members):
        items = [self.items[n] for n in members]
        wishes = [item for item in items if isinstance(item, Reversal)]
        books = Books(self.session, self.configuration, now=self.now)
        spends = any(not isinstance(item, Activity) for item in items)
        entries = len(items) * max(1, len(self.configuration.currencies)) * (2 if wishes else 1)
        version, (known, originals) = books.open(
            set(members.values()),
            journals=len(items),
            entries=entries,
            with_lots=spends,
            also=[lambda: self._read_known(items), lambda: reversals.originals(self.session, wishes)],
        )
        if version != self.configuration.version:
            raise ConfigurationChanged
        self.known = {(kind, name): rest for kind, name, *rest in known.fetchall()}
        self.originals = originals()
        return books

    def _read_known(self, items):
        """The journals that are already there under the names of these items."""
        kinds = sorted({_VERBS[type(item)][0].value for item in items})
        return self.session.run(
            "SELECT kind, external_id, id, fingerprint, answer FROM transactions_journal "
            "WHERE program_id = %s AND connection_id = %s AND kind {ids} AND external_id {ids}",
            [self.configuration.id, self.via.pk, kinds, [item.external_id for item in items]],
        )

    def _run(self, books, members):
        posted = set()
        for position in sorted(members, key=lambda n: (self.items[n].activity_at or self.now, n)):
            item = self.items[position]
            kind, verb = _VERBS[type(item)]
            name = (kind.value, item.external_id)
            try:
                if name in posted:
                    raise DuplicateInBatch(
                        "Another item of this batch has the same external_id; send each fact once.",
                        field="external_id",
                    )
                self.results[position] = self._repeated(name, item) or verb(
                    Posting(
                        books=books,
                        item=item,
                        account=books.accounts[members[position]],
                        catalogue=self.catalogue,
                        via=self.via,
                        user_id=self.user_id,
                        fingerprint=fingerprint(item),
                        original=self.originals.get(getattr(item, "journal_id", None)),
                    )
                )
                posted.add(name)
            except Refused as refused:
                self.results[position] = Result("refused", refusal=refused.refusal)

    def _repeated(self, name, item):
        """The stored answer when this very fact is known; raises when another one has its name."""
        if name not in self.known:
            return None
        journal_id, stored, answer = self.known[name]
        if stored != fingerprint(item):
            raise IdempotencyConflict(
                f"Transaction {journal_id} has this external_id and another content; "
                "use a new external_id, or reverse that transaction first.",
                field="external_id",
            )
        return Result("replayed", journal_id, json.loads(answer))
