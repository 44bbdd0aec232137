"""Who is due is found by indexes, a page after the other, and a preview writes nothing."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members import occasions
from programs import versions
from tests.support.celebrating import born, celebrate, gift
from tests.support.factories import at
from tests.support.plans import full_scans, short_ways
from transactions.occasions import giving, planning
from transactions.occasions.planning import Celebration

DAY = date(2026, 3, 10)


def test_a_preview_names_who_rule_occasion_and_years_and_writes_nothing(made, count_rows):
    gift(made, lead_days=2)
    gift(made, "jubilee", occasion="anniversary", lead_days=2)
    ada = born(made, "03-12", enrolled_at=at(2021, 3, 12))
    bob = born(made, "", enrolled_at=at(2025, 3, 12))
    born(made, "03-12", since=at(2026, 3, 9))
    born(made, "03-11", enrolled_at=at(2025, 3, 11))
    before = count_rows()
    assert list(planning.celebrations(made.pk, DAY)) == [
        Celebration(ada.pk, "gift", "birthday", 0),
        Celebration(ada.pk, "jubilee", "anniversary", 5),
        Celebration(bob.pk, "jubilee", "anniversary", 1),
    ]
    assert count_rows() == before


def test_a_program_without_such_rules_asks_for_nobody(made):
    born(made, "03-10")
    giving.find(made.pk, DAY)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert giving.find(made.pk, DAY) == []
    assert not [one for one in asked.captured_queries if "members_" in one["sql"]]


@pytest.fixture
def crowd(made):
    """A hundred members of whom 3 have their birthday, and 2 their anniversary, on the day."""
    gift(made)
    gift(made, "jubilee", occasion="anniversary")
    others = [born(made, f"{month:02}-{day:02}") for month in range(4, 12) for day in range(1, 28, 4)] + [
        born(made, "") for _ in range(40)
    ]
    due = [born(made, "03-10") for _ in range(3)]
    due += [born(made, "", enrolled_at=at(2020, 3, 10)) for _ in range(2)]
    return made, others, due


def test_pages_come_in_the_order_of_their_keys_and_leave_nobody_out(crowd):
    made, _, due = crowd
    assert giving.find(made.pk, DAY) == [who.pk for who in due]
    assert list(occasions.enrolled_on(made.pk, "03-10", page=1)) == [[due[3].pk], [due[4].pk]]
    assert list(occasions.born_on(made.pk, "03-10", page=2)) == [[due[0].pk, due[1].pk], [due[2].pk]]


def test_nobody_is_looked_for_by_reading_all(crowd):
    made, _, due = crowd
    with full_scans() as scans:
        keys = giving.find(made.pk, DAY)
        giving.work(made.pk, DAY, keys, at(2026, 3, 10))
    assert len(keys) == len(due)
    assert not scans


def test_finding_them_reads_no_more_rows_than_there_are_to_find(crowd):
    made, _, due = crowd
    day = planning.day_of(versions.latest(made.pk), DAY)
    # An index holds entries of rows as they were before a change, too: of each a few.
    with short_ways(most=4 * len(due)) as long_ones:
        keys = planning.find(day)
        planning.plans(day, keys)
    assert len(keys) == len(due)
    assert not long_ones


def test_many_or_few_take_the_same_statements(made):
    """A day on which all were born is read by pages, too; the planner expects few."""
    gift(made)
    born(made, "03-09")
    celebrate(made, date(2026, 3, 9))
    for _ in range(3):
        born(made, "03-10")
    keys = giving.find(made.pk, DAY)
    with CaptureQueriesContext(connection) as few:
        giving.work(made.pk, DAY, keys, at(2026, 3, 10))
    for _ in range(30):
        born(made, "03-10")
    keys = giving.find(made.pk, DAY)
    with CaptureQueriesContext(connection) as many:
        giving.work(made.pk, DAY, keys, at(2026, 3, 10))
    assert len(many) == len(few)
