"""How long does a page take that looks for one of a million members?

    python benchmarks/search.py [--quick] [--only postgresql|sqlite] [--members N] [--json FILE]

The members are written straight into the tables with their constraints in place, all pages are asked for in turn
in every round, each time about another member, and every answer is checked: it shows who is looked for.
"""

import argparse
import sys
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import command, crowd, databases, looking, report
from benchmarks.stage.crew import crew

#: Milliseconds that a page may take, the median of all rounds.
GOAL = 70


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20,000 members, less than a minute")
    parser.add_argument("--only", choices=["postgresql", "sqlite"])
    parser.add_argument("--members", type=int)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    members, rounds = (20_000, 3) if options.quick else (1_000_000, 20)
    members = options.members or members
    print(report.machine())
    facts = {}
    for vendor in ("postgresql", "sqlite"):
        if options.only not in (None, vendor):
            continue
        with getattr(databases, vendor)() as (what, environment), crew(environment, 1) as hand:
            print(f"\n{what}")
            hand.call(crowd.build, members)
            facts[vendor] = hand.call(looking.measure, crowd.places(members), rounds)
        show(facts[vendor], members, rounds)
    if options.json:
        report.write(options.json, machine=report.machine(), members=members, goal_ms=GOAL, **facts)


def show(measured: dict[str, list[float]], members: int, rounds: int) -> None:
    print(f"{members:,} members, milliseconds of a page (min - median - max of {rounds} rounds), goal < {GOAL}")
    for page, times in measured.items():
        verdict = report.verdict(median(times) < GOAL)
        print(f"  {page:<55} {report.spread(times, '{:.1f}')}  {verdict}")


if __name__ == "__main__":
    command.run(main)
