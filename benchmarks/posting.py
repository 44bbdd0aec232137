"""How many posts a second does the ledger take, compared with its floor, with its peers and with what it was?

    python benchmarks/posting.py [--quick] [--only postgresql|sqlite] [--before REV] [--json FILE]

Starts a database of its own (TEST_DATABASE_URL: a new database on that server), measures all contenders in
turn in every round, and checks before it prints that rows, sums and balances are what was acknowledged.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import command, databases, earlier, offers, report, shop
from benchmarks.stage.contenders import floor, hordak, naive
from benchmarks.stage.crew import Crew, crew
from benchmarks.stage.report import Ratio

NAMES = {
    "pgbench": "pgbench, five prepared statements",
    "five": "plain psycopg, five prepared statements",
    "replay": "plain psycopg, the engine's own statements",
    "one": "engine, batch of one",
    "500": "engine, batches of 500",
    "hot": "engine, batch of one, all to one member",
    "shared": "engine, one at a time by 8 threads of one process",
    "before-one": "engine as it was, batch of one",
    "before-500": "engine as it was, batches of 500",
    "shaped-one": "50 rules and 20 promotions, batch of one",
    "shaped-500": "50 rules and 20 promotions, batches of 500",
    "hordak": "django-hordak, a transaction with two legs",
    "orm": "five statements by the ORM",
    "naive": "save + signal that re-sums, 10 entries each",
    "naive-1000": "save + signal that re-sums, 1,000 entries each",
    "five-sqlite": "plain sqlite3, five statements",
}
EVERYWHERE = ("one", "500", "orm", "naive", "naive-1000")
ON_POSTGRESQL = [(name, hands) for hands in (1, 8) for name in ("pgbench", "five", "replay", "hordak", *EVERYWHERE)]
ON_POSTGRESQL += [("500", 2), ("hot", 8), ("shared", 1)]
#: The same load on a program that marketing has shaped for years.
SHAPED = [("shaped-one", 1), ("shaped-500", 1)]
ON_SQLITE = [(name, 1) for name in ("five-sqlite", *EVERYWHERE)]
#: The same load on both databases: what grew twice as much is slower to write to.
BEFORE = {
    "postgresql": [("before-one", 1), ("before-500", 1), ("before-500", 2), ("before-one", 8), ("before-500", 8)],
    "sqlite": [("before-one", 1), ("before-500", 1)],
}

SHAPED_RATIOS = [
    Ratio("50 rules and 20 promotions / three rules, one", ("shaped-one", 1), ("one", 1), 0.67),
    Ratio("50 rules and 20 promotions / three rules, 500", ("shaped-500", 1), ("500", 1), 0.67),
]
RATIOS = [
    Ratio("batch of one / engine's statements replayed", ("one", 1), ("replay", 1), 0.6),
    Ratio("batch of one / five statements by psycopg", ("one", 1), ("five", 1)),
    Ratio("batch of one / five statements by pgbench", ("one", 1), ("pgbench", 1), 0.6),
    Ratio("batch of one / engine's statements replayed, 8", ("one", 8), ("replay", 8)),
    Ratio("batch of one / five statements by psycopg, 8", ("one", 8), ("five", 8)),
    Ratio("batch of one / five statements by pgbench, 8", ("one", 8), ("pgbench", 8), 0.4),
    Ratio("batches of 500 / batch of one", ("500", 1), ("one", 1), 12),
    Ratio("batches of 500 / batch of one, 8", ("500", 8), ("one", 8)),
    Ratio("batches of 500, two connections / one", ("500", 2), ("500", 1), 1.6),
    Ratio("batch of one / django-hordak", ("one", 1), ("hordak", 1), 0.8),
    Ratio("batch of one / django-hordak, 8", ("one", 8), ("hordak", 8)),
    Ratio("8 threads that share batches / django-hordak, 8", ("shared", 1), ("hordak", 8), 1.2),
    Ratio("8 threads that share batches / batch of one, 8", ("shared", 1), ("one", 8)),
    Ratio("batch of one / five statements by the ORM", ("one", 1), ("orm", 1)),
    Ratio("batch of one / five statements by the ORM, 8", ("one", 8), ("orm", 8)),
    Ratio("batch of one / save + signal, 10 entries", ("one", 1), ("naive", 1), 1.2),
    Ratio("batch of one / save + signal, 10 entries, 8", ("one", 8), ("naive", 8)),
    Ratio("batch of one / save + signal, 1,000 entries", ("one", 1), ("naive-1000", 1)),
    Ratio("batch of one / save + signal, 1,000 entries, 8", ("one", 8), ("naive-1000", 8)),
    Ratio("one hot member / spread members, 8", ("hot", 8), ("one", 8), 0.5),
]
SQLITE_RATIOS = [
    Ratio("batch of one / five statements by sqlite3", ("one", 1), ("five-sqlite", 1), 0.3),
    Ratio("batches of 500 / batch of one", ("500", 1), ("one", 1)),
    Ratio("batch of one / five statements by the ORM", ("one", 1), ("orm", 1)),
    Ratio("batch of one / save + signal, 10 entries", ("one", 1), ("naive", 1)),
    Ratio("batch of one / save + signal, 1,000 entries", ("one", 1), ("naive-1000", 1)),
]
BEFORE_RATIOS = [
    Ratio("batches of 500 / as it was", ("500", 1), ("before-500", 1), 1.7),
    Ratio("batches of 500 / as it was, 2", ("500", 2), ("before-500", 2)),
    Ratio("batch of one / as it was", ("one", 1), ("before-one", 1)),
    Ratio("batch of one / as it was, 8", ("one", 8), ("before-one", 8)),
    Ratio("batches of 500 / as it was, 8", ("500", 8), ("before-500", 8)),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="about a minute; the full run takes about a quarter hour"
    )
    parser.add_argument("--only", choices=["postgresql", "sqlite"])
    parser.add_argument("--before", metavar="REV", help="also measure the engine of that commit, in the same rounds")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    members, rounds, seconds = (2_000, 3, 0.2) if options.quick else (20_000, 9, 1.2)
    print(report.machine())
    print(f"a promise of 8 kB to the disk takes {databases.sync_cost():,.0f} us")
    print(f"{members:,} members, {rounds} rounds of {seconds} s each")
    facts = {}
    with ExitStack() as stack:
        before = stack.enter_context(earlier.tree(options.before)) if options.before else None
        for vendor, kinds, ratios in (("postgresql", ON_POSTGRESQL, RATIOS), ("sqlite", ON_SQLITE, SQLITE_RATIOS)):
            if options.only not in (None, vendor):
                continue
            kinds, ratios = in_turns(kinds, SHAPED), ratios + SHAPED_RATIOS
            if before:
                kinds, ratios = in_turns(kinds, BEFORE[vendor]), ratios + BEFORE_RATIOS
            facts[vendor] = run_apart(
                vendor, kinds, ratios, before=before, members=members, rounds=rounds, seconds=seconds
            )
    if options.json:
        report.write(options.json, machine=report.machine(), members=members, seconds=seconds, **facts)


def in_turns(kinds: list[tuple[str, int]], others: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Each of the others right behind the same kind of today's engine, so that both meet the same weather."""
    return [
        one
        for name, hands in kinds
        for one in ((name, hands), *(other for other in others if _is_same(other, name, hands)))
    ]


