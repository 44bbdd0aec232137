"""Who shares a batch with whom? Lines, turns and locks for tests of facts that arrive at the same moment."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from members.models import Member
from tests.support import factories
from tests.support.crowd import at_once
from transactions import ledger, sharing

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def nobody_is_held_up(request, monkeypatch):
    """However slow this machine is: those who come wait until they are posted."""
    if "hold" not in request.fixturenames:
        monkeypatch.setattr(sharing, "PATIENCE_MS", PATIENCE_S * 1000)


@pytest.fixture
def hold():
    """A context in which somebody else has locked a member."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer, for whom everybody waits")

    @contextmanager
    def hold(who):
        locked, free = threading.Event(), threading.Event()

        def lock():
            with transaction.atomic():
                Member.objects.select_for_update().get(pk=who.pk)
                locked.set()
                assert free.wait(PATIENCE_S)
            connection.close()

        with ThreadPoolExecutor(1) as pool:
            locking = pool.submit(lock)
            try:
                assert locked.wait(PATIENCE_S)
                yield
            finally:
                free.set()
            locking.result()

    return hold


@pytest.fixture
def batches(monkeypatch):
    """The size of each batch that the ledger was given."""
    sizes, record = [], ledger.record

    def counted(items, **options):
        sizes.append(len(items))
        return record(items, **options)

    monkeypatch.setattr(ledger, "record", counted)
    return sizes


@pytest.fixture
def shop():
    made = factories.program()
    return made, factories.till(made)


@pytest.fixture
def waiting(shop):
    """A function that lines facts up, as if other threads waited with them; returns their turns."""

    def waiting(*facts):
        turns = [sharing._Turn(fact) for fact in facts]
        sharing._line_of(shop[0].pk, shop[1])._waiting.extend(turns)
        return turns

    return waiting


def share(shop, item):
    made, via = shop
    return sharing.record_one(item, program_id=made.pk, via=via)


def while_one_posts(shop, first, *others, monkeypatch):
    """The Results of `first`, and of the others, who all came while it was being posted."""
    made, via = shop
    line, record = sharing._line_of(made.pk, via), ledger.record
    begun, go_on = threading.Event(), threading.Event()

    def held_up(items, **options):
        begun.set()
        assert go_on.wait(PATIENCE_S)
        return record(items, **options)

    monkeypatch.setattr(ledger, "record", held_up)

    def come_later(place, item):
        assert begun.wait(PATIENCE_S)
        wait_until(lambda: len(line._waiting) == place)
        if place == len(others) - 1:
            threading.Thread(target=lambda: (wait_until(lambda: len(line._waiting) > place), go_on.set())).start()
        return share(shop, item)

    return at_once(
        lambda: share(shop, first),
        *[lambda place=place, item=item: come_later(place, item) for place, item in enumerate(others)],
    )


def wait_until(is_so):
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)
