"""How long does a night take to remind those whose points end, among a million lots of others?

    python benchmarks/reminders.py [--quick] [--json FILE]

On a private PostgreSQL (TEST_DATABASE_URL: new databases on that server) the lots of every 10,000th member end in 30
days, those of every 100th in 7, all others in a year. The night of a day on which nothing ends, then that of today;
beside it the same events written by themselves, and one statement that looks at every lot. At the end the monthly
statements of some members. What was told is counted before anything is printed.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from datetime import timedelta

from benchmarks.stage import command, databases, lots, report, telling
from benchmarks.stage.crew import crew

#: Lots of each member.
EACH = 4
#: {days before: every n-th member is due}.
TRIGGERS = {30: 10_000, 7: 100}
A_YEAR = 365
STATEMENTS = 20_000
#: Times what writing the same rows takes.
GOAL = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100,000 lots")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    count = 100_000 if options.quick else 1_000_000
    print(report.machine())
    facts = [measure(size) for size in ((count,) if options.quick else (count // 10, count))]
    if options.json:
        report.write(options.json, machine=report.machine(), reminders=facts)


def measure(count):
    """The facts of one size, printed."""
    members = count // EACH
    with databases.postgresql() as (what, environment), crew(environment, 1) as process:
        day, ends = process.call(telling.ends_of, [*TRIGGERS, A_YEAR])
        process.call(lots.build, members, EACH, list(zip([*TRIGGERS.values(), 1], ends, strict=True)))
        process.call(telling.listen, list(TRIGGERS))
        process.call(telling.settle_down)
        quiet = [process.call(telling.remind, day + timedelta(days=1)) for _ in range(3)]
        assert not any(told for *_, told in quiet)
        found, keys, seconds, told = process.call(telling.remind, day)
        scanned, there = process.call(telling.scan, day, 7)
        expected = there + members // TRIGGERS[30]
        assert told == keys == expected, (told, keys, expected)
        assert process.call(telling.remind, day)[3] == 0
        floor, written = process.call(telling.write_alone)
        assert written == told, (written, told)
        stated, statements = process.call(telling.state, min(members, STATEMENTS))
        assert statements == min(members, STATEMENTS), statements
    print(f"\n{what}\n{count:,} lots of {members:,} members")
    print(f"  a day on which nothing ends: {min(one[0] for one in quiet) * 1000:.1f} ms")
    print(f"  {told:,} members found in {found * 1000:.1f} ms and told in {seconds:.2f} s")
    print(
        f"  the same events written by themselves: {floor:.3f} s, {(found + seconds) / floor:.1f} times; goal {GOAL}"
    )
    print(f"  one statement over every lot: {scanned * 1000:.1f} ms")
    print(f"  {statements:,} monthly statements in {stated:.2f} s: {statements / stated:,.0f} a second")
    return {
        "lots": count,
        "quiet_ms": min(one[0] for one in quiet) * 1000,
        "members": told,
        "found_ms": found * 1000,
        "told_s": seconds,
        "floor_s": floor,
        "scan_ms": scanned * 1000,
        "statements": statements,
        "stated_s": stated,
    }


if __name__ == "__main__":
    command.run(main)
