"""How long does the night take for the members to whom something is due, compared with the least that must be done?

    python benchmarks/night.py [--members N] [--small N] [--rounds N] [--json FILE]

On a private PostgreSQL (TEST_DATABASE_URL: a new database on that server) the tiers of every 10,000th or every 100th
member end, night by night: a third each is renewed, lowered by one level and by two. The floor locks and writes the
same rows by their keys,
knowing what to write; the scan is one statement that compares everybody's tier with everybody's points, as most would
write it. All take turns in one database, each with members of its own; the night with one process and with two. What
each did is counted before anything is printed.
"""

import argparse
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import command, databases, report, tiers
from benchmarks.stage.crew import crew

#: Where the program is.
ZONE = ZoneInfo("Europe/Paris")
#: Every n-th member is due; {n: nights of each way in a round}. Short ones need more.
SHARES = {10_000: 3, 100: 1}
WAYS = ("floor", "scan", "alone", "night", "two")
TITLES = {
    "floor": "floor: the same rows by their keys, s",
    "scan": "scan and update, s",
    "alone": "the step without the rows that share it, s",
    "night": "night, one process, s",
    "two": "night, two processes, s",
}
GOALS = (
    ("alone", "floor", 3),
    ("night", "floor", 3),
    ("two", "floor", 3),
    ("night", "scan", 2),
    ("two", "scan", 2),
    ("two", "night", 1),
)
GROWTH, MOST_MB = 1.05, 300


@dataclass(frozen=True, slots=True)
class Taken:
    """What one way took for the `members` that were due, in seconds; `memory` in MB at most, of one process."""

    nth: int
    way: str
    members: int
    seconds: float
    memory: float


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=10_000, help="also with so few, for the growth; 0: not")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    print(report.machine())
    facts = {}
    small = measure(options.small, options.rounds)[1] if options.small else []
    what, large = measure(options.members, options.rounds)
    show(what, options.members, large)
    if small:
        show_growth(options.small, small, options.members, large)
    facts["tiers"] = [asdict(one) for one in (*small, *large)]
    if options.json:
        report.write(options.json, machine=report.machine(), members=options.members, **facts)


def measure(members, rounds):
    """(what the database is, [Taken]): all ways in turns, round by round. The first round only warms up.

    Another step of the night has its place beside this one: a stage of its own, and its own lines in WAYS.
    """
    shares = [nth for nth in SHARES if members >= nth]
    turns = [
        (nth, way)
        for _ in range(rounds + 1)
        for nth in shares
        for _ in range(SHARES[nth])
        for way in WAYS
        # What is one batch cannot be shared.
        if way != "two" or nth == min(SHARES)
    ]
    warming = len(turns) // (rounds + 1)
    first = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=len(turns))
    # Midnights: a tier holds through a day.
    ends = [(nth, first + timedelta(days=place)) for place, (nth, _) in enumerate(turns)]
    taken = []
    with databases.postgresql() as (what, environment):
        with crew(environment, 1) as process:
            process.call(tiers.build, members, ends)
        with ExitStack() as stack:
            others, one, two = (stack.enter_context(crew(environment, 1)) for _ in range(3))
            for (nth, way), (_, at) in zip(turns, ends, strict=True):
                taken.append(turn(nth, way, at, others=others, one=one, two=two))
        with crew(environment, 1) as process:
            process.call(tiers.check, members, sum(each.members for each in taken))
    return what, taken[warming:]


def turn(nth, way, at, *, others, one, two):
    """One Taken; what was done is compared with what was due."""
    members, memory = others.call(tiers.due, at), 0.0
    assert members
    others.call(tiers.checkpoint)
    if way in ("floor", "scan", "alone"):
        seconds, done = (one if way == "alone" else others).call(getattr(tiers, way), at)
    else:
        seconds, counts, memory = night(at, one, two if way == "two" else None)
        done = counts["members"]
        assert counts["renewed"] + counts["lowered"] == done, counts
        assert min(counts["renewed"], counts["lowered"]) >= members // 5, counts
    assert done == members, f"{way} did {done} of {members}"
    assert others.call(tiers.due, at) == 0
    return Taken(nth, way, members, seconds, memory)


def night(at, one, two):
    """What `tiers.night` returns, of the process that coordinates; `two` is one that helps, or None."""
    run = one.call(tiers.begin, at)
    if two is None:
        return one.call(tiers.night, at, run)
    with ThreadPoolExecutor(1) as pool:
        helping = pool.submit(two.call, tiers.help_with, run)
        seconds, counts, memory = one.call(tiers.night, at, run)
        _, of_helper = helping.result()
    return seconds, counts, max(memory, of_helper)


def show(what, members, taken):
    print(f"\n{what}\n{members:,} members (min - median - max)")
    for nth in SHARES:
        ours = [one for one in taken if one.nth == nth]
        if not ours:
            continue
        print(f" the tiers of {100 / nth:g} % end: {ours[0].members:,} members")
        seconds = {way: [one.seconds for one in ours if one.way == way] for way in WAYS}
        for way, title in TITLES.items():
            if not seconds[way]:
                continue
            print(f"  {title:<50} {report.spread(seconds[way], '{:.3f}')}")
        for over, under, goal in GOALS:
            if not seconds[over]:
                continue
            ratios = [a / b for a, b in zip(seconds[over], seconds[under], strict=True)]
            title = f"{TITLES[over].removesuffix(', s')} / {under}"
            print(f"  {title:<50} {report.spread(ratios, '{:.2f}')}  goal <= {goal}: {verdict(ratios, goal)}")
    memory = max(one.memory for one in taken)
    print(f" peak memory of a worker: {memory:.0f} MB, goal < {MOST_MB}: {report.verdict(memory < MOST_MB)}")


def verdict(ratios, goal):
    return report.verdict(median(ratios) <= goal)


def show_growth(few, small, many, large):
    """The exponent k of seconds ~ members ** k, of the share that is due in both."""
    for way in ("night", "two"):
        before, after = (
            median(one.seconds for one in taken if (one.nth, one.way) == (100, way)) for taken in (small, large)
        )
        exponent = math.log(after / before) / math.log(many / few)
        print(
            f" {TITLES[way].removesuffix(', s')}: exponent of the growth from {few:,} to {many:,} members "
            f"{exponent:.2f}, goal <= {GROWTH}: {report.verdict(exponent <= GROWTH)}"
        )


if __name__ == "__main__":
    command.run(main)
