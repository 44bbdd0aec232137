"""What does it cost to remind few and very few of a million of what ends, compared with SQL that does the same?

    python benchmarks/reminders.py [--quick] [--rounds N] [--json FILE]

On a private PostgreSQL (TEST_DATABASE_URL: new databases on that server), of points (a million lots of 250,000
members) and of tiers (a million members): every 10,000th has something that ends a week from tomorrow, every 100th a
week from today. The floor is SQL written for this one program, that finds them by the same index and makes the same
events; both take turns and are taken back. Nothing is printed before both have told the same, word for word. Beside
it: the same events from rows that are there, a night in which nothing ends, and monthly statements.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import command, databases, reminded, report
from benchmarks.stage.crew import crew

#: Lots of each member.
EACH = 4
STATEMENTS = 20_000
#: So many times as long as the floor may the night take.
GOAL = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="50,000 instead of a million")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    count = 50_000 if options.quick else 1_000_000
    print(report.machine())
    facts = {}
    for kind, members in ((reminded.POINTS, count // EACH), (reminded.TIERS, count)):
        with databases.postgresql() as (what, environment):
            with crew(environment, 1) as process:
                process.call(reminded.build, kind, members, EACH)
            with crew(environment, 1) as process:
                print(f"\n{what}\n{kind} that end, of {members:,} members")
                print(f"(min - median - max of {options.rounds} rounds)")
                facts[kind] = measure_all(process, kind, members, options.rounds)
    if options.json:
        report.write(options.json, machine=report.machine(), **facts)


def measure_all(process, kind, members, rounds):
    found = {share: measure(process, kind, share, members, rounds) for share in reminded.SHARES}
    quiet = [process.call(reminded.remind, kind, 0) for _ in range(3)]
    assert not any(keys or told for _, _, keys, told in quiet)
    print(f" a night in which nothing ends: {min(one[1] for one in quiet) * 1000:.1f} ms")
    if kind == reminded.POINTS:
        most = min(members, STATEMENTS)
        seconds, stated = process.call(reminded.state, most)
        assert stated == most, stated
        print(f" {stated:,} monthly statements in {seconds:.2f} s: {stated / seconds:,.0f} a second")
    return found


def measure(process, kind, share, members, rounds):
    """[(floor, seconds to find them, seconds in all)], printed, after a first one of each that is not counted."""
    found = []
    for _ in range(rounds + 1):
        floor, expected = process.call(reminded.floor, kind, share)
        finding, seconds, keys, told = process.call(reminded.remind, kind, share)
        assert keys == members // share, (keys, members // share)
        assert told == expected, [pair for pair in zip(told, expected, strict=False) if pair[0] != pair[1]][:1]
        assert len(told) == keys if kind == reminded.POINTS else 0 < len(told) < keys, len(told)
        found.append((floor, finding, seconds))
    alone = process.call(reminded.write_alone, kind, share)
    show(share, len(told), keys, found[1:], alone)
    return found[1:]


def show(share, told, keys, values, alone):
    floors, finding, seconds = zip(*values, strict=True)
    ratios = [whole / floor for whole, floor in zip(seconds, floors, strict=True)]
    print(f" {100 / share:g} % are due: {keys:,} members found, {told:,} told")
    for title, row, pattern in (
        ("the same events from rows that are there, s", [alone], "{:.4f}"),
        ("floor: find them, make the same events, s", floors, "{:.4f}"),
        ("night: find them, s", finding, "{:.4f}"),
        ("night: all of it, s", seconds, "{:.4f}"),
        ("night / floor", ratios, "{:.2f}"),
    ):
        print(f"  {title:<60} {report.spread(row, pattern)}")
    print(f"  {'goal':<60} <= {GOAL} {report.verdict(sorted(ratios)[len(ratios) // 2] <= GOAL)}")


if __name__ == "__main__":
    command.run(main)
