"""What does a night tell of many lots? Runs inside a process that `databases.use` has prepared, hence the imports."""

import time
from datetime import datetime, timedelta

#: So many members have one statement.
BATCH = 1000


def ends_of(days):
    """(the local day on which the night begins, the instants at which points end so many days after it)."""
    from zoneinfo import ZoneInfo

    from programs import periods

    zone = ZoneInfo("Europe/Paris")
    day = periods.local_date(datetime.now(zone), zone)
    return day, [periods.end_of_day(day + timedelta(days=each), zone) for each in days]


def listen(triggers):
    """Active messages of the events that nights tell of, with these numbers of days before."""
    from partners.models import Connection
    from programs.models import Message, Program

    made = Program.objects.get(code="expiry")
    via = Connection.of(made.owner, Connection.Platform.API)
    for days in (*triggers, None):
        event = "points.expiring" if days else "statement.monthly"
        Message.objects.create(
            program=made, name=f"{days}", event=event, connection=via, days_before=days, is_active=True
        )
    Program.objects.filter(pk=made.pk).update(listens_to="points.expiring statement.monthly")


def settle_down():
    """What a database of some age has: counted tables, and nothing left to write."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def remind(day):
    """(seconds to find who is due, members who were found, seconds to tell them, how many were told)."""
    from django.db import transaction
    from django.utils import timezone

    from programs.models import Program
    from transactions.reminders import points

    program_id = Program.objects.get(code="expiry").pk
    began = time.perf_counter()
    keys = points.find(program_id, day)
    found = time.perf_counter() - began
    told, began = 0, time.perf_counter()
    for first in range(0, len(keys), BATCH):
        with transaction.atomic():
            told += points.remind(program_id, day, keys[first : first + BATCH], timezone.now())["reminded"]
    return found, len(keys), time.perf_counter() - began, told


def write_alone():
    """(seconds that writing the same events takes by itself, in transactions of BATCH rows, how many they are)."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE told AS SELECT row_number() OVER (ORDER BY id) AS place, * FROM members_event"
        )
        cursor.execute("ALTER TABLE told DROP COLUMN id")
        cursor.execute(
            "SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = 'told'::regclass "
            "AND attnum > 1 AND NOT attisdropped"
        )
        columns = cursor.fetchone()[0]
        cursor.execute("DELETE FROM members_event")
        cursor.execute("SELECT COUNT(*) FROM told")
        rows = cursor.fetchone()[0]
        began = time.perf_counter()
        for first in range(0, rows, BATCH):
            with transaction.atomic():
                some = f"SELECT {columns} FROM told WHERE place > %s AND place <= %s"
                cursor.execute(f"INSERT INTO members_event ({columns}) {some}", [first, first + BATCH])
        seconds = time.perf_counter() - began
        cursor.execute("SELECT COUNT(*) FROM members_event")
        return seconds, cursor.fetchone()[0]


def scan(day, days):
    """Seconds that one statement takes which looks at every lot for what ends on that day, and what it finds."""
    from django.db import connection

    _, [end] = ends_of([days])
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET enable_indexscan = off")
        cursor.execute("SET enable_bitmapscan = off")
        cursor.execute(
            "SELECT COUNT(DISTINCT member_id) FROM transactions_lot WHERE remaining > 0 AND expires_at = %s", [end]
        )
        found = cursor.fetchone()[0]
        cursor.execute("RESET ALL")
    return time.perf_counter() - began, found


def state(most):
    """(seconds, statements told): those of the first `most` members, for the month that is over."""
    from django.db import transaction
    from django.utils import timezone

    from members.models import Member
    from programs.models import Program
    from transactions.reminders import statements

    program_id = Program.objects.get(code="expiry").pk
    keys = list(Member.objects.filter(program=program_id).order_by("pk").values_list("pk", flat=True)[:most])
    now = timezone.now()
    day, told, began = (now.date() + timedelta(days=32)).replace(day=1), 0, time.perf_counter()
    for first in range(0, len(keys), BATCH):
        with transaction.atomic():
            told += statements.state(program_id, day, keys[first : first + BATCH], now)["statements"]
    return time.perf_counter() - began, told