def _is_same(other: tuple[str, int], name: str, hands: int) -> bool:
    """Whether it is the kind `name` of another crew, by as many hands."""
    return other[0].partition("-")[2] == name and other[1] == hands


def run_apart(vendor, kinds, ratios, *, before, members, rounds, seconds):
    """Measure on one database; this process stays free of Django, whose settings hold for one database only."""
    with getattr(databases, vendor)() as (what, environment), ExitStack() as stack:
        print(f"\n{what}")
        with crew(environment, 1) as chief:
            print(chief.call(report.versions))
            chief.call(build, members)
        crews = {"engine": stack.enter_context(crew(environment, most(kinds)))}
        if any(name == "hordak" for name, _ in kinds):
            crews["hordak"] = stack.enter_context(peer(environment, most(kinds)))
        crews["shaped"] = stack.enter_context(shaped(environment, members))
        if before:
            crews["before"] = stack.enter_context(as_it_was(environment, before, members, most(BEFORE[vendor])))
        measured, acknowledged = measure(crews, environment, kinds, rounds=rounds, seconds=seconds)
        check(crews, acknowledged)
        report.show(vendor, measured, ratios, NAMES)
        return report.plain(measured)


def most(kinds: list[tuple[str, int]]) -> int:
    return max(hands for _, hands in kinds)


