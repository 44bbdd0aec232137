"""How much dearer is a posting to which somebody listens than one of which nobody wants to hear?

    python benchmarks/telling.py [--quick] [--only postgresql|sqlite] [--json FILE]

Posts in one process to the same members, in turns that are balanced within each round: alone, with a listener of
points.earned, with a listener of everything, and back. Checks before it prints that each purchase of a turn with a
listener left its two events (one for each currency), the others none, and that the ledger holds what was
acknowledged.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.stage import command, databases, report, shop
from benchmarks.stage.crew import Crew, crew
from benchmarks.stage.report import Ratio

ALONE, EARNED, ALL = "nobody listens", "one listens to points.earned", "one listens to everything"
SIZES = {"one": "batch of one", "500": "batches of 500"}
#: Each as often before the others as behind them.
TURNS = (ALONE, EARNED, ALL, ALL, EARNED, ALONE)
#: At most a tenth dearer.
GOAL = 0.91
WARM_UP_S = 0.01
#: Currencies in which a purchase of the shop earns.
EARNS_IN = 2

NAMES = {f"{size}, {heard}": f"{name}, {heard}" for size, name in SIZES.items() for heard in (ALONE, EARNED, ALL)}
RATIOS = [
    Ratio(f"{name}, {heard} / {ALONE}", (f"{size}, {heard}", 1), (f"{size}, {ALONE}", 1), goal)
    for size, name in SIZES.items()
    for heard, goal in ((EARNED, GOAL), (ALL, None))
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="half a minute; the full run takes about four")
    parser.add_argument("--only", choices=["postgresql", "sqlite"])
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    # Many short turns: what else happens on the machine and its disk then meets all of them alike.
    members, rounds, seconds = (2_000, 5, 0.3) if options.quick else (20_000, 40, 0.3)
    print(report.machine())
    print(f"{members:,} members, {rounds} rounds of {2 * len(TURNS)} turns of {seconds} s")
    facts = {}
    for vendor in ("postgresql", "sqlite"):
        if options.only in (None, vendor):
            facts[vendor] = run_apart(vendor, members=members, rounds=rounds, seconds=seconds)
    if options.json:
        report.write(options.json, machine=report.machine(), members=members, seconds=seconds, **facts)


def run_apart(vendor: str, *, members: int, rounds: int, seconds: float) -> list[dict[str, float]]:
    """Measure on one database; this process stays free of Django, whose settings hold for one database only."""
    with getattr(databases, vendor)() as (what, environment), crew(environment, 1) as chief:
        print(f"\n{what}")
        chief.call(shop.build, members)
        chief.call(shop.analyze)
        acknowledged: Counter[str] = Counter()
        # The first round only warms up.
        measured = [one_round(chief, acknowledged, seconds) for _ in range(rounds + 1)][1:]
        chief.call(check, acknowledged)
        report.show(vendor, measured, RATIOS, NAMES)
        plain: list[dict[str, float]] = report.plain(measured)
        return plain


def one_round(chief: Crew, acknowledged: "Counter[str]", seconds: float) -> dict[tuple[str, int], float]:
    """Posts a second by what was measured; `acknowledged` grows by who listened."""
    rates: dict[tuple[str, int], float] = {}
    for size in SIZES:
        done: Counter[str] = Counter()
        took: Counter[str] = Counter()
        for heard in TURNS:
            chief.call(listen, heard)
            # The first ones after a change of who listens find nothing of it in memory.
            acknowledged[heard] += chief.run(size, hands=1, seconds=WARM_UP_S)[0]
            posts, rate = chief.run(size, hands=1, seconds=seconds)
            done[heard] += posts
            took[heard] += posts / rate
        acknowledged.update(done)
        rates |= {(f"{size}, {heard}", 1): done[heard] / took[heard] for heard in done}
    return rates


def listen(heard: str) -> None:
    """Let somebody listen to the program from now on. Runs inside a process that knows the database."""
    from partners.models import WebhookEndpoint
    from programs.models import Program
    from tests.support import told

    made = Program.objects.get(code="benchmark")
    if heard == ALONE:
        for endpoint in WebhookEndpoint.objects.all():
            endpoint.delete()
    else:
        told.listen(made, *{EARNED: ["points.earned"], ALL: told.ALL}[heard])
    made.refresh_from_db()
    wanted = {ALONE: 0, EARNED: 1, ALL: len(told.ALL)}[heard]
    assert len(made.listens_to.split()) == wanted, f"“{made.listens_to}” is listened to"


def check(acknowledged: Mapping[str, int]) -> None:
    """Raises AssertionError unless the ledger and the events are what was acknowledged."""
    from members.models import Event

    shop.check(sum(acknowledged.values()))
    expected = EARNS_IN * (acknowledged[EARNED] + acknowledged[ALL])
    found = Event.objects.filter(type="points.earned").count()
    assert found == expected, f"{expected} events of points that were earned were expected, {found} are there"
    named = Event.objects.values("name").distinct().count()
    assert named == Event.objects.count(), "two events have one name"


if __name__ == "__main__":
    command.run(main)
