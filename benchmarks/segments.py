"""What does a night of five segments, and of activity scores, cost that hold a million members?

    python benchmarks/segments.py [--quick] [--rounds N] [--json FILE]

On a private PostgreSQL (TEST_DATABASE_URL: new databases on that server), of a million members with two purchases, a
tier, a balance and a tag each: holders of a tier, who has not bought for 90 days, who spent so much in a year, tagged
members with a balance, newcomers. The floor is SQL written for this one program, which looks at all members at once
and writes the same rows; both take turns. Nothing is printed before both have written the same. Beside it a second
night, in which nothing has changed, and a live count of each segment.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import command, databases, report, segmented
from benchmarks.stage.crew import crew

#: So many times as long as the floor may the night take.
GOAL = 3
STEPS = ("five segments", "scores")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="50,000 instead of a million")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    members = 50_000 if options.quick else 1_000_000
    with databases.postgresql() as (what, environment):
        with crew(environment, 1) as process:
            process.call(segmented.build, members)
        with crew(environment, 1) as process:
            rounds = [measure(process) for _ in range(options.rounds)]
            counted = process.call(segmented.live, datetime.now(UTC))
        print(f"{report.machine()}\n{what}\n{members:,} members (min - median - max of {options.rounds} rounds)")
        show(rounds)
        show_live(counted)
    if options.json:
        report.write(options.json, machine=report.machine(), rounds=rounds, live=counted)


def measure(process):
    """{what: (seconds of the first, of the second time) for each of STEPS} of the floor and of the night."""
    now, found, stored = datetime.now(UTC), {}, []
    for name, way in (("floor", segmented.floor), ("night", segmented.night)):
        process.call(segmented.clear)
        first = process.call(way, now)
        stored.append(process.call(segmented.written))
        again = process.call(way, now)
        stored.append(process.call(segmented.written))
        found[name] = list(zip(first, again, strict=True))
    counted, _, scores, _ = stored[0]
    assert counted.keys() == segmented.SEGMENTS.keys(), counted
    assert scores, "nobody has a score"
    assert all(one == stored[0] for one in stored), [one[0] for one in stored]
    return found | {"members": counted, "scores": scores}


def show(rounds):
    print(f" in them: {rounds[0]['members']}; scores: {rounds[0]['scores']:,}")
    for place, step in enumerate(STEPS):
        for turn, title in enumerate(("all is new", "nothing has changed")):
            floors, nights = ([one[name][place][turn] for one in rounds] for name in ("floor", "night"))
            ratios = [night / floor for night, floor in zip(nights, floors, strict=True)]
            print(f" {step}, {title}")
            print(f"  {'floor, s':<40} {report.spread(floors, '{:.2f}')}")
            print(f"  {'night, s':<40} {report.spread(nights, '{:.2f}')}")
            print(f"  {'night / floor':<40} {report.spread(ratios, '{:.2f}')}")
            print(f"  {'goal':<40} <= {GOAL} {report.verdict(sorted(ratios)[len(ratios) // 2] <= GOAL)}")


def show_live(counted):
    print(" counted live: by hand, s; the product, s")
    for code, (by_hand, seconds, count) in counted.items():
        print(f"  {code:<12} {count:>9,}  {by_hand:.2f}  {seconds:.2f}  {seconds / by_hand:.2f}")


if __name__ == "__main__":
    command.run(main)
