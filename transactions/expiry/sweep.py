"""What has time done to members whom nobody touched? The sweep books it, batch by batch.

It adds nothing that a reading would not do (semantics C4-R5): a batch that is booked is no longer due, so a
sweep that was killed and started again does the rest. Where very many lots end in the plain way, PostgreSQL
books them by itself (transactions/expiry/plain_lots.py); both ways write the same.
"""

import logging
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from queue import SimpleQueue

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from loyalty_site.lib.sql import Session
from loyalty_site.lib.threads import side_by_side
from members.models import Balance
from partners.models import Connection
from programs import periods, versions
from programs.configuration import Configuration
from transactions import ledger
from transactions.books import telling
from transactions.books.unit_of_work import Books
from transactions.expiry import plain_lots

#: Members whom the general way books in one transaction.
CHUNK = 200

#: Connections that sweep side by side. With two the night is half as long, and most of a database is left to others.
THREADS = 2

#: For fewer members than these, opening another connection takes as long as it saves.
WORTH_SHARING = 1000

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Swept:
    """`plain` of the `members` were booked by the database itself; `failed` are left as they were."""

    members: int = 0
    plain: int = 0
    lots: int = 0
    points: int = 0
    failed: int = 0

    def add(self, other: "Swept") -> None:
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


def sweep(
    program_id: int, *, now: datetime | None = None, batch: int = plain_lots.BATCH, is_plain_fast: bool = True
) -> Iterator[Swept]:
    """Book everything that is due by `now` in a program; yields what each batch did as a Swept."""
    now = now or timezone.now()
    if is_plain_fast and connection.vendor == "postgresql":
        yield from _plain_first(program_id, now, most=batch)
        return
    configuration = versions.latest(program_id)
    for ids in _cut(list(_due(configuration, now).iterator(chunk_size=10_000)), threads=1, most=batch):
        yield _refresh(configuration.id, ids, now=now)


def _due(configuration: Configuration, now: datetime) -> QuerySet[Balance, int]:
    """Keys of the members to whom time did something, in ascending order. Read once, so it costs what is due.

    With sums in place of columns it has one way only: the index of what is due (see plain_lots.look).
    """
    due = Balance.objects.alias(of=F("currency") + 0).filter(next_change_at__lte=now, of__in=_keys(configuration))
    return due.annotate(whose=F("member") + 0).order_by("whose").values_list("whose", flat=True).distinct()


def _cut(ids: list[int], *, threads: int, most: int) -> list[list[int]]:
    """Batches of nearly equal size, of `most` members at most; as many for each thread, where that is worth while."""
    if len(ids) < WORTH_SHARING:
        threads = 1
    rounds = math.ceil(len(ids) / (threads * most))
    size = math.ceil(len(ids) / (rounds * threads)) if ids else 1
    return [ids[first : first + size] for first in range(0, len(ids), size)]


def _plain_first(program_id: int, now: datetime, *, most: int) -> Iterator[Swept]:
    """Let each thread draw the next batch as soon as it is free."""
    configuration, seen = _look(versions.current(program_id), now)
    # Nobody but this connection sees what its open transaction has written.
    threads = 1 if connection.in_atomic_block else THREADS
    batches = _cut(seen.due, threads=threads, most=most)
    if not batches:
        return
    terms = _terms(configuration, now, seen.journal_id)
    # What is told is made of what the general way has in hand.
    is_told = not telling.OF_EXPIRIES.isdisjoint(telling.heard(seen.listens_to))
    book = _refresh_all if is_told else _expire
    waiting: SimpleQueue[list[int] | None] = SimpleQueue()
    threads = min(threads, len(batches))
    for ids in (*batches, *[None] * threads):
        waiting.put(ids)
    shares = [book(configuration.id, terms, iter(waiting.get, None)) for _ in range(threads)]
    yield from shares[0] if threads == 1 else side_by_side(shares)


def _look(configuration: Configuration, now: datetime) -> tuple[Configuration, plain_lots.Look]:
    """The program as it is stored now, and what that makes due."""
    day = periods.local_date(now, configuration.zone).isoformat()
    seen = plain_lots.look(configuration.id, day, _keys(configuration), now)
    if seen.version == configuration.version:
        return configuration, seen
    return _look(versions.renew(configuration.id), now)


def _keys(configuration: Configuration) -> list[int]:
    return [currency.id for currency in configuration.currencies.values()]


def _expire(program_id: int, terms: plain_lots.Terms, batches: Iterator[list[int]]) -> Iterator[Swept]:
    """The database books those who are plain by itself; the others of a batch are booked in the general way."""
    for ids in batches:
        with transaction.atomic():
            plain = plain_lots.expire(ids, terms)
        done = Swept(members=plain.members, plain=plain.members, lots=plain.lots, points=plain.points)
        if plain.others:
            done.add(_refresh(program_id, plain.others, now=terms.now))
        yield done


def _refresh_all(program_id: int, terms: plain_lots.Terms, batches: Iterator[list[int]]) -> Iterator[Swept]:
    """All of them are booked in the general way."""
    for ids in batches:
        yield _refresh(program_id, ids, now=terms.now)


def _terms(configuration: Configuration, now: datetime, journal_id: int | None) -> plain_lots.Terms:
    """What holds for all batches. The journal is committed before them: threads would wait for whoever inserts it."""
    currencies = configuration.currencies.values()
    tiers = [tier for group in configuration.tier_groups.values() for tier in group.tiers]
    tiers_extend = any(tier.extension_months for tier in tiers)
    if journal_id is None:
        with transaction.atomic():
            journal_id = _journal(configuration, now)
    return plain_lots.Terms(
        journal_id=journal_id,
        now=now,
        spendable=[c.id for c in currencies if c.is_spendable],
        extendable=[c.id for c in currencies if tiers_extend or c.expiry.extension_months],
    )


def _journal(configuration: Configuration, now: datetime) -> int:
    """The key of the journal under which time writes today."""
    books = Books(Session(), configuration, now=now)
    books.open([], journals=0, entries=0, with_lots=False)
    return books.journal_of_day(books.own_connection(Connection.Platform.TIMETABLE))()


def _refresh(program_id: int, member_ids: list[int], *, now: datetime) -> Swept:
    """Book these members in the general way; one that cannot be booked never keeps the others waiting."""
    done = Swept()
    for first in range(0, len(member_ids), CHUNK):
        chunk = member_ids[first : first + CHUNK]
        try:
            ledger.refresh(program_id, chunk, now=now)
        except Exception:
            done.failed += sum(not _refresh_one(program_id, member_id, now=now) for member_id in chunk)
        done.members += len(chunk)
    done.members -= done.failed
    return done


def _refresh_one(program_id: int, member_id: int, *, now: datetime) -> bool:
    try:
        ledger.refresh(program_id, [member_id], now=now)
    except Exception:
        logger.exception("what time did to a member could not be booked", extra={"member": member_id})
        return False
    return True
