"""What is foreseen of a night is what the night does, member by member; and nothing is written for it."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from loyalty_site.lib.sql import Session
from members import due_tiers
from members.models import Standing, Tally
from tests.support import factories, foreseeing
from tests.support.factories import at, post_one, purchase
from tests.support.few_examples import few_examples
from tests.support.foreseeing import coming, of, outlook, set_up
from tests.support.living import START, live
from tests.support.rolled_back import rolled_back
from transactions.outlook import tonight
from transactions.outlook.coming import GRACE, LOWERED, POINTS, RENEWED, WAITING
from transactions.outlook.tonight import Wanted, listed

NEW_YEARS_EVE = date(2026, 12, 31)
#: Ladders that differ in what they do when a tier ends.
LADDERS = [
    {"model": "calendar", "validity": "rest_of_cycle"},
    {"model": "calendar", "validity": "period", "period": 1, "period_unit": "day", "on_end": "one_level"},
    {"model": "calendar", "validity": "period", "period": 1, "period_unit": "day", "grace": 1, "grace_unit": "day"},
    {"model": "rolling", "window": 1, "window_unit": "day", "validity": "period", "period": 1, "period_unit": "day"},
    {"model": "rolling", "window": 2, "window_unit": "day", "validity": "period", "period": 1, "period_unit": "day"},
    {"model": "calendar", "validity": "period", "period": 1, "period_unit": "day", "holds_downgrades": True},
    {"model": "anniversary", "validity": "rest_of_cycle", "rollover": True},
]


@pytest.fixture
def members(made):
    return [factories.member(made, enrolled_at=at(2024, 3, 3)) for _ in range(6)]


@pytest.fixture
def calendar(made):
    return set_up(made, model="calendar", validity="rest_of_cycle")


def spent(made, who, euros, when=None):
    when = when or at(2026, 6, 1)
    post_one(made, purchase(who, euros * 100, activity_at=when), now=when)


@few_examples
@given(seed=st.integers(0, 10**6), ladder=st.sampled_from(LADDERS), days=st.integers(0, 3))
def test_the_night_does_what_was_foreseen(made, members, seed, ladder, days):
    with rolled_back():
        set_up(made, **ladder)
        live(made, members, seed)
        seen = outlook(made, START, START.date() + timedelta(days=days))
        expected = foreseeing.foreseen(seen.coming())
        assert foreseeing.happened(made, seen) == expected


def test_a_year_ends_for_everybody_as_foreseen(made, members, calendar):
    for who, euros in zip(members, [0, 400, 500, 700, 1000, 1500], strict=True):
        spent(made, who, euros)
    eve = at(2027, 12, 31)
    for who, euros in zip(members, [0, 0, 600, 400, 700, 1200], strict=True):
        spent(made, who, euros, at(2027, 2, 1))
    seen = outlook(made, eve)
    comings = list(seen.coming())
    kinds = [[(one.kind, one.before, one.after) for one in of(comings, who, RENEWED, LOWERED)] for who in members]
    assert kinds == [
        [],
        [],
        [(RENEWED, "silver", "silver")],
        [(LOWERED, "silver", "base")],
        [(LOWERED, "gold", "silver")],
        [(RENEWED, "gold", "gold")],
    ]
    assert foreseeing.happened(made, seen) == foreseeing.foreseen(comings)


def test_nothing_is_written_for_it(made, members, calendar, count_rows):
    live(made, members, 7)
    before, standings = count_rows(), list(Standing.objects.order_by("pk").values())
    assert coming(made, START, START.date() + timedelta(days=360))
    assert (count_rows(), list(Standing.objects.order_by("pk").values())) == (before, standings)


def test_books_that_are_only_foreseen_are_never_closed(made):
    from_now = outlook(made, START)
    books = tonight.ForeseenBooks(from_now.configuration, now=START)
    with pytest.raises(RuntimeError):
        books.close()


def test_points_that_end_are_told_by_currency_and_member(made, who):
    spent(made, who, 40, at(2026, 3, 10))
    seen = outlook(made, at(2027, 3, 31))
    assert [(one.currency, one.points) for one in of(list(seen.coming()), who, POINTS)] == [("points", 40)]


def test_an_extension_by_the_tier_keeps_points_as_the_night_does(made, members, calendar):
    group = calendar
    gold = group.tiers.get(code="gold")
    gold.extension_months = 6
    gold.save()
    for who, euros in zip(members, [400, 1000, 1500, 100, 1000, 0], strict=True):
        spent(made, who, euros, at(2026, 3, 10))
    seen = outlook(made, at(2027, 3, 1), date(2027, 3, 31))
    expected = foreseeing.foreseen(seen.coming())
    assert expected[1]
    assert foreseeing.happened(made, seen) == expected


def test_who_earns_what_is_missing_keeps_the_tier_and_one_point_less_does_not(made, members, calendar):
    set_up(made, retention={"gold": 800})
    ada, bob = members[:2]
    eve = at(2027, 12, 31)
    for who in (ada, bob):
        spent(made, who, 1000)
        # The year of the purchase counts for itself: it is renewed once.
        spent(made, who, 650, at(2027, 5, 1))
    [one] = of(coming(made, eve), ada, LOWERED)
    assert (one.missing, one.after, one.can_be_saved) == ((("status", 150),), "silver", True)
    spent(made, ada, 150, eve)
    spent(made, bob, 149, eve)
    later = coming(made, eve)
    assert [one.kind for one in of(later, ada, RENEWED, LOWERED)] == [RENEWED]
    assert [(one.kind, one.missing) for one in of(later, bob, RENEWED, LOWERED)] == [(LOWERED, (("status", 1),))]


def test_a_member_in_grace_is_told_with_its_last_day_and_what_is_missing(made, who):
    set_up(made, model="calendar", validity="rest_of_cycle", grace=1, grace_to_month_end=True)
    spent(made, who, 1000)
    spent(made, who, 300, at(2027, 5, 1))
    [one] = of(coming(made, at(2027, 12, 31)), who, GRACE)
    assert (one.before, one.until, one.missing) == ("gold", date(2028, 1, 31), (("status", 700),))


def test_who_waits_for_agreement_is_told_with_what_is_proposed(made, who):
    set_up(made, model="calendar", validity="rest_of_cycle", holds_downgrades=True)
    spent(made, who, 1000)
    [one] = of(coming(made, at(2027, 12, 31)), who, WAITING)
    assert (one.before, one.after, one.missing) == ("gold", "base", (("status", 1000),))


def test_a_day_that_is_over_is_refused(made):
    with pytest.raises(tonight.DayIsOver, match="30 December 2026 is over"):
        outlook(made, at(2026, 12, 31), date(2026, 12, 30))


def test_what_is_today_is_told_by_the_clocks_of_the_program(made):
    late = at(2026, 12, 30, 23, 30)
    assert outlook(made, late).day == NEW_YEARS_EVE
    with pytest.raises(tonight.DayIsOver):
        outlook(made, late, date(2026, 12, 30))


def test_a_day_more_than_a_year_ahead_is_refused(made):
    assert outlook(made, at(2026, 12, 31), date(2027, 12, 31)).day == date(2027, 12, 31)
    with pytest.raises(tonight.DayTooFar, match="up to 31 December 2027"):
        outlook(made, at(2026, 12, 31), date(2028, 1, 1))


def test_a_draft_has_no_nights(db):
    with pytest.raises(tonight.NoNights):
        outlook(factories.program(status="draft"), START)


def test_more_members_take_no_more_statements(made, members, calendar):
    def statements():
        with CaptureQueriesContext(connection) as seen:
            coming(made, at(2027, 12, 31))
        return len(seen)

    spent(made, members[0], 1000)
    before = statements()
    for who in members[1:]:
        spent(made, who, 1000)
    assert statements() == before


def test_a_page_has_those_first_who_miss_least_and_counts_all(made, members, calendar):
    for who, euros in zip(members, [900, 100, 800, 1000, 0, 999], strict=True):
        spent(made, who, 1000, at(2026, 6, 1))
        if euros:
            spent(made, who, euros, at(2027, 6, 1))
    foreseeing.night(made, at(2027, 6, 2))
    seen = outlook(made, at(2027, 12, 31))
    page = listed(seen.coming(), Wanted(can_be_saved=True), first=1, size=2)
    assert (page.wanted, [one.short_by for one in page.rows]) == (5, [100, 200])
    assert (page.counts.kinds[LOWERED], page.counts.kinds[RENEWED], page.counts.savable) == (5, 1, 5)
    near = listed(seen.coming(), Wanted(most_missing=100), first=0, size=10)
    assert [one.short_by for one in near.rows] == [1, 100]


def test_a_list_is_of_the_wanted_kind_group_and_tiers(made, members, calendar):
    for who, euros in zip(members, [600, 600, 1000, 1000, 0, 0], strict=True):
        if euros:
            spent(made, who, euros)
    foreseeing.night(made, at(2027, 1, 2))
    seen = outlook(made, at(2027, 12, 31))

    def count(**wanted):
        return listed(seen.coming(), Wanted(**wanted), first=0, size=100).wanted

    assert (count(kind=LOWERED), count(kind=RENEWED), count(kind=LOWERED, before="gold")) == (4, 0, 2)
    assert (count(group="main", after="base"), count(group="other"), count(after="gold")) == (4, 0, 0)


def test_of_what_was_counted_long_ago_nothing_is_read(made, who, calendar):
    spent(made, who, 1000)
    status = made.currencies.get(code="status")
    Tally.objects.create(member=who, group=calendar, currency=status, period=date(2003, 1, 1), points=5)
    seen = outlook(made, at(2027, 12, 31))
    accounts = due_tiers.look(Session(), seen.configuration, [who.pk], now=seen.ends_at)
    assert {period for _, _, period in accounts[who.pk].tallies} == {date(2026, 1, 1)}
