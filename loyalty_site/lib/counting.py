"""How is something counted together by all processes, in one round trip? And while the shared counter is away?"""

import logging
import threading
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

if TYPE_CHECKING:
    from redis import Redis


logger = logging.getLogger("loyalty.counting")

#: So many seconds a shared counter that failed is passed over; then one thread asks whether it is back.
AWAY_S = 5


class CountingRedisCache(RedisCache):
    """Django's cache in Redis, whose `incr` takes a missing key for zero; it then lives for the default timeout.

    Django's own asks first whether the key is there, so that counting costs two round trips, and makes a client
    for each of them, which costs Python as much. And it makes a pool of connections for each thread, which stay open
    after the thread has ended, until Python happens to look for what refers to itself: here all threads share one.
    """

    _shared: ClassVar[dict[str, RedisCacheClient]] = {}

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._place = repr((server, params.get("OPTIONS")))

    @cached_property
    def _cache(self) -> RedisCacheClient:
        return self._shared.setdefault(self._place, super()._cache)

    @cached_property
    def _client(self) -> "Redis":
        client: Redis = self._cache.get_client(write=True)
        return client

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        name = self.make_and_validate_key(key, version=version)
        count: int = self._client.incr(name, delta)
        if count == delta and self.default_timeout is not None:
            self._client.expire(name, int(self.default_timeout))
        return count


@dataclass(slots=True)
class _Known:
    """What a process knows of one name: the last common count, and how often it has counted by itself since."""

    shared: int = 0
    missed: int = 0


class SharedCounter:
    """Counts names of one period after the other, together with all processes.

    While the shared counter is away each process goes on from the last common count, and takes itself for one of
    `processes` that count alike. What it counted alone is added when the counter is back.
    """

    def __init__(self, cache: BaseCache, processes: int) -> None:
        self._cache, self._processes = cache, processes
        self._lock = threading.Lock()
        self._period, self._known = -1, dict[str, _Known]()
        self._away_until = 0.0

    def count(self, name: str, period: int, *, lasts_s: int) -> int:
        """One more of `name` in `period`, kept for so many seconds; how many there are, as far as is known."""
        with self._lock:
            if period != self._period:
                self._period, self._known = period, {}
            known = self._known.setdefault(name, _Known())
            if not self._may_ask():
                known.missed += 1
                return known.shared + known.missed * self._processes
            more, known.missed = 1 + known.missed, 0
        try:
            known.shared = self._add(f"{name}:{period}", more, lasts_s)
        except Exception:
            logger.warning("the shared counter is away; passed over for %d seconds", AWAY_S, exc_info=True)
            with self._lock:
                self._away_until = time.monotonic() + AWAY_S
                known.missed += more
                return known.shared + known.missed * self._processes
        self._away_until = 0
        return known.shared

    def _may_ask(self) -> bool:
        now = time.monotonic()
        if now < self._away_until:
            return False
        if self._away_until:
            # The others go on passing it over, until this one knows.
            self._away_until = now + AWAY_S
        return True

    def _add(self, name: str, more: int, lasts_s: int) -> int:
        """Each step is atomic, and `incr` alone is enough in Redis, and in memory for most requests."""
        try:
            return self._cache.incr(name, more)
        except ValueError:
            if self._cache.add(name, more, timeout=lasts_s):
                return more
            return self._cache.incr(name, more)
