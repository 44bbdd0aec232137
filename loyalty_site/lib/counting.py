"""How is something counted together by all processes, in one round trip?"""

from functools import cached_property
from typing import TYPE_CHECKING

from django.core.cache.backends.redis import RedisCache

if TYPE_CHECKING:
    from redis import Redis


class CountingRedisCache(RedisCache):
    """Django's cache in Redis, whose `incr` takes a missing key for zero; it then lives for the default timeout.

    Django's own asks first whether the key is there, so that counting costs two round trips, and makes a client
    for each of them, which costs Python as much.
    """

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
