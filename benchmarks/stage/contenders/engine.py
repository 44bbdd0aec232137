"""Our engine, through the verb that the API and the imports use."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle
from threading import Lock
from time import perf_counter

from benchmarks.stage import shop


class Engine:
    """Posts purchases of 12.50 to the members of this process, in turn."""

    size = 1

    def __init__(self, place, places):
        self.people = cycle(shop.people()[place::places])
        self.program_id, self.via = shop.way_in()
        self.name = f"{secrets.token_hex(4)}-{place}-"
        self.numbers = count()

    def prepare(self, seconds):
        """Compile the program and prepare the statements, if that is not done yet."""

    def batch(self):
        from partners.activity import Activity

        return [
            Activity("purchase", f"{self.name}{next(self.numbers)}", {"number": number}, amount=1250)
            for _, number in (next(self.people) for _ in range(self.size))
        ]

    def post(self, until):
        from transactions.ledger import record

        posted = 0
        while perf_counter() < until:
            results = record(self.batch(), program_id=self.program_id, via=self.via)
            refused = [result for result in results if result.status != "posted"]
            assert not refused, refused[:3]
            posted += len(results)
        return posted


class BatchOfOne(Engine):
    size = 1


class BatchesOf500(Engine):
    size = 500


class HotMember(Engine):
    """Everybody posts to one member."""

    def __init__(self, place, places):
        super().__init__(place, places)
        self.people = cycle(shop.people()[:1])


class Shared(Engine):
    """Threads of one process, each with a connection and one purchase at a time, as requests to one server come."""

    threads = 8

    def __init__(self, place, places):
        super().__init__(place, places)
        self.lock = Lock()
        # Threads and their connections stay, as those of a server do.
        self.pool = ThreadPoolExecutor(self.threads)

    def post(self, until):
        return sum(future.result() for future in [self.pool.submit(self._work, until) for _ in range(self.threads)])

    def _work(self, until):
        from transactions.sharing import record_one

        posted = 0
        while perf_counter() < until:
            with self.lock:
                [item] = self.batch()
            result = record_one(item, program_id=self.program_id, via=self.via)
            assert result.status == "posted", result
            posted += 1
        return posted
