"""Does a long history cost anything? Reads a balance of, and posts to, members with ten and a million entries.

    python benchmarks/balance.py [--quick] [--entries N] [--json FILE]

The history is written straight into the tables with their triggers and constraints in place, the cost is
measured in turn, and the sums are checked before anything is printed.
"""

import argparse
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import command, databases, report, shop
from benchmarks.stage.crew import crew

GOAL = 1.1
SHORT = 10

#: One journal, which all the made-up entries belong to, and its entries with their lots, all spent.
FILL = (
    """
    INSERT INTO transactions_entry ({entry}) SELECT {entry_values}
    FROM transactions_entry e, {numbers} WHERE e.id = %(entry)s
    """,
    """
    INSERT INTO transactions_lot ({lot}) SELECT {lot_values}
    FROM transactions_entry n, transactions_lot l
    WHERE l.entry_id = %(entry)s AND n.member_id = l.member_id AND n.currency_id = l.currency_id AND n.id > %(last)s
    """,
)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a history of 100,000 entries")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    entries = 100_000 if options.quick else options.entries
    rounds = 200 if options.quick else 1000
    print(report.machine())
    facts = {}
    for vendor in ("postgresql", "sqlite"):
        with getattr(databases, vendor)() as (what, environment), crew(environment, 1) as hand:
            print(f"\n{what}: {SHORT} against {entries:,} entries, {rounds} rounds")
            hand.call(prepare, entries)
            facts[vendor] = hand.call(measure, rounds)
            hand.call(check, entries)
            show(facts[vendor])
    if options.json:
        report.write(options.json, machine=report.machine(), entries=entries, **facts)


def prepare(entries):
    """Three members: one with few entries, one with many, and one to warm up with."""
    from tests.support import factories

    shop.build(0)
    made = factories.Program.objects.get(code="benchmark")
    warm, short, long = (factories.member(made) for _ in range(3))
    for who in (warm, short, long):
        factories.post_one(made, factories.purchase(who, 1000))
        factories.post_one(made, factories.redemption(who, 10))
    lengthen(short, SHORT)
    lengthen(long, entries)
    shop.analyze()


def lengthen(who, entries):
    """Give a member so many entries more, each with a spent lot; sums stay what they are."""
    from django.db import connection

    from transactions.models import Entry, Lot

    origin = who.lots.get().pk
    last = Entry.objects.order_by("-pk").values_list("pk", flat=True).first()
    skipped = {
        "id": f"{last} + n.i",
        "sequence": "e.sequence + 1000000000 + n.i",
        "points": "CASE n.i %% 2 WHEN 0 THEN 1 ELSE -1 END",
    }
    entry = [field.column for field in Entry._meta.concrete_fields]
    lot = [field.column for field in Lot._meta.concrete_fields]
    numbers = {
        "postgresql": "generate_series(1, %(count)s) AS n(i)",
        "sqlite": "(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %(count)s) "
        "SELECT i FROM c) n",
    }[connection.vendor]
    parts = {
        "entry": ", ".join(entry),
        "entry_values": ", ".join(skipped.get(name, f"e.{name}") for name in entry),
        "numbers": numbers,
        "lot": ", ".join(lot),
        "lot_values": ", ".join({"entry_id": "n.id", "remaining": "0"}.get(name, f"l.{name}") for name in lot),
    }
    values = {"entry": origin, "last": last, "count": entries // 2 * 2}
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement.format(**parts), values)
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval('transactions_entry_id_seq', (SELECT max(id) FROM transactions_entry))")


def measure(rounds):
    """{what: [microseconds with few entries, microseconds with many]}, medians of rounds in turn."""
    from members.models import Balance, Member
    from tests.support import factories

    warm, short, long = Member.objects.order_by("pk")
    program_id, via = shop.way_in()
    made = factories.Program.objects.get(pk=program_id)

    def read(who):
        return list(Balance.objects.filter(member=who).values_list("currency", "available"))

    def post(who):
        return factories.post_one(made, factories.purchase(who, 1250), via=via)

    def latest(who):
        return list(who.entries.order_by("-sequence").values_list("points", "sequence")[:20])

    outcome = {}
    for name, deed in (("read the balance", read), ("post a purchase", post), ("read the last 20 entries", latest)):
        times = {short: [], long: []}
        for _ in range(20):
            deed(warm)
        for _ in range(rounds):
            for who, taken in times.items():
                started = time.perf_counter()
                deed(who)
                taken.append((time.perf_counter() - started) * 1e6)
        outcome[name] = [median(taken) for taken in times.values()]
    return outcome


def check(entries):
    """Raises AssertionError unless the long history is there and its sums agree with the balances."""
    from django.db.models import Sum

    from members.models import Balance, Member
    from transactions.models import Entry

    assert Member.objects.order_by("pk").last().entries.count() >= entries
    sums = dict(Entry.objects.order_by().values_list("currency").annotate(Sum("points")))
    balances = dict(Balance.objects.order_by().values_list("currency").annotate(Sum("available")))
    assert sums == balances, (sums, balances)


def show(outcome):
    for name, (short, long) in outcome.items():
        ratio = long / short
        verdict = report.verdict(ratio <= GOAL)
        print(f"  {name:<28} {short:>8,.0f} us {long:>8,.0f} us   ratio {ratio:.2f}  goal {GOAL}: {verdict}")


if __name__ == "__main__":
    command.run(main)
