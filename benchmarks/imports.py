"""How long does a file of purchases take, over two connections, over one, and by the code of an earlier commit?

    python benchmarks/imports.py [--quick] [--rows N] [--rounds N] [--before REV] [--json FILE]

Starts a PostgreSQL of its own (TEST_DATABASE_URL: new databases on that server). In every round each contender imports
the same file into a new copy of a database with one program and no members, in a process of its own. Before anything
is printed, facts and sums are what the file says, and two connections have written what one has, entry by entry.
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import databases, earlier, purchases, report
from benchmarks.stage.crew import crew
from benchmarks.stage.report import Ratio
from tests import matrix

NAMES = {
    "copy": "COPY of the rows into a bare table",
    "import": "import",
    "before": "import as it was",
}
RATIOS = [
    Ratio("two connections / one", ("import", 2), ("import", 1)),
    Ratio("two connections / as it was", ("import", 2), ("before", 1), 1.7),
    Ratio("one connection / as it was", ("import", 1), ("before", 1)),
    Ratio("two connections / COPY", ("import", 2), ("copy", 1)),
]


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
    print(f"{what}\n{rows:,} rows of {rows // purchases.EACH:,} customers, who are enrolled by the way")
    rates = [{key: rows / seconds for key, (seconds, _) in one.items()} for one in measured]
    report.show("rows a second", rates, RATIOS, NAMES)
    memory = max(memory for one in measured for key, (_, memory) in one.items() if key == ("import", 2))
    print(f"  peak memory over two connections {memory:.0f} MB")
