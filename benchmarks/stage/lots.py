"""What is there to expire? Members with lots that end night by night, written as the ledger writes them.

Everything runs inside a process that `databases.use` has prepared, hence the imports inside.
"""

import resource
import time
from datetime import timedelta

#: Points of each lot.
POINTS = 10


def build(members, lots_each, ends):
    """A program with `members` who all hold `lots_each` lots, by set-based statements; then ready to measure.

    `ends` are (n, instant): every n-th member's lots end then; the last n is 1, for all who are left.
    """
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from loyalty_site.lib.sql import Session
    from partners.models import Connection
    from programs import versions
    from tests.support import factories
    from transactions.books.unit_of_work import Books

    call_command("migrate", verbosity=0)
    template = factories.program("template")
    factories.post_one(template, factories.purchase(factories.member(template), 1000))
    made = factories.program("expiry")
    now = timezone.now()
    books = Books(Session(), versions.renew(made.pk), now=now)
    books.open([], journals=0, entries=0, with_lots=False)
    journal = books.journal_of_day(books.own_connection(Connection.Platform.TIMETABLE))()
    values = {
        "program": made.pk,
        "currency": made.currencies.get(code="points").pk,
        "journal": journal,
        "members": members,
        "each": lots_each,
        "points": POINTS,
        "at": now - timedelta(days=400),
    }
    with connection.cursor() as cursor:
        for statement in _statements(ends):
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


def copies(model, rows, **columns):
    """SQL that copies the oldest row of `model` for each of `rows`, with other values in `columns`."""
    table = model._meta.db_table
    names = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    values = ", ".join(columns.get(name, f't."{name}"') for name in names)
    template = f"(SELECT * FROM {table} ORDER BY {model._meta.pk.column} LIMIT 1) t"
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {template} CROSS JOIN {rows} r"


def _end(member, ends):
    """SQL for when the lots of `member` end. The remainders differ, so nobody is counted in two shares."""
    cases = (f"WHEN mod({member}, {n}) = {place % n} THEN '{at.isoformat()}'" for place, (n, at) in enumerate(ends))
    return f"(CASE {' '.join(cases)} END)::timestamptz"


def _statements(ends):
    from members.models import Balance, Customer, Member
    from transactions.models import Entry, Lot

    total = "%(each)s * %(points)s"
    yield copies(Customer, "generate_series(1, %(members)s)", email="''", email_key="''", last_name="'c' || r")
    yield copies(
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
    yield copies(Entry, _CHAINED, **keys, **moved, **dates, sequence="r.place", chain="r.chain")
    yield (
        "UPDATE members_member m SET chain = e.chain FROM transactions_entry e "
        "WHERE e.member_id = m.id AND e.sequence = %(each)s AND m.program_id = %(program)s"
    )
    yield copies(
        Balance,
        "(SELECT id FROM members_member WHERE program_id = %(program)s ORDER BY id)",
        member_id="r.id",
        currency_id="%(currency)s",
        available=total,
        lifetime_earned=total,
        next_change_at=_end("r.id", ends),
    )
    yield copies(
        Lot,
        "(SELECT id, member_id FROM transactions_entry WHERE currency_id = %(currency)s ORDER BY id)",
        entry_id="r.id",
        member_id="r.member_id",
        currency_id="%(currency)s",
        points="%(points)s",
        remaining="%(points)s",
        activity_at="%(at)s",
        expires_at=_end("r.member_id", ends),
    )
    yield "VACUUM (ANALYZE)"
    yield "CHECKPOINT"


def checkpoint():
    """Let whatever is measured next begin with the same duty: to log each page whole that it changes first."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")


def due(now):
    """(members, lots) that are due at `now`."""
    from members.models import Balance
    from transactions.models import Lot

    lots = Lot.objects.filter(currency__program__code="expiry", expires_at__lte=now, remaining__gt=0)
    return Balance.objects.filter(next_change_at__lte=now).count(), lots.count()


def floor(now):
    """(seconds, lots) of the least that must be done: find who is due, and UPDATE what remains of their lots.

    In batches of the same size as the sweep's.
    """
    from django.db import connection

    from transactions.expiry.plain_lots import BATCH

    started = time.perf_counter()
    lots = 0
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SELECT member_id FROM members_balance WHERE next_change_at <= %s", [now])
        members = sorted(row[0] for row in cursor.fetchall())
        for first in range(0, len(members), BATCH):
            cursor.execute(
                "UPDATE transactions_lot SET remaining = 0 "
                "WHERE member_id = ANY(%s) AND remaining > 0 AND expires_at <= %s",
                [members[first : first + BATCH], now],
            )
            lots += cursor.rowcount
    return time.perf_counter() - started, lots


def expire(now):
    """(seconds, what was swept, peak memory of this process in MB). The night knows its program already."""
    from programs.models import Program
    from transactions.expiry.sweep import Swept, sweep

    total, program = Swept(), Program.objects.get(code="expiry")
    started = time.perf_counter()
    for done in sweep(program.pk, now=now):
        total.add(done)
    seconds = time.perf_counter() - started
    return seconds, (total.members, total.plain, total.lots, total.points), peak()


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def expire_in_batches(now, pipe):
    """For a process that will be killed: tells each batch that is done."""
    from programs.models import Program
    from transactions.expiry.sweep import sweep

    for done in sweep(Program.objects.get(code="expiry").pk, now=now):
        pipe.send(done.lots)


def check(now, members, lots_each):
    """Raises AssertionError unless every lot has ended that should have by `now`, once, and no other has changed."""
    from django.db.models import F, Sum

    from members.models import Balance
    from programs.models import Program
    from transactions.models import Entry, Lot, Trace

    made = Program.objects.get(code="expiry")
    ours = {"currency__program": made}
    lots, ended = Lot.objects.filter(**ours), Lot.objects.filter(**ours, expires_at__lte=now)
    count = ended.count()
    assert lots.count() == members * lots_each
    assert ended.filter(remaining=0).count() == count
    assert not lots.filter(expires_at__gt=now).exclude(remaining=F("points")).exists()
    assert Trace.objects.filter(lot__in=ended).count() == Trace.objects.count() == count
    assert Entry.objects.filter(**ours, kind="expiry").count() == count // lots_each
    sums = Balance.objects.filter(**ours).aggregate(left=Sum("available"), expired=Sum("lifetime_expired"))
    assert sums == {"left": (members * lots_each - count) * POINTS, "expired": count * POINTS}, sums
    assert not Balance.objects.filter(**ours, next_change_at__lte=now).exists()


def audit():
    """(seconds, peak memory in MB) of the audit of the whole program. Raises AssertionError if something differs."""
    from programs.models import Program
    from transactions.proof.audit import audit

    started = time.perf_counter()
    drifts = [str(drift) for drift, _ in zip(audit(Program.objects.get(code="expiry")), range(3), strict=False)]
    assert not drifts, drifts
    return time.perf_counter() - started, peak()
