"""Several hands do one job: all of it, each on a connection of its own, and nothing behind an error or an end."""

import threading
import time

import pytest
from django.db import connection

from loyalty_site.lib.threads import side_by_side

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_all_of_them_yield_is_told():
    assert sorted(side_by_side([iter(range(0, 50)), iter(range(50, 80)), iter([])])) == list(range(80))


def test_they_work_at_the_same_time():
    meet = threading.Barrier(2)

    def share():
        yield meet.wait(timeout=10)

    assert sorted(side_by_side([share(), share()])) == [0, 1]


def test_each_has_a_connection_of_its_own_and_leaves_none_open():
    seen = []

    def share():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        seen.append(connection.connection)
        yield

    list(side_by_side([share(), share()]))
    assert len({id(one) for one in [*seen, connection.connection]}) == 3
    if connection.vendor == "postgresql":
        assert all(one.closed for one in seen)


def test_when_one_fails_the_others_do_their_share_first():
    def broken():
        yield "a"
        raise ValueError("broken")

    told = []
    with pytest.raises(ValueError, match="broken"):
        told.extend(side_by_side([broken(), iter("bcdef")]))
    assert sorted(told) == list("abcdef")


def test_whoever_stops_listening_stops_them_behind_what_they_are_at():
    drawn = []

    def share():
        for part in range(1000):
            drawn.append(part)
            yield part
            time.sleep(0.005)

    told = side_by_side([share(), share()])
    next(told)
    told.close()
    assert 1 <= len(drawn) < 2000
