"""What is there to import? A file of purchases of customers who become members, and what must be there afterwards.

Everything but `write` runs inside a process that `databases.use` has prepared, hence the imports inside.
"""

import hashlib
import json
import random
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.stage.shop import factories

#: Purchases of each customer, on average.
EACH = 10
FIRST = datetime(2020, 1, 1, 8, tzinfo=UTC)
#: A purchase every few minutes, so many rows a day.
PER_DAY = 1000

MAPPING = {
    "enrol": True,
    "fields": {"external_id": "order", "customer": "customer", "date": "at", "amount": "sum"},
    "constants": {"channel": "web"},
}


@dataclass(frozen=True, slots=True)
class Sums:
    """What a ledger that took a file holds: facts, minor units, and points that no tier multiplies."""

    facts: int
    amount: int
    status: int


def write(path: Path, rows: int) -> Sums:
    """A file of so many purchases in the order of their dates; the same one each time."""
    chance = random.Random(1)
    amount = status = 0
    with open(path, "w") as file:
        file.write("order,customer,at,sum\n")
        for number in range(rows):
            cents, at = chance.randrange(100, 20_000), FIRST + timedelta(days=number / PER_DAY)
            customer = chance.randrange(max(1, rows // EACH))
            file.write(f"O-{number},C-{customer},{at:%Y-%m-%dT%H:%M:%SZ},{cents // 100}.{cents % 100:02}\n")
            amount, status = amount + cents, status + cents // 100
    return Sums(rows, amount, status)


def build() -> None:
    """Make the tables and the program."""
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    factories().program("benchmark", expiry="never", max_backdate_days=20_000)
    # The database may be copied as soon as nobody is connected.
    connection.close()


def take(path: Path, connections: int | None) -> tuple[float, float]:
    """(seconds, peak memory of this process in MB) of importing the file, over so many connections if it is said."""
    from programs.models import Program
    from transactions import imports

    if connections:
        from transactions.imports import sharing

        sharing.CONNECTIONS = connections
    mapping, program = imports.read(json.dumps(MAPPING).encode()), Program.objects.get(code="benchmark")
    started = time.perf_counter()
    outcome = imports.run(path, program=program, mapping=mapping, report=path.with_suffix(".report"))
    seconds = time.perf_counter() - started
    assert (outcome.posted, outcome.problems) == (outcome.rows, 0), outcome
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def sums() -> Sums:
    """What the ledger of this process holds."""
    from django.db.models import Count, Sum

    from transactions.models import Entry, Journal

    facts = Journal.objects.filter(kind="accrual").aggregate(facts=Count("id"), amount=Sum("amount"))
    status = Entry.objects.filter(currency__code="status").aggregate(sum=Sum("points"))
    return Sums(facts["facts"], facts["amount"], status["sum"])


def written() -> str:
    """A hash of what every member holds, and of every entry with the balance behind it, in the member's order."""
    from members.models import Balance
    from transactions.models import Entry

    who = "member__customer__external_ids__value"
    held = Balance.objects.order_by(who, "currency__code").values_list(who, "currency__code", "available")
    entries = Entry.objects.order_by(who, "sequence").values_list(
        who, "sequence", "journal__external_id", "currency__code", "points", "balance_after"
    )
    digest = hashlib.sha256()
    for row in (*held.iterator(), *entries.iterator()):
        digest.update(repr(row).encode())
    return digest.hexdigest()


def copy(path: Path, rows: int) -> float:
    """Seconds of the floor: COPY of the same rows into a table without a key."""
    import psycopg
    from django.db import connection

    connection.ensure_connection()
    with psycopg.connect(connection.connection.info.dsn) as own, own.cursor() as cursor:
        cursor.execute('CREATE TABLE bare ("order" text, customer text, at timestamptz, sum numeric)')
        started = time.perf_counter()
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as into, open(path, "rb") as file:
            while block := file.read(1 << 20):
                into.write(block)
        own.commit()
        seconds = time.perf_counter() - started
        assert cursor.execute("SELECT count(*) FROM bare").fetchone() == (rows,)
    return seconds
