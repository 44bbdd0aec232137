"""How long does it take to end a million lots, compared with the least that must be done?

    python benchmarks/expiry.py [--quick] [--json FILE]

The floor is the UPDATE of what remains of the same lots, in the same batches. Each round fills databases of its
own on a private PostgreSQL (TEST_DATABASE_URL: new ones on that server): one for the floor, one for the sweep,
and at the end one whose sweep is killed on the way and started again. Nothing is printed before the counts of every
round are right and the audit of all that the last one wrote is clean.
"""

import argparse
import multiprocessing
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import databases, lots, report
from benchmarks.stage.crew import crew
from tests import matrix

GOAL, MOST_MB = 6, 300
#: Lots of each member, all with one end: several a month are usual; one is the hardest.
SHAPES = (4, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="50,000 lots, less than a minute")
    parser.add_argument("--rounds", type=int, help="default: 3, and 2 in short")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    count, rounds = (50_000, 2) if options.quick else (1_000_000, 3)
    rounds = options.rounds or rounds
    print(report.machine())
    facts = {}
    for each in SHAPES:
        small = [] if options.quick else [measure(count // 10, each) for _ in range(rounds)]
        large = [measure(count, each) for _ in range(rounds - 1)]
        large.append(measure(count, each, with_audit=True))
        show(count, each, small, large)
        facts[f"{each} lots a member"] = {"small": small, "large": large}
    print(f"\n{killed(min(count, 100_000), SHAPES[0])}")
    if options.json:
        report.write(options.json, machine=report.machine(), lots=count, **facts)


def measure(count, each, *, with_audit=False):
    """One round: the floor and the sweep, each on the same lots in a database of its own; counts are checked."""
    members = count // each
    with databases.postgresql() as (_, environment), crew(environment, 1) as process:
        process.call(lots.build, members, each)
        floor, updated = process.call(lots.floor)
        assert updated == count, f"the floor updated {updated} of {count} lots"
    with databases.postgresql() as (what, environment):
        with crew(environment, 1) as process:
            process.call(lots.build, members, each)
        with crew(environment, 1) as process:
            seconds, swept, memory = process.call(lots.expire)
        assert swept == (members, members, count, count * lots.POINTS), swept
        with crew(environment, 1) as process:
            audit = process.call(lots.check, members, each, with_audit)
    return {"what": what, "floor": floor, "sweep": seconds, "memory": memory, "audit": audit}


def killed(count, each):
    """Kill a sweep with SIGKILL between its batches, start it again, and check that all is as if nothing had been."""
    members = count // each
    with databases.postgresql() as (_, environment):
        with crew(environment, 1) as process:
            process.call(lots.build, members, each)
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        victim = multiprocessing.get_context("spawn").Process(target=_victim, args=(environment, theirs))
        victim.start()
        done = 0
        while done < count // 3:
            done += ours.recv()
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        with crew(environment, 1) as process:
            _, swept, _ = process.call(lots.expire)
            assert 0 < swept[2] <= count - done, (swept, done)
            process.call(lots.check, members, each, True)
    return f"killed after {done:,} of {count:,} lots and started again: it did {swept[2]:,} more; the audit is clean"


def _victim(environment, pipe):
    databases.use(environment)
    lots.expire_in_batches(pipe)


def show(count, each, small, large):
    print(f"\n{large[0]['what']}\n{count:,} lots, {each} a member (min - median - max of {len(large)} rounds)")
    ratios = [one["sweep"] / one["floor"] for one in large]
    for title, values, pattern in (
        ("floor: update of what remains, s", [one["floor"] for one in large], "{:.2f}"),
        ("sweep: entries, traces, lots, balances, members, chains, s", [one["sweep"] for one in large], "{:.2f}"),
        ("sweep / floor", ratios, "{:.2f}"),
        ("peak memory of the sweep, MB", [one["memory"] for one in large], "{:.0f}"),
    ):
        print(f"  {title:<60} {report.spread(values, pattern)}")
    seconds, memory = large[-1]["audit"]
    print(f"  {'audit of all of it after the last round':<60} clean in {seconds:.0f} s, {memory:.0f} MB")
    verdict = "reached" if sorted(ratios)[len(ratios) // 2] <= GOAL else "MISSED"
    memory = "reached" if max(one["memory"] for one in large) <= MOST_MB else "MISSED"
    print(f"  goal: sweep / floor <= {GOAL} {verdict}, memory <= {MOST_MB} MB {memory}")
    if small:
        growth = [b["sweep"] / a["sweep"] for a, b in zip(small, large, strict=True)]
        print(f"  {'ten times the lots take so many times as long':<60} {report.spread(growth, '{:.1f}')}")


if __name__ == "__main__":
    try:
        main()
    except matrix.Unavailable as reason:
        sys.exit(f"Not measured: {reason}")