@contextmanager
def peer(environment: dict[str, str], size: int) -> Iterator[Crew]:
    """Yields processes of django-hordak, on a database of its own."""
    with databases.beside(environment) as its:
        its = its | {"DJANGO_SETTINGS_MODULE": "benchmarks.stage.hordak_settings"}
        with crew(its, 1) as chief:
            chief.call(hordak.build)
        with crew(its, size) as hands:
            yield hands


@contextmanager
def as_it_was(environment: dict[str, str], tree: str, members: int, size: int) -> Iterator[Crew]:
    """Yields processes that run the code in the folder `tree`, on a database of its own."""
    with databases.beside(environment) as its:
        its = its | {earlier.TREE: tree}
        with crew(its, 1) as chief:
            chief.call(earlier.check, tree)
            chief.call(shop.build, members)
            chief.call(shop.analyze)
        with crew(its, size) as hands:
            yield hands


@contextmanager
def shaped(environment: dict[str, str], members: int) -> Iterator[Crew]:
    """Yields a process that posts to a program with many rules, on a database of its own."""
    with databases.beside(environment) as its:
        with crew(its, 1) as chief:
            chief.call(shop.build, members)
            chief.call(offers.shape)
            chief.call(shop.analyze)
        with crew(its, 1) as hands:
            yield hands


def build(members):
    shop.build(members)
    floor.build()
    naive.build()
    # What the database does by itself within a minute: without it, plans are those of empty tables.
    shop.analyze()


def check(crews: dict[str, Crew], acknowledged: "Counter[str]") -> None:
    """Raises unless each database holds what was acknowledged."""
    crews["engine"].call(check_ours, acknowledged)
    crews["shaped"].call(shop.check, acknowledged["shaped-one"] + acknowledged["shaped-500"])
    crews["shaped"].call(offers.check_shape)
    if "hordak" in crews:
        crews["hordak"].call(hordak.check, acknowledged["hordak"])
    if "before" in crews:
        crews["before"].call(shop.check, acknowledged["before-one"] + acknowledged["before-500"])


def check_ours(acknowledged: "Counter[str]") -> None:
    shop.check(sum(acknowledged[name] for name in ("one", "500", "hot", "shared", "replay")))
    floor.check(sum(acknowledged[name] for name in ("five", "five-sqlite", "pgbench", "orm")))
    naive.check(10, acknowledged["naive"])
    naive.check(1_000, acknowledged["naive-1000"])


def measure(crews, environment, kinds, *, rounds, seconds):
    """([{key: posts a second}], Counter of acknowledged posts); the first round only warms up."""
    measured, acknowledged = [], Counter()
    for _ in range(rounds + 1):
        rates = {}
        for name, count in kinds:
            if name == "pgbench":
                outcome = pgbench(environment, count, seconds)
            else:
                where = next((crew for crew in ("before", "shaped", "hordak") if name.startswith(crew)), "engine")
                outcome = crews[where].run(name.removeprefix(f"{where}-"), hands=count, seconds=seconds)
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
    command.run(main)
