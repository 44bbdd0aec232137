"""How many messages a second leave, compared with bare requests, and with one transaction for each?

    python benchmarks/outbox.py [--quick] [--messages N] [--rounds N] [--json FILE]

On a private PostgreSQL (TEST_DATABASE_URL: a new database on that server) two processes bring webhooks to a receiver
in a process of its own. The floor posts the same bodies by httpx from as many threads and reads no row; one by one,
most would write it: lock a row, post, mark it, commit. All take turns; what has arrived is counted before anything is
printed. The outbox also makes the deliveries, and writes down each attempt before it sends and behind it.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx

from benchmarks.stage import command, databases, outbox, report
from benchmarks.stage.crew import crew
from benchmarks.stage.report import Ratio

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
NAMES = {
    "floor": "floor: bare requests by httpx",
    "one by one": "one row, one transaction, one request",
    "outbox": "outbox",
}
RATIOS = [
    Ratio("outbox / bare requests", ("outbox", WORKERS), ("floor", WORKERS), 0.3),
    Ratio("outbox / one by one", ("outbox", WORKERS), ("one by one", WORKERS), 3),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="500 messages, two rounds")
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    messages, rounds = (500, 2) if options.quick else (options.messages, options.rounds)
    print(report.machine())
    with receiver() as address, databases.postgresql() as (what, environment), ExitStack() as stack:
        environment |= {"OUTBOUND_ALLOWED": "127.0.0.0/8"}
        workers = [stack.enter_context(crew(environment, 1)) for _ in range(WORKERS)]
        workers[0].call(outbox.build, address)
        turn(workers, address, "outbox", messages // 5)
        found = [{(name, WORKERS): turn(workers, address, name, messages) for name in NAMES} for _ in range(rounds)]
    print(f"\n{what}\n{messages:,} messages")
    report.show("webhooks", found, RATIOS, NAMES, rate="messages a second", hand="worker")
    if options.json:
        facts = {"messages": messages, "rounds": report.plain(found)}
        report.write(options.json, machine=report.machine(), what=what, **facts)


@contextmanager
def receiver():
    """Yields the address of one in a process of its own."""
    command = [sys.executable, "-m", "tests.support.fake_receiver"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def turn(workers, address, name, messages):
    """Messages a second, of all workers at once."""
    names = workers[0].call(outbox.fill, messages, name != "outbox")
    if name == "floor":
        for part, one in enumerate(workers):
            one.call(outbox.prepare_floor, part, len(workers))
    httpx.delete(f"{address}/-/accepted")
    with ThreadPoolExecutor(len(workers)) as pool:
        parts = list(pool.map(lambda one: one.call(outbox.timed, name), workers))
    arrived = httpx.delete(f"{address}/-/accepted").json()
    assert arrived == dict.fromkeys(names, 1), f"{name}: {len(arrived)} of {messages} have arrived"
    assert sum(done for _, _, done in parts) == messages, parts
    if name == "outbox":
        workers[0].call(outbox.check, names)
    return messages / (max(end for _, end, _ in parts) - min(began for began, _, _ in parts))


if __name__ == "__main__":
    command.run(main)
