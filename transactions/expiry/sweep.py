"""What has time done to members whom nobody touched? The sweep books it, batch by batch.

It adds nothing that a reading would not do (semantics C4-R5): a batch that is booked is no longer due, so a
sweep that was killed and started again does the rest. Where very many lots end in the plain way, PostgreSQL
books them by itself (transactions/expiry/plain_lots.py); both ways write the same.
"""

import logging
from dataclasses import asdict, dataclass

from django.db import connection, transaction
from django.utils import timezone

from loyalty_site.lib.sql import Session
from loyalty_site.lib.threads import side_by_side
from members.models import Balance
from partners.models import Connection
from programs import versions
from transactions import ledger
from transactions.books.unit_of_work import Books
from transactions.expiry import plain_lots

#: Members whom the general way books in one transaction.
CHUNK = 200

#: Connections that sweep side by side. With two the night is half as long, and most of a database is left to others.
HANDS = 2

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Swept:
    """`plain` of the `members` were booked by the database itself; `failed` are left as they were."""

    members: int = 0
    plain: int = 0
    lots: int = 0
    points: int = 0
    failed: int = 0

    def add(self, other):
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


def sweep(program_id, *, now=None, batch=plain_lots.BATCH, is_plain_fast=True):
    """Book everything that is due by `now` in a program; yields what each batch did as a Swept."""
    now = now or timezone.now()
    configuration = versions.current(program_id)
    if not versions.is_current(configuration):
        configuration = versions.renew(program_id)
    if not is_plain_fast or connection.vendor != "postgresql":
        yield from _in_general(configuration, now, batch)
    elif connection.in_atomic_block:
        # Nobody but this connection sees what the open transaction has written.
        yield from _plain_first(configuration, now, batch)
    else:
        yield from side_by_side([_plain_first(configuration, now, batch, (hand, HANDS)) for hand in range(HANDS)])


def _in_general(configuration, now, batch):
    last = 0
    while ids := list(_due(configuration, now, member__gt=last)[:batch]):
        yield _refresh(configuration.id, ids, now=now)
        last = ids[-1]


def _plain_first(configuration, now, batch, share=(0, 1)):
    """The database books those who are plain by itself; the others of a batch are booked in the general way."""
    last = 0
    while True:
        ids, done = _expire_plain(configuration, now=now, after=last, limit=batch, share=share)
        if not ids:
            return
        if done.plain < len(ids):
            done.add(_refresh(configuration.id, list(_due(configuration, now, member__in=ids)), now=now))
        yield done
        last = ids[-1]


def _due(configuration, now, **which):
    """Keys of the members to whom time did something, in ascending order."""
    currencies = [currency.id for currency in configuration.currencies.values()]
    due = Balance.objects.filter(next_change_at__lte=now, currency__in=currencies, **which)
    return due.order_by("member_id").values_list("member_id", flat=True).distinct()


def _expire_plain(configuration, *, now, after, limit, share):
    """(ids of the members of a batch, what was booked for those who are plain)."""
    currencies = configuration.currencies.values()
    tiers = [tier for group in configuration.tier_groups.values() for tier in group.tiers]
    tiers_extend = any(tier.extension_months for tier in tiers)
    with transaction.atomic():
        due = {"currency_ids": [c.id for c in currencies], "now": now, "after": after, "limit": limit}
        ids = plain_lots.lock_due(**due, share=share)
        if not ids:
            return [], Swept()
        members, _, lots, points = plain_lots.expire(
            ids,
            journal_id=_journal(configuration, now),
            now=now,
            spendable=[c.id for c in currencies if c.is_spendable],
            extendable=[c.id for c in currencies if tiers_extend or c.expiry.extension_months],
        )
    return ids, Swept(members=members, plain=members, lots=lots, points=points)


def _journal(configuration, now):
    """The key of the journal under which time writes today."""
    books = Books(Session(), configuration, now=now)
    books.open([], journals=0, entries=0, with_lots=False)
    return books.journal_of_day(books.own_connection(Connection.Platform.TIMETABLE))()


def _refresh(program_id, member_ids, *, now):
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


def _refresh_one(program_id, member_id, *, now):
    try:
        ledger.refresh(program_id, [member_id], now=now)
    except Exception:
        logger.exception("what time did to a member could not be booked", extra={"member": member_id})
        return False
    return True
