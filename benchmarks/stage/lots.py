"""What is there to expire? Members with lots that end at one instant, written as the ledger writes them.

Everything runs inside a process that `databases.use` has prepared, hence the imports inside.
"""

import resource
import time
from datetime import timedelta

#: Points of each lot.
POINTS = 10


def build(members, lots_each):
    """A program with `members` who all hold `lots_each` lots, by set-based statements; then ready to measure."""
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from loyalty_site.lib.sql import Session
    from programs import versions
    from tests.support import factories
    from transactions.books import settlement
    from transactions.books.unit_of_work import Books

    call_command("migrate", verbosity=0)
    template = factories.program("template")
    factories.post_one(template, factories.purchase(factories.member(template), 1000))
    made = factories.program("expiry")
    now = timezone.now()
    books = Books(Session(), versions.renew(made.pk), now=now)
    books.open([], journals=0, entries=0, with_lots=False)
    journal = settlement.journal_of_today(books, settlement.timetable(books.configuration))()
    values = {
        "program": made.pk,
        "currency": made.currencies.get(code="points").pk,
        "journal": journal,
        "members": members,
        "each": lots_each,
        "points": POINTS,
        "at": now - timedelta(days=400),
        "ends": now - timedelta(hours=1),
    }
    with connection.cursor() as cursor:
        for statement in _statements():
            cursor.execute(statement, values)
    connection.close()


#: The chain value of a credit behind `before`, as transactions/books/chain.py makes it.
_CHAIN = """encode(sha256(convert_to(concat_ws('|', {before}, m.id, {place}, %(journal)s, %(currency)s, 'credit',
    %(points)s, %(points)s, 0, 0, 0, {place} * %(points)s, {at}, {at}), 'UTF8')), 'hex')"""
_AT = "to_char(%(at)s::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')"
_CHAINED = f"""(WITH RECURSIVE m AS (SELECT id FROM members_member WHERE program_id = %(program)s), chained AS (
    SELECT m.id, 1 AS place, {_CHAIN.format(before="''", place="1", at=_AT)} AS chain FROM m
    UNION ALL SELECT m.id, m.place + 1, {_CHAIN.format(before="m.chain", place="(m.place + 1)", at=_AT)}
    FROM chained m WHERE m.place < %(each)s) SELECT * FROM chained ORDER BY id, place)"""


def _copies(model, rows, **columns):
    """SQL that copies the oldest row of `model` for each of `rows`, with other values in `columns`."""
    table = model._meta.db_table
    names = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    values = ", ".join(columns.get(name, f't."{name}"') for name in names)
    template = f"(SELECT * FROM {table} ORDER BY {model._meta.pk.column} LIMIT 1) t"
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {template} CROSS JOIN {rows} r"


def _statements():
    from members.models import Balance, Customer, Member
    from transactions.models import Entry, Lot

    total = "%(each)s * %(points)s"
    yield _copies(Customer, "generate_series(1, %(members)s)", email="''", email_key="''", last_name="'c' || r")
    yield _copies(
        Member,
        "(SELECT id FROM members_customer ORDER BY id OFFSET 1)",
        program_id="%(program)s",
        customer_id="r.id",
        number="'n' || r.id",
        sequence="%(each)s",
        chain="''",
    )
    moved = {name: "%(points)s" for name in ("points", "available")} | {"balance_after": "r.place * %(points)s"}
    dates = {"activity_at": "%(at)s", "posted_at": "%(at)s"}
    keys = {"journal_id": "%(journal)s", "member_id": "r.id", "currency_id": "%(currency)s"}
    yield _copies(Entry, _CHAINED, **keys, **moved, **dates, sequence="r.place", chain="r.chain")
    yield (
        "UPDATE members_member m SET chain = e.chain FROM transactions_entry e "
        "WHERE e.member_id = m.id AND e.sequence = %(each)s AND m.program_id = %(program)s"
    )
    yield _copies(
        Balance,
        "(SELECT id FROM members_member WHERE program_id = %(program)s ORDER BY id)",
        member_id="r.id",
        currency_id="%(currency)s",
        available=total,
        lifetime_earned=total,
        next_change_at="%(ends)s",
    )
    yield _copies(
        Lot,
        "(SELECT id, member_id FROM transactions_entry WHERE currency_id = %(currency)s ORDER BY id)",
        entry_id="r.id",
        member_id="r.member_id",
        currency_id="%(currency)s",
        points="%(points)s",
        remaining="%(points)s",
        activity_at="%(at)s",
        expires_at="%(ends)s",
    )
    yield "VACUUM (ANALYZE)"
    yield "CHECKPOINT"


def floor():
    """Seconds of the least that must be done: one UPDATE of what remains of the same lots, in the same batches."""
    from django.db import connection

    from transactions.expiry.plain_lots import BATCH

    started = time.perf_counter()
    last, lots = 0, 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "WITH b AS (SELECT member_id FROM members_balance WHERE member_id > %s AND next_change_at <= now() "
                "ORDER BY member_id LIMIT %s), u AS (UPDATE transactions_lot l SET remaining = 0 FROM b "
                "WHERE l.member_id = b.member_id AND l.remaining > 0 AND l.expires_at <= now() RETURNING 1) "
                "SELECT max(member_id), (SELECT count(*) FROM u) FROM b",
                [last, BATCH],
            )
            last, count = cursor.fetchone()
            if last is None:
                return time.perf_counter() - started, lots
            lots += count


def expire():
    """(seconds, what was swept, peak memory of this process in MB)."""
    from programs.models import Program
    from transactions.expiry.sweep import Swept, sweep

    total = Swept()
    started = time.perf_counter()
    for done in sweep(Program.objects.get(code="expiry").pk):
        total.add(done)
    seconds = time.perf_counter() - started
    return seconds, (total.members, total.plain, total.lots, total.points), peak()


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def expire_in_batches(pipe):
    """For a process that will be killed: tells each batch that is done."""
    from programs.models import Program
    from transactions.expiry.sweep import sweep

    for done in sweep(Program.objects.get(code="expiry").pk):
        pipe.send(done.lots)


def check(members, lots_each, with_audit):
    """Raises AssertionError unless every lot has ended, once, and the whole ledger agrees.

    Returns (seconds of the audit, peak memory in MB), or None without one.
    """
    from django.db.models import Sum

    from members.models import Balance
    from programs.models import Program
    from transactions.models import Entry, Lot, Trace
    from transactions.proof.audit import audit

    made, lots = Program.objects.get(code="expiry"), members * lots_each
    ours = {"currency__program": made}
    assert Lot.objects.filter(**ours, remaining=0).count() == Lot.objects.filter(**ours).count() == lots
    assert Trace.objects.filter(lot__currency__program=made).count() == lots
    assert Entry.objects.filter(**ours, kind="expiry").count() == members
    sums = Balance.objects.filter(**ours).aggregate(left=Sum("available"), expired=Sum("lifetime_expired"))
    assert sums == {"left": 0, "expired": lots * POINTS}, sums
    assert not Balance.objects.filter(**ours).exclude(next_change_at=None).exists()
    if not with_audit:
        return None
    started = time.perf_counter()
    drifts = [str(drift) for drift, _ in zip(audit(made), range(3), strict=False)]
    assert not drifts, drifts
    return time.perf_counter() - started, peak()
