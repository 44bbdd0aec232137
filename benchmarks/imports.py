"""How long does a file of purchases take: over two connections, over one, and by the code of an earlier commit?

    python benchmarks/imports.py [--quick] [--rows N] [--rounds N] [--before REV] [--json FILE]

Starts a PostgreSQL of its own (TEST_DATABASE_URL: new databases on that server). In every round all contenders import
the same file in turn, each in a new process and a new copy of a database with one program and no members. Nothing is
printed before facts and sums are those of the file, and two connections have written what one has, entry by entry.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import command, databases, earlier, purchases, report
from benchmarks.stage.crew import crew
from benchmarks.stage.purchases import Sums
from benchmarks.stage.report import Ratio
from tests import matrix

TWO, ONE, BEFORE, COPY = ("import", 2), ("import", 1), ("before", 1), ("copy", 1)
NAMES = {"import": "import", "before": "import as it was", "copy": "floor: COPY of the rows into a bare table"}
RATIOS = [
    Ratio("two connections / one", TWO, ONE),
    Ratio("two connections / as it was", TWO, BEFORE, 1.7),
    Ratio("one connection / as it was", ONE, BEFORE),
    Ratio("COPY / two connections", COPY, TWO),
]
MOST_MB = 200


@dataclass(frozen=True, slots=True)
class Taken:
    """What one contender needed for the file, `memory` in MB; `written` is a hash of what the ledger holds then."""

    seconds: float
    memory: float
    written: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="5,000 rows, less than a minute")
    parser.add_argument("--rows", type=int, help="default: 200,000, and 5,000 in short")
    parser.add_argument("--rounds", type=int, help="default: 3, and 2 in short")
    parser.add_argument("--before", metavar="REV", help="also measure the import of that commit, in the same rounds")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    rows, rounds = (5_000, 2) if options.quick else (200_000, 3)
    rows, rounds = options.rows or rows, options.rounds or rounds
    print(report.machine())
    with ExitStack() as stack:
        tree = stack.enter_context(earlier.tree(options.before)) if options.before else None
        what, environment = stack.enter_context(databases.postgresql())
        file = stack.enter_context(matrix.folder()) / "purchases.csv"
        expected = purchases.write(file, rows)
        places = stack.enter_context(built(environment, tree))
        measured = [measure(places, file, expected) for _ in range(rounds)]
    print(f"{what}\n{rows:,} rows of about {rows // purchases.EACH:,} customers, who are enrolled on the way")
    rates = [{key: rows / taken.seconds for key, taken in one.items()} for one in measured]
    report.show("import", rates, RATIOS, NAMES, rate="rows a second")
    memory = max(one[TWO].memory for one in measured)
    verdict = report.verdict(memory <= MOST_MB)
    print(f"  {'peak memory over two connections':<58} {memory:.0f} MB  goal {MOST_MB}: {verdict}")
    print(report.machine())
    if options.json:
        report.write(options.json, machine=report.machine(), rows=rows, memory=memory, rounds=report.plain(rates))


@contextmanager
def built(environment: dict[str, str], tree: str | None) -> Iterator[dict[tuple[str, int], dict[str, str]]]:
    """Yields the environment of the database whose copies each contender gets."""
    with ExitStack() as stack:
        places = {TWO: environment, ONE: environment, COPY: environment}
        if tree:
            before = stack.enter_context(databases.beside(environment)) | {earlier.TREE: tree}
            with crew(before, 1) as process:
                process.call(earlier.check, tree)
                process.call(purchases.build)
            places = {TWO: environment, BEFORE: before, ONE: environment, COPY: environment}
        with crew(environment, 1) as process:
            process.call(purchases.build)
        yield places


def measure(
    places: dict[tuple[str, int], dict[str, str]], file: Path, expected: Sums
) -> dict[tuple[str, int], Taken]:
    """One round."""
    taken = {key: take(key, environment, file, expected) for key, environment in places.items()}
    assert taken[TWO].written == taken[ONE].written, "two connections have not written what one has"
    return taken


def take(key: tuple[str, int], environment: dict[str, str], file: Path, expected: Sums) -> Taken:
    with databases.copy(environment) as its, crew(its, 1) as process:
        if key == COPY:
            return Taken(process.call(purchases.copy, file, expected.facts), 0, "")
        seconds, memory = process.call(purchases.take, file, None if key == BEFORE else key[1])
        found = process.call(purchases.sums)
        assert found == expected, f"the file has {expected}, the ledger {found}"
        return Taken(seconds, memory, process.call(purchases.written))


if __name__ == "__main__":
    command.run(main)
