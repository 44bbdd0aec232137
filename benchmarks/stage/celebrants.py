"""Whose birthday is there to give points for? Members of whom every n-th one has it on a day of its own.

Everything runs inside a process that `databases.use` has prepared, hence the imports inside.
"""

import time
from contextlib import contextmanager
from datetime import date, timedelta

#: Every n-th member has the birthday on this day; all others have theirs before November.
DAYS = {10_000: date(2026, 12, 20), 100: date(2026, 12, 10)}
#: The birthday of the one whose rows the floor copies.
FIRST = date(2026, 11, 30)
CODE, BATCH = "birthdays", 1000


def build(members):
    """A program with `members` and a rule that gives points on the birthday; then ready to measure."""
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.stage.lots import copies
    from members.models import Customer, Member
    from tests.support import celebrating, factories

    call_command("migrate", verbosity=0)
    made = factories.program(CODE, expiry="")
    celebrating.gift(made)
    who = celebrating.born(made, f"{FIRST:%m-%d}")
    celebrating.celebrate(made, FIRST)
    cases = [f"WHEN mod(r, {nth}) = {place} THEN '{day:%m-%d}'" for place, (nth, day) in enumerate(DAYS.items(), 1)]
    birthday = f"CASE {' '.join(cases)} ELSE to_char(date '2025-01-01' + mod(r, 300)::int, 'MM-DD') END"
    values = {"program": made.pk, "first": who.customer_id}
    empty = {"email": "''", "email_key": "''", "last_name": "'c' || r", "birthday": birthday}
    others = "(SELECT id FROM members_customer WHERE id <> %(first)s ORDER BY id)"
    keys = {"program_id": "%(program)s", "customer_id": "r.id", "number": "'n' || r.id"}
    with connection.cursor() as cursor:
        cursor.execute(copies(Customer, f"generate_series(1, {members})", **empty))
        cursor.execute(copies(Member, others, **keys, sequence="0", chain="''"), values)
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
    connection.close()


class _Undo(Exception):
    pass


@contextmanager
def _undone():
    """Both are taken back, so every round begins with the same rows; neither is measured with its commits."""
    from django.db import transaction

    try:
        with transaction.atomic():
            yield
            raise _Undo
    except _Undo:
        pass


def floor(nth):
    """(seconds, members) of the least that must be done: find them, lock them, and insert the same rows by SQL."""
    from django.db import connection

    from programs.models import Program

    day = f"{DAYS[nth]:%m-%d}"
    with _undone():
        started = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(
                "SELECT m.id FROM members_customer c JOIN members_member m ON m.customer_id = c.id "
                "JOIN programs_program p ON p.id = m.program_id AND p.code = %s "
                "WHERE c.birthday = %s AND NOT c.birthday = '' ORDER BY m.id",
                [CODE, day],
            )
            keys = [key for (key,) in cursor.fetchall()]
            program = Program.objects.get(code=CODE)
            for first in range(0, len(keys), BATCH):
                _insert(cursor, program, keys[first : first + BATCH])
        seconds = time.perf_counter() - started
    return seconds, len(keys)


def _insert(cursor, program, keys):
    """A journal, an entry, a lot and a balance of each, like those of the first one, and the end of its chain."""
    from members.models import Balance
    from transactions.models import Entry, Journal, Lot

    like = Entry.objects.filter(currency__program=program, currency__code="points").order_by("pk").first()
    balance = Balance.objects.get(member=like.member_id, currency=like.currency_id)
    cursor.execute("SELECT id FROM members_member WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [keys])
    whose = [(key, key) for key in keys]
    journals = _like(cursor, Journal, like.journal_id, whose, member_id="r.m", external_id="'birthday-floor-' || r.m")
    entries = _like(cursor, Entry, like.pk, journals, journal_id="r.k", member_id="r.m", sequence="1")
    _like(cursor, Lot, like.pk, entries, entry_id="r.k", member_id="r.m")
    _like(cursor, Balance, balance.pk, whose, member_id="r.m")
    cursor.execute("UPDATE members_member SET sequence = 1, chain = repeat('x', 64) WHERE id = ANY(%s)", [keys])


def _like(cursor, model, key, rows, **columns):
    """Insert copies of one row for `rows` of (key, member) with other `columns`; returns these of the new ones."""
    names = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    table, own = model._meta.db_table, model._meta.pk.column
    values = ", ".join(columns.get(name, f't."{name}"') for name in names)
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM (SELECT * FROM {table} WHERE {own} = %s) t "
        f"CROSS JOIN unnest(%s::bigint[], %s::bigint[]) AS r(k, m) RETURNING {own}, member_id",
        [key, *map(list, zip(*rows, strict=True))],
    )
    return cursor.fetchall()


def give(nth):
    """(seconds to find them, seconds in all, counts) of the step of the night; it knows its program already."""
    from loyalty_site.night.shared import cut
    from programs import versions
    from programs.models import Program
    from programs.periods import start_of_day
    from transactions.occasions import giving

    made, day = Program.objects.get(code=CODE), DAYS[nth]
    now = start_of_day(day, made.zone) + timedelta(hours=1)
    versions.current(made.pk)
    given = 0
    with _undone():
        started = time.perf_counter()
        keys = giving.find(made.pk, day)
        found = time.perf_counter() - started
        for batch in cut(keys, BATCH):
            given += giving.work(made.pk, day, batch, now)["given"]
        seconds = time.perf_counter() - started
    return found, seconds, given
