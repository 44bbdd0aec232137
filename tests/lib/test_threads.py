"""Several threads do one job: all of it, each on a connection of its own, and nothing behind an error or an end."""

import threading
import time

import pytest
from django.db import connection

from loyalty_site.lib.threads import side_by_side, threads

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_all_of_them_yield_is_told():
    assert sorted(side_by_side([iter(range(0, 50)), iter(range(50, 80)), iter([])])) == list(range(80))


def test_they_work_at_the_same_time():
    meet = threading.Barrier(2)

    def share():
        yield meet.wait(timeout=60)

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
        for part in range(20_000):
            drawn.append(part)
            yield part
            time.sleep(0.005)

    told = side_by_side([share(), share()])
    next(told)
    told.close()
    assert 1 <= len(drawn) < 40_000


def session():
    """The connection of this thread, which is open now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return threading.current_thread(), connection.connection


def test_hands_do_at_the_same_time_what_they_are_told_and_tell_it_in_order():
    meet = threading.Barrier(2)

    def deed(name):
        meet.wait(timeout=60)
        return name

    with threads(2) as two:
        for names in ("ab", "cd"):
            assert two.start([lambda name=name: deed(name) for name in names])() == list(names)
        assert two.start([])() == []


def test_hands_keep_their_connections_until_the_end():
    with threads(2) as two:
        first, again = two.start([session, session])(), two.start([session, session])()
    assert first == again
    assert len({id(one) for _, one in [*first, session()]}) == 3
    assert not any(thread.is_alive() for thread, _ in first)
    if connection.vendor == "postgresql":
        assert all(one.closed for _, one in first)


def test_when_one_hand_fails_the_other_does_what_it_was_told():
    is_done = threading.Event()

    def fail():
        raise ValueError("broken")

    def work():
        time.sleep(0.05)
        is_done.set()

    with threads(2) as two:
        finish = two.start([fail, work])
        with pytest.raises(ValueError, match="broken"):
            finish()
        assert is_done.is_set()


def test_a_single_hand_is_the_callers_own():
    with threads(1) as one:
        assert one.start([session])() == [session()]
