"""What do the birthdays of few and very few of a million members cost, compared with the least that must be done?

    python benchmarks/occasions.py [--quick] [--rounds N] [--json FILE]

The floor finds whose birthday it is and inserts the same journals, entries, lots and balances by SQL, in batches of
the same size. On a private PostgreSQL (TEST_DATABASE_URL: a new database on that server) floor and night take turns
for every 10,000th and every 100th member; both are taken back, so all rounds begin alike. Nothing is printed before
both have counted the same members.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import celebrants, command, databases, report
from benchmarks.stage.crew import crew

#: So many times as long as the floor may the night take.
GOAL = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="50,000 members, less than a minute")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    members = 50_000 if options.quick else 1_000_000
    print(report.machine())
    with databases.postgresql() as (what, environment):
        with crew(environment, 1) as process:
            process.call(celebrants.build, members)
        with crew(environment, 1) as process:
            rounds = {nth: measure(process, nth, members, options.rounds) for nth in celebrants.DAYS}
    print(f"\n{what}\n{members:,} members (min - median - max of {options.rounds} rounds)")
    for nth, values in rounds.items():
        show(nth, members, values)
    if options.json:
        report.write(
            options.json, machine=report.machine(), members=members, rounds={str(n): v for n, v in rounds.items()}
        )


def measure(process, nth, members, rounds):
    """[(floor, seconds to find them, seconds in all)], after a first one of each that is not counted."""
    found = []
    for _ in range(rounds + 1):
        floor, count = process.call(celebrants.floor, nth)
        finding, seconds, given = process.call(celebrants.give, nth)
        assert count == given == members // nth, (count, given)
        found.append((floor, finding, seconds))
    return found[1:]


def show(nth, members, values):
    floors, finding, seconds = zip(*values, strict=True)
    ratios = [whole / floor for whole, floor in zip(seconds, floors, strict=True)]
    print(f" {100 / nth:g} % are due: {members // nth:,} members")
    for title, row, pattern in (
        ("floor: find them, insert the same rows, s", floors, "{:.3f}"),
        ("night: find them, s", finding, "{:.3f}"),
        ("night: all of it, s", seconds, "{:.3f}"),
        ("night / floor", ratios, "{:.2f}"),
    ):
        print(f"  {title:<60} {report.spread(row, pattern)}")
    print(f"  {'goal':<60} <= {GOAL} {report.verdict(sorted(ratios)[len(ratios) // 2] <= GOAL)}")


if __name__ == "__main__":
    command.run(main)
