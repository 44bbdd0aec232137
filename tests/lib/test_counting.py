"""A shared counter that is away costs one short time-out, and what is counted meanwhile stays close to the truth."""

import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.cache.backends.locmem import LocMemCache
from redis.backoff import NoBackoff
from redis.retry import Retry

from loyalty_site.lib import counting
from loyalty_site.lib.counting import CountingRedisCache, SharedCounter

ROOT = Path(__file__).resolve().parents[2]


class Cache(LocMemCache):
    """A shared counter that can be away; `asked` counts who has noticed."""

    is_away, asked = False, 0

    def incr(self, key, delta=1, version=None):
        if self.is_away:
            self.asked += 1
            raise TimeoutError
        return super().incr(key, delta, version)


@pytest.fixture
def cache(request):
    made = Cache(request.node.name, {})
    made.clear()
    return made


def counts(counter, times, name="key", period=1):
    return [counter.count(name, period, lasts_s=60) for _ in range(times)]


def test_names_and_periods_are_counted_apart(cache):
    counter = SharedCounter(cache, 2)
    assert counts(counter, 3) == [1, 2, 3]
    assert counts(counter, 1, name="other") == [1]
    assert counts(counter, 2, period=2) == [1, 2]


def test_while_it_is_away_it_is_asked_once_and_each_process_goes_on_from_the_last_common_count(cache):
    counter, other = SharedCounter(cache, 2), SharedCounter(cache, 2)
    assert counts(counter, 2) + counts(other, 2) == [1, 2, 3, 4]
    cache.is_away = True
    # Of two processes that count alike each takes two for one.
    assert counts(counter, 3) == [2 + 2, 2 + 4, 2 + 6]
    assert cache.asked == 1
    assert counts(other, 3) == [4 + 2, 4 + 4, 4 + 6]


def test_what_was_counted_alone_is_added_when_it_is_back(cache, monkeypatch):
    counter, other = SharedCounter(cache, 2), SharedCounter(cache, 2)
    cache.is_away = True
    counts(counter, 3)
    counts(other, 4)
    cache.is_away = False
    monkeypatch.setattr(counter, "_away_until", 0.001)
    monkeypatch.setattr(other, "_away_until", 0.001)
    assert counts(counter, 2) == [4, 5]
    assert counts(other, 1) == [5 + 5]


def test_after_some_seconds_one_asks_whether_it_is_back_and_the_others_pass_it_over(cache, monkeypatch):
    counter = SharedCounter(cache, 1)
    cache.is_away = True
    counts(counter, 1)
    monkeypatch.setattr(counter, "_away_until", 0.001)
    assert [counter._may_ask(), counter._may_ask()] == [True, False]


def test_threads_share_the_connections_to_a_redis():
    found = []
    for place in ("redis://127.0.0.1:1/0", "redis://127.0.0.1:1/0", "redis://127.0.0.1:2/0"):
        thread = threading.Thread(target=lambda at=place: found.append(CountingRedisCache(at, {})._client))
        thread.start()
        thread.join()
    one, another, elsewhere = (client.connection_pool for client in found)
    assert one is another
    assert one is not elsewhere


@contextmanager
def hanging():
    """The port of a Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server.getsockname()[1]


@pytest.mark.each_database
def test_a_redis_that_hangs_costs_one_short_time_out():
    options = {"socket_timeout": 0.25, "socket_connect_timeout": 0.25, "retry": Retry(NoBackoff(), 0)}
    with hanging() as port:
        counter = SharedCounter(CountingRedisCache(f"redis://127.0.0.1:{port}/0", {"OPTIONS": options}), 1)
        began = time.monotonic()
        assert counts(counter, 50) == list(range(1, 51))
        # Once 0.25 s, where it was 2 s each time; some more on a busy machine.
        assert time.monotonic() - began < 1.5
    assert counting.AWAY_S >= 2


SHOWN = """
from loyalty_site.settings import CACHES
options = CACHES["default"]["OPTIONS"]
print(options["socket_timeout"], options["socket_connect_timeout"], options["retry"].get_retries())
"""


@pytest.mark.slow
@pytest.mark.own_process
def test_the_cache_of_the_product_waits_no_longer(tmp_path):
    environment = {"VAR_DIR": str(tmp_path), "SECRET_KEY": "s" * 50, "REDIS_URL": "redis://127.0.0.1:1/0"}
    told = subprocess.run([sys.executable, "-c", SHOWN], cwd=ROOT, env=environment, capture_output=True, text=True)
    answer, connecting, tries = map(float, told.stdout.split())
    assert (answer <= 0.5, connecting <= 0.5, tries) == (True, True, 0)
