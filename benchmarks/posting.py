"""How many posts a second does the ledger take, compared with the floor below it and with the usual way?

    python benchmarks/posting.py [--quick] [--only postgresql|sqlite] [--json FILE]

Starts a database of its own (TEST_DATABASE_URL: a new database on that server), measures all contenders in
turn in every round, and checks before it prints that rows, sums and balances are what was acknowledged.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import databases, report, shop
from benchmarks.stage.contenders import floor, naive
from benchmarks.stage.crew import crew
from benchmarks.stage.report import Ratio
from tests import matrix

NAMES = {
    "pgbench": "pgbench, five prepared statements",
    "five": "plain psycopg, five prepared statements",
    "replay": "plain psycopg, the engine's own statements",
    "one": "engine, batch of one",
    "500": "engine, batches of 500",
    "hot": "engine, batch of one, all to one member",
    "naive": "save + signal that re-sums the ledger",
    "five-sqlite": "plain sqlite3, five statements",
}
ON_POSTGRESQL = [(name, hands) for hands in (1, 8) for name in ("pgbench", "five", "replay", "one", "500", "naive")]
ON_POSTGRESQL.append(("hot", 8))
ON_SQLITE = [("five-sqlite", 1), ("one", 1), ("500", 1), ("naive", 1)]

RATIOS = [
    Ratio("batch of one / engine's statements replayed", ("one", 1), ("replay", 1), 0.6),
    Ratio("batch of one / five statements by psycopg", ("one", 1), ("five", 1)),
    Ratio("batch of one / five statements by pgbench", ("one", 1), ("pgbench", 1), 0.6),
    Ratio("batch of one / engine's statements replayed, 8", ("one", 8), ("replay", 8)),
    Ratio("batch of one / five statements by psycopg, 8", ("one", 8), ("five", 8)),
    Ratio("batch of one / five statements by pgbench, 8", ("one", 8), ("pgbench", 8), 0.4),
    Ratio("batches of 500 / batch of one", ("500", 1), ("one", 1), 12),
    Ratio("batches of 500 / batch of one, 8", ("500", 8), ("one", 8)),
    Ratio("batch of one / save + signal", ("one", 1), ("naive", 1), 1.2),
    Ratio("batch of one / save + signal, 8", ("one", 8), ("naive", 8)),
    Ratio("one hot member / spread members, 8", ("hot", 8), ("one", 8), 0.5),
]
SQLITE_RATIOS = [
    Ratio("batch of one / five statements by sqlite3", ("one", 1), ("five-sqlite", 1), 0.3),
    Ratio("batches of 500 / batch of one", ("500", 1), ("one", 1)),
    Ratio("batch of one / save + signal", ("one", 1), ("naive", 1)),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="about a minute; the full run takes about ten")
    parser.add_argument("--only", choices=["postgresql", "sqlite"])
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    members, rounds, seconds = (2_000, 3, 0.6) if options.quick else (20_000, 9, 3)
    print(report.machine())
    print(f"a promise of 8 kB to the disk takes {databases.sync_cost():,.0f} us")
    print(f"{members:,} members, {rounds} rounds of {seconds} s each; hordak: not compared, it is not installed")
    facts = {}
    for vendor, kinds, ratios in (("postgresql", ON_POSTGRESQL, RATIOS), ("sqlite", ON_SQLITE, SQLITE_RATIOS)):
        if options.only in (None, vendor):
            facts[vendor] = run_apart(vendor, kinds, ratios, members=members, rounds=rounds, seconds=seconds)
    if options.json:
        report.write(options.json, machine=report.machine(), members=members, seconds=seconds, **facts)


def run_apart(vendor, kinds, ratios, *, members, rounds, seconds):
    """Measure on one database; this process stays free of Django, whose settings hold for one database only."""
    with getattr(databases, vendor)() as (what, environment):
        print(f"\n{what}")
        with crew(environment, 1) as chief:
            print(chief.call(report.versions))
            chief.call(build, members)
        with crew(environment, max(hands for _, hands in kinds)) as hands:
            measured, acknowledged = measure(hands, environment, kinds, rounds=rounds, seconds=seconds)
            hands.call(check, acknowledged)
        report.show(vendor, measured, ratios, NAMES)
        return report.plain(measured)


def build(members):
    shop.build(members)
    floor.build()
    naive.build()
    # What the database does by itself within a minute: without it, plans are those of empty tables.
    shop.analyze()


def check(acknowledged):
    shop.check(sum(acknowledged[name] for name in ("one", "500", "hot", "replay")))
    floor.check(sum(acknowledged[name] for name in ("five", "five-sqlite", "pgbench")))
    naive.check(acknowledged["naive"])


def measure(hands, environment, kinds, *, rounds, seconds):
    """([{key: posts a second}], Counter of acknowledged posts); the first round only warms up."""
    measured, acknowledged = [], Counter()
    for _ in range(rounds + 1):
        rates = {}
        for name, count in kinds:
            if name == "pgbench":
                outcome = pgbench(environment, count, seconds)
            else:
                outcome = hands.run(name, hands=count, seconds=seconds)
            if outcome:
                acknowledged[name] += outcome[0]
                rates[name, count] = outcome[1]
        measured.append(rates)
    return measured[1:], acknowledged


def pgbench(environment, connections, seconds):
    """(posts, posts a second) of the program that comes with PostgreSQL; None where it is not installed."""
    program = shutil.which("pgbench")
    if not program:
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(floor.PGBENCH.format(members=floor.MEMBERS))
        script.flush()
        each = ["-T", str(max(1, round(seconds))), "-c", str(connections), "-j", "2"]
        command = [program, "-n", "-M", "prepared", "-f", script.name, *each, environment["DATABASE_URL"]]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return read_pgbench(done.stdout)


def read_pgbench(text):
    values = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    rate = next(line for line in text.splitlines() if line.startswith("tps = "))
    posts = int(values["number of transactions actually processed"].split("/")[0])
    return posts, float(rate.split()[2])


if __name__ == "__main__":
    try:
        main()
    except matrix.Unavailable as reason:
        sys.exit(f"Not measured: {reason}")
