"""How many requests a second does the API answer, compared with the framework alone and with what it was?

    python benchmarks/api.py [--quick] [--only postgresql|sqlite] [--before REV] [--rounds N] [--json FILE]

Starts a database of its own, with PostgreSQL also a Redis (TEST_DATABASE_URL and TEST_REDIS_URL: those servers),
measures all contenders in turn in every round, called in one process and over HTTP, and checks every answer, and
before it prints that rows, sums and balances are what was acknowledged.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import calls, command, databases, earlier, in_process, report, shop
from benchmarks.stage.crew import Crew, crew
from benchmarks.stage.over_http import Clients, serving
from benchmarks.stage.report import Ratio
from tests import matrix

KINDS = {
    "bare": "bare view of the framework",
    "empty": "empty endpoint",
    "member": "a member by number",
    "lookup": "look-up of a member",
    "post": "one purchase",
    "batch": f"batches of {calls.BATCH}",
}
#: Threads that call; 0 calls the application inside its process.
WAYS = (0, 1, 8)
#: A key may call as often as it can.
UNLIMITED = {"API_REQUESTS_PER_MINUTE": str(10**9)}


def name(kind: str, threads: int, *, before: bool = False) -> str:
    return f"{'before-' if before else ''}{'http-' if threads else ''}{kind}"


def key(kind: str, threads: int = 0, *, before: bool = False) -> tuple[str, int]:
    return name(kind, threads, before=before), threads or 1


NAMES = {
    name(kind, way, before=before): f"{text}{' over HTTP' if way else ''}{', as it was' if before else ''}"
    for kind, text in KINDS.items()
    for way in (0, 1)
    for before in (False, True)
}
RATIOS = [
    # One caller waits for three round trips and a commit, which alone take longer than five bare answers: what
    # counts is how many a second there are when callers come at the same moment.
    Ratio("one purchase / bare", key("post"), key("bare")),
    Ratio("one purchase / bare, HTTP", key("post", 1), key("bare", 1)),
    Ratio("one purchase / bare, HTTP, 8", key("post", 8), key("bare", 8), 0.2),
    Ratio("member by number / empty", key("member"), key("empty"), 0.5),
    Ratio("member by number / empty, HTTP", key("member", 1), key("empty", 1)),
    Ratio("member by number / empty, HTTP, 8", key("member", 8), key("empty", 8)),
    Ratio("empty / bare", key("empty"), key("bare")),
    Ratio("purchases in batches / one by one", key("batch"), key("post")),
]
BEFORE_RATIOS = [
    Ratio(
        f"{KINDS[kind]} / as it was{', HTTP' if way else ''}{', 8' if way == 8 else ''}",
        key(kind, way),
        key(kind, way, before=True),
        2.0 if (kind, way) == ("post", 0) else None,
    )
    for kind in KINDS
    if kind != "bare"
    for way in WAYS
]


@dataclass
class Side:
    """The product of today or of before: one process that knows its database, a server, and who calls that."""

    process: Crew
    clients: dict[int, Clients]
    posts: int = 0

    def rate(self, kind: str, threads: int, seconds: float) -> float:
        """Requests a second; of what posts, purchases."""
        if threads:
            requests, posts, elapsed = self.clients[threads].run(kind, seconds)
        else:
            requests, posts, elapsed = self.process.call(in_process.run, kind, seconds)
        self.posts += posts
        return (posts or requests) / elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less than a minute; the full run takes about ten")
    parser.add_argument("--only", choices=["postgresql", "sqlite"])
    parser.add_argument("--before", metavar="REV", help="also measure the API of that commit, in the same rounds")
    parser.add_argument("--rounds", type=int, help="default: 7, and 2 in short")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    members, rounds, seconds = (500, 2, 0.1) if options.quick else (20_000, 7, 2)
    rounds = options.rounds or rounds
    print(report.machine())
    print(f"{members:,} members, {rounds} rounds of {seconds} s each")
    facts = {}
    with ExitStack() as stack:
        before = stack.enter_context(earlier.tree(options.before)) if options.before else None
        for vendor in ("postgresql", "sqlite"):
            if options.only in (None, vendor):
                facts[vendor] = run(vendor, before, members=members, rounds=rounds, seconds=seconds)
    if options.json:
        report.write(options.json, machine=report.machine(), members=members, seconds=seconds, **facts)


def run(vendor: str, before: str | None, *, members: int, rounds: int, seconds: float) -> list[dict[str, float]]:
    with ExitStack() as stack:
        what, environment = stack.enter_context(getattr(databases, vendor)())
        if vendor == "postgresql":
            url, cache = stack.enter_context(matrix.redis(stack.enter_context(matrix.folder())))
            what, environment = f"{what}; Redis {cache}", environment | {"REDIS_URL": url}
        print(f"\n{what}")
        sides = {False: stack.enter_context(side(environment | UNLIMITED, members))}
        if before:
            its = stack.enter_context(databases.beside(environment)) | UNLIMITED | {earlier.TREE: before}
            sides[True] = stack.enter_context(side(its, members))
        print(sides[False].process.call(report.versions))
        measured = [measure(sides, seconds) for _ in range(rounds + 1)][1:]  # The first one only warms up.
        for one in sides.values():
            one.process.call(shop.check, one.posts)
        ratios = RATIOS + (BEFORE_RATIOS if before else [])
        what_counts = "requests a second; of what posts, purchases"
        report.show(vendor, measured, ratios, NAMES, rate=what_counts, hand="thread")
        return report.plain(measured)


@contextmanager
def side(environment: dict[str, str], members: int) -> Iterator[Side]:
    """Yields one Side, on a database that is filled first."""
    with crew(environment, 1) as process:
        if earlier.TREE in environment:
            process.call(earlier.check, environment[earlier.TREE])
        process.call(shop.build, members)
        process.call(shop.analyze)
        secret = process.call(calls.issue_key)
        numbers = [number for _, number in process.call(shop.people)]
        with serving(environment) as port:
            yield Side(process, {threads: Clients(port, secret, numbers, threads) for threads in WAYS if threads})


def measure(sides: dict[bool, Side], seconds: float) -> dict[tuple[str, int], float]:
    """One round; each contender of before right behind that of today, so that both meet the same weather."""
    return {
        key(kind, threads, before=before): one.rate(kind, threads, seconds)
        for kind in KINDS
        for threads in WAYS
        for before, one in sides.items()
        if not (before and kind == "bare")
    }


if __name__ == "__main__":
    command.run(main)
