"""How is the answer of a pure function kept, so that a type checker still knows the function?"""

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

#: Answers that are kept of each function; the least recently used goes first.
KEPT = 4096


def memoised(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, answering from memory what it was asked lately.

    For pure functions of hashable values whose answer nobody changes. What it raises is not kept.
    """
    return cast(Callable[P, R], lru_cache(maxsize=KEPT)(function))
