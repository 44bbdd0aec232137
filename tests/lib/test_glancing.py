"""A glance sees what is stored, and what would be made; it makes nothing."""

from datetime import date

import pytest
from django.db import connection

from loyalty_site.lib.glancing import Glance, one_moment
from loyalty_site.lib.sql import Session
from tests.support import factories
from tests.support.capped import cap
from transactions.models import CapCounter, Entry, Journal

pytestmark = pytest.mark.django_db

COLUMNS = "cap_id key period used"


@pytest.fixture
def limit():
    return cap(factories.program(), "month", 500, scope="member", period="month")


def held(session, rows):
    found = session.hold(CapCounter, COLUMNS, rows, unique="cap_id key period")
    return sorted((*row[1:3], str(row[3]), row[4]) for row in found)


def test_it_finds_the_rows_that_are_stored_and_thinks_of_those_that_are_missing(limit):
    stored = CapCounter.objects.create(cap=limit, key=7, period=date(2026, 3, 1), used=40)
    CapCounter.objects.create(cap=limit, key=7, period=date(2026, 4, 1), used=5)
    rows = [(limit.pk, 7, "2026-03-01", 0), (limit.pk, 8, "2026-03-01", 0)]
    seen = [(limit.pk, 7, "2026-03-01", 40), (limit.pk, 8, "2026-03-01", 0)]
    assert held(Glance(), rows[:1]) == seen[:1]
    assert held(Glance(), rows) == seen
    assert CapCounter.objects.count() == 2
    assert Glance().hold(CapCounter, COLUMNS, rows[:1], unique="cap_id key period")[0][0] == stored.pk
    # Whoever locks them sees the same, and has made what was missing.
    assert held(Session(), rows) == seen
    assert CapCounter.objects.count() == 3


def test_its_keys_are_those_of_no_row_and_each_is_given_once():
    glance = Glance()
    journals, entries = glance.take_ids((Journal, 2), (Entry, 3))()
    assert len({*journals, *entries}) == 5
    assert min(journals + entries) >= 2**62
    assert min(glance.take_ids((Entry, 1))()[0]) > max(entries)


@pytest.mark.parametrize(
    "write",
    [
        lambda glance, row: glance.insert(CapCounter, COLUMNS, [row]),
        lambda glance, row: glance.insert_new(CapCounter, COLUMNS, [row]),
        lambda glance, row: glance.change(CapCounter, put="used", rows=[(1, 2)]),
    ],
)
def test_it_writes_nothing(limit, write):
    with pytest.raises(RuntimeError, match="never written"):
        write(Glance(), (limit.pk, 7, "2026-03-01", 0))


@pytest.mark.django_db(transaction=True)
def test_a_connection_writes_again_after_its_moment_even_one_that_failed():
    with pytest.raises(KeyError), one_moment():
        raise KeyError
    with one_moment():
        assert connection.in_atomic_block
    assert factories.partner("again").pk
