"""How long does it take to end all, some or very few of a million lots, compared with the least that must be done?

    python benchmarks/expiry.py [--quick] [--rounds N] [--json FILE]

The floor finds who is due and does the UPDATE of what remains of the same lots, in batches of the same size. On a
private PostgreSQL (TEST_DATABASE_URL: new databases on that server) the members' lots end night by night, each time
those of every 10,000th or every 100th member. Floor and sweep take turns, each in a copy of its own; then, in new
copies, all that is left ends at once. At the end a sweep is killed on the way and started again. Nothing is printed
before the counts of every night are right and the audit of all that the last one wrote is clean.
"""

import argparse
import multiprocessing
import os
import signal
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import command, databases, lots, report
from benchmarks.stage.crew import crew

#: Lots of each member, all with one end: several a month are usual; one is the hardest.
SHAPES = (4, 1)
#: Every n-th member is due: {n: how many times as long as the floor may the sweep take}.
GOALS = {10_000: 3, 100: 3, 1: 6}
#: So many nights of each share in a round: short ones, the first of which find nothing in memory, need more.
NIGHTS = {10_000: 4, 100: 1, 1: 1}
MOST_MB = 300


@dataclass(frozen=True, slots=True)
class Night:
    """What was measured when the lots of every `nth` member ended, in seconds; `memory` in MB at most until then."""

    nth: int
    lots: int
    floor: float
    sweep: float
    memory: float


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
        what, nights, audit = measure(count, each, rounds)
        small = [] if options.quick else measure(count // 10, each, rounds)[1]
        show(what, count, each, nights, audit)
        show_growth(small, nights)
        facts[f"{each} lots a member"] = [asdict(night) for night in (*small, *nights)]
    print(f"\n{killed(min(count, 100_000), SHAPES[0])}")
    if options.json:
        report.write(options.json, machine=report.machine(), lots=count, **facts)


def measure(count, each, rounds):
    """(what the database is, Nights, audit): the few, night by night, in one pair of copies; all in new ones."""
    members = count // each
    first = datetime.now(UTC) - timedelta(days=1)
    shares = [nth for nth in (10_000, 100) for _ in range(NIGHTS[nth] * rounds)]
    ends = [(nth, first + timedelta(minutes=place)) for place, nth in enumerate([*shares, 1])]
    with databases.postgresql() as (what, environment):
        with crew(environment, 1) as process:
            process.call(lots.build, members, each, ends)
        nights, _ = compare(environment, members, each, ends[:-1])
        for place in range(rounds):
            whole, audit = compare(environment, members, each, ends[-1:], with_audit=place == rounds - 1)
            nights += whole
    return what, nights, audit


def compare(environment, members, each, ends, *, with_audit=False):
    """([Night], audit): floor and sweep in turns, each in a copy of the database, the same nights in both."""
    nights = []
    with databases.copy(environment) as one, databases.copy(environment) as other:
        with crew(one, 1) as floor, crew(other, 1) as sweep:
            before = ends[0][1] - timedelta(days=1)
            # Both are connected, and the program is compiled, before anything is measured.
            assert floor.call(lots.floor, before)[1] == 0
            assert sweep.call(lots.expire, before)[1] == (0, 0, 0, 0)
            nights = [night(floor, sweep, nth, at, each) for nth, at in ends]
        with crew(other, 1) as process:
            process.call(lots.check, ends[-1][1], members, each)
            audit = process.call(lots.audit) if with_audit else None
    return nights, audit


def night(floor, sweep, nth, at, each):
    """One Night; what both did is compared with what was due."""
    members, count = sweep.call(lots.due, at)
    assert members * each == count > 0, (members, count)
    floor.call(lots.checkpoint)
    least, updated = floor.call(lots.floor, at)
    assert updated == count, f"the floor updated {updated} of {count} lots"
    sweep.call(lots.checkpoint)
    seconds, swept, memory = sweep.call(lots.expire, at)
    assert swept == (members, members, count, count * lots.POINTS), swept
    return Night(nth, count, least, seconds, memory)


def killed(count, each):
    """Kill a sweep with SIGKILL between its batches, start it again, and check that all is as if nothing had been."""
    members, now = count // each, datetime.now(UTC)
    with databases.postgresql() as (_, environment):
        with crew(environment, 1) as process:
            process.call(lots.build, members, each, [(1, now - timedelta(hours=1))])
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        victim = multiprocessing.get_context("spawn").Process(target=_victim, args=(environment, now, theirs))
        victim.start()
        done = 0
        while done < count // 3:
            done += ours.recv()
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        with crew(environment, 1) as process:
            _, swept, _ = process.call(lots.expire, now)
            assert 0 < swept[2] <= count - done, (swept, done)
            process.call(lots.check, now, members, each)
            process.call(lots.audit)
    return f"killed after {done:,} of {count:,} lots and started again: it did {swept[2]:,} more; the audit is clean"


def _victim(environment, now, pipe):
    databases.use(environment)
    lots.expire_in_batches(now, pipe)


def show(what, count, each, nights, audit):
    print(f"\n{what}\n{count:,} lots, {each} a member (min - median - max)")
    for nth, goal in GOALS.items():
        ours = [night for night in nights if night.nth == nth]
        lots_due = " or ".join(f"{lots:,}" for lots in sorted({night.lots for night in ours}))
        print(f" {100 / nth:g} % are due: {lots_due} lots, {len(ours)} nights")
        ratios = [night.sweep / night.floor for night in ours]
        for title, values, pattern in (
            ("floor: find them, update what remains, s", [night.floor for night in ours], "{:.3f}"),
            ("sweep: entries, traces, lots, balances, members, chains, s", [night.sweep for night in ours], "{:.3f}"),
            ("sweep / floor", ratios, "{:.2f}"),
        ):
            print(f"  {title:<60} {report.spread(values, pattern)}")
        verdict = report.verdict(sorted(ratios)[len(ratios) // 2] <= goal)
        print(f"  {'goal':<60} <= {goal} {verdict}")
    memory, (seconds, audit_memory) = max(night.memory for night in nights), audit
    print(f" peak memory of a sweep: {memory:.0f} MB, goal <= {MOST_MB} {report.verdict(memory <= MOST_MB)}")
    print(f" audit of all of it after the last night: clean in {seconds:.0f} s, {audit_memory:.0f} MB")


def show_growth(small, large):
    pairs = zip((n for n in small if n.nth == 1), (n for n in large if n.nth == 1), strict=True) if small else ()
    growth = [b.sweep / a.sweep for a, b in pairs]
    if growth:
        print(f" ten times the lots, all due, take so many times as long: {report.spread(growth, '{:.1f}')}")


if __name__ == "__main__":
    command.run(main)
