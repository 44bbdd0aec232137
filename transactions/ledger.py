"""How do facts get into the ledger? By `record`, and by nothing else.

A batch of up to 1,000 items is posted in one database transaction with a fixed number of statements; a
single purchase is a batch of one. One bad item never spoils the others. Order (semantics C5): dedupe,
members, lock in key order, rules, entries and lots, balances and tallies, tier upgrade, commit.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from members.models import Member
from partners.callers import Via
from partners.stored import load
from programs import versions
from programs.configuration import Configuration
from transactions import verbs
from transactions.batch import Batch, ConfigurationChanged, Outcome
from transactions.books import settlement
from transactions.books.items import Item, Result
from transactions.books.unit_of_work import Books
from transactions.models import Journal
from transactions.models.journals import NotOpen, decision

T = TypeVar("T")

LARGEST_BATCH = 1000

#: A fact posted by somebody else at the same moment, or a program changed meanwhile: look again, so often.
_TRIES = 8


class BatchTooLarge(Refused):
    """There are more than LARGEST_BATCH items."""

    code = "batch_too_large"


class NotTakingPart(Refused):
    """The partner through whose connection it comes does not take part in the program."""

    code = "partner_not_in_program"


class ProgramNotActive(Refused):
    """The program takes no facts now."""

    code = "program_not_active"


def record(
    items: Iterable[Item],
    *,
    program_id: int,
    via: Via,
    now: datetime | None = None,
    user: AbstractBaseUser | None = None,
    dry_run: bool = False,
    resumed: Mapping[int, Journal] | None = None,
    patience_ms: int | None = None,
) -> list[Result]:
    """Post `items` (see partners/activity.py) and return a Result for each, in their order.

    `via` is the Connection they came through, `user` the member of staff who entered them. With
    `dry_run` everything is computed and nothing written. Items of one member are posted in the order of
    `activity_at`, then of their position. `resumed` maps positions to open journals whose outcome the
    item is (transactions/reviews/decisions.py). `patience_ms` is how long PostgreSQL may wait for
    one lock of somebody else, None for as long as it takes; SQLite waits as its settings say.

    Raises Refused when the batch as a whole cannot be taken, OperationalError when it waited too long.
    """
    items = list(items)
    if len(items) > LARGEST_BATCH:
        raise BatchTooLarge(f"At most {LARGEST_BATCH:,} items at once; this batch has {len(items):,}.")
    user_id = user.pk if user else None

    def post(configuration: Configuration) -> Outcome:
        # Each at its own moment: whoever tries again does so under the rules of now.
        at = now or timezone.now()
        batch = Batch(
            items, configuration, via=via, user_id=user_id, now=at, resumed=resumed or {}, patience_ms=patience_ms
        )
        return batch.post(dry_run=dry_run)

    results, matched = attempt(post, program_id, via, dry_run=dry_run)
    if not dry_run:
        _resume_matched(matched, results, now)
    return results


def _resume_matched(matched: Mapping[int, int | None], results: list[Result], now: datetime | None) -> None:
    """Book what has waited for a fact of this batch; where the one that waited is of the batch, its Result is new."""
    for journal_id, position in matched.items():
        # Somebody else may have decided it meanwhile.
        with suppress(Refused):
            result = resume(journal_id, {Journal.Status.PENDING}, now=now)
            if position is not None:
                results[position] = result


def attempt(work: Callable[[Configuration], T], program_id: int, via: Via, *, dry_run: bool) -> T:
    """Do `work` until nobody else was quicker, or changed the program; not for ever.

    With `dry_run` the program may still be a draft. Raises Refused where it takes nothing from `via`.
    """
    for number in range(1, _TRIES + 1):
        configuration = _configuration(program_id, via, dry_run=dry_run, is_renewed=number > 1)
        try:
            return work(configuration)
        except (ConfigurationChanged, IntegrityError):
            if number == _TRIES:
                raise
    raise AssertionError("The last attempt returns or raises.")


def resume(
    journal_id: int,
    states: Collection[str],
    *,
    user: AbstractBaseUser | None = None,
    member: Member | None = None,
    now: datetime | None = None,
) -> Result:
    """Book an open journal, which is in one of `states`, as it was reported; returns its Result.

    `user` or `member` is who decided so, and is stored with the outcome.

    What waited and is refused now has failed: somebody has to look at it. Raises NotOpen. The row is locked,
    so that two people who decide at once do it once.
    """
    with transaction.atomic():
        journal = Journal.objects.to_decide(journal_id, states)
        if journal.kind == Journal.Kind.REDEMPTION and journal.status == Journal.Status.PENDING:
            raise NotOpen("A reservation is confirmed or released.", field="transaction")
        for name, value in decision(user, member, now=now or timezone.now()).items():
            setattr(journal, name, value)
        payload = {"activity_at": journal.activity_at.isoformat()} | journal.payload
        item = load(verbs.stored_as(journal.kind), payload)
        program, via, place = journal.program_id, journal.connection, {0: journal}
        result = record([item], program_id=program, via=via, user=user, now=now, resumed=place)[0]
        if result.refusal:
            waiting, why = Journal.objects.filter(pk=journal_id), result.refusal.detail
            waiting.shut([Journal.Status.PENDING], status=Journal.Status.FAILED, why=why, now=now or timezone.now())
    return result


def _configuration(program_id: int, via: Via, *, dry_run: bool, is_renewed: bool) -> Configuration:
    """The program as compiled here; raises Refused where it takes nothing from `via`.

    It may be old, which the lock finds out later. Nobody is refused for that: before it says no, it asks.
    """
    configuration = versions.renew(program_id) if is_renewed else versions.current(program_id)
    try:
        _check_program(configuration, via, dry_run=dry_run)
    except Refused:
        if is_renewed or versions.is_current(configuration):
            raise
        return _configuration(program_id, via, dry_run=dry_run, is_renewed=True)
    return configuration


def _check_program(configuration: Configuration, via: Via, *, dry_run: bool) -> None:
    if configuration.status != "active" and not (dry_run and configuration.status == "draft"):
        raise ProgramNotActive(f"The program is {configuration.status}; it takes facts while it is active.")
    if via.partner.code not in configuration.partners:
        raise NotTakingPart(f"Partner {via.partner.code} does not take part in program {configuration.code}.")


def refresh(program_id: int, member_ids: Collection[int], *, now: datetime | None = None) -> bool:
    """Book what time has done to these members by now; says whether anything was due (semantics C4-R5)."""
    books = Books(Session(), versions.current(program_id), now=now or timezone.now())
    with transaction.atomic():
        books.open(member_ids, journals=0, entries=0, with_lots=False)
        is_due = settlement.settle(books)
        if is_due:
            books.close()
    return is_due
