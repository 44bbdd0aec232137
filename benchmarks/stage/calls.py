"""What is asked of the API? Endless requests of each kind, and which answer is the right one."""

import json
from collections.abc import Callable, Iterator
from itertools import count, cycle
from typing import NamedTuple

BATCH = 100


class Call(NamedTuple):
    """`posts` are the purchases that the body holds, `said` what the right answer says."""

    method: str
    path: str
    said: str
    query: str = ""
    body: bytes = b""
    posts: int = 0


class Calls:
    """Requests about `numbers` of members in turn; `mark` keeps the names of orders apart."""

    def __init__(self, numbers: list[str], mark: str) -> None:
        self._numbers = cycle(numbers)
        self._orders = (f"{mark}-{n}" for n in count())

    def of(self, kind: str) -> Iterator[Call]:
        make: dict[str, Callable[[], Call]] = {
            "bare": lambda: Call("GET", "/api/v1/bare/", '"benchmark"'),
            "empty": lambda: Call("GET", "/api/v1/empty/", '"benchmark"'),
            "member": lambda: self._member("/api/v1/members/{}/"),
            "lookup": lambda: self._member("/api/v1/members/lookup/", "number={}"),
            "post": lambda: self._posting(self._purchase(), '"status":"posted"', 1),
            "batch": lambda: self._posting([self._purchase() for _ in range(BATCH)], f'"posted":{BATCH},', BATCH),
        }
        while True:
            yield make[kind]()

    def _member(self, path: str, query: str = "") -> Call:
        number = next(self._numbers)
        return Call("GET", path.format(number), f'"number":"{number}"', query.format(number))

    def _purchase(self) -> dict[str, object]:
        return {
            "activity": "purchase",
            "external_id": next(self._orders),
            "member": {"number": next(self._numbers)},
            "amount": "12.50",
        }

    @staticmethod
    def _posting(body: object, said: str, posts: int) -> Call:
        return Call("POST", "/api/v1/transactions/", said, "", json.dumps(body).encode(), posts)


def accepted(call: Call, status: int, body: bytes) -> int:
    """How many purchases were acknowledged. Raises AssertionError unless the answer is the right one."""
    shown = f"{call.method} {call.path}: {status}, {body[:500]!r}"
    assert status == (201 if call.posts == 1 else 200), shown
    assert call.said.encode() in body, shown
    return call.posts


def issue_key() -> str:
    """The text of a new key of the program's owner. Runs inside a process that `databases.use` has prepared."""
    from benchmarks.stage import shop
    from partners import keys

    _, via = shop.way_in()
    return keys.issue(via, name="Benchmark", scopes=["read", "earn"])[1]
