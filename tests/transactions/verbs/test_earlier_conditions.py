"""Rules ask what a member did before: the first purchase, the n-th, so many days after the last one."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partners.activity import Activity
from tests.support.balanced import assert_balanced
from tests.support.factories import at, held, member, post, post_one, program, purchase, reversal, rule
from tests.support.merging import join
from tests.support.refunding import NOW, buy, refund
from transactions.books import earlier
from transactions.merging import unmerges
from transactions.models import Journal

FIRST = {"purchase_number": {"least": 1, "most": 1}}
THIRD = {"purchase_number": {"least": 3, "most": 3}}
LONG_AGO = {"days_since_last": {"least": 30}}


@pytest.fixture
def made(db):
    return program()


@pytest.fixture
def who(made):
    return member(made)


def extra(made, conditions, code="extra", **params):
    """Nine points for each purchase under the conditions."""
    params = {"points": "9", "events": "purchase"} | params
    return rule(made, code, "fixed", params, group=code, conditions=conditions)


def bonus(result):
    """What a rule gave beside the point for each euro of 10 euro."""
    return result.answer["points"]["points"] - 10


def on(days, who, name="", **fields):
    """A purchase of 10 euro so many days after a day of the past."""
    return purchase(who, 1_000, name, activity_at=NOW - timedelta(days=60 - days), **fields)


def seen(result):
    return Journal.objects.get(pk=result.journal_id).trace.get("seen", {})


def test_the_first_purchase_is_the_one_before_which_there_was_none(made, who):
    extra(made, FIRST)
    assert [bonus(post_one(made, on(day, who), now=NOW)) for day in (1, 2, 3)] == [9, 0, 0]
    assert bonus(post_one(made, on(3, member(made)), now=NOW)) == 9


@pytest.mark.parametrize(
    ("number", "given"),
    [
        ({"least": 3, "most": 3}, [0, 0, 9, 0, 0]),
        ({"most": 2}, [9, 9, 0, 0, 0]),
        ({"least": 4}, [0, 0, 0, 9, 9]),
        ({"least": 2, "most": 3}, [0, 9, 9, 0, 0]),
    ],
)
def test_a_rule_asks_for_the_number_of_a_purchase(made, who, number, given):
    extra(made, {"purchase_number": number})
    assert [bonus(post_one(made, on(day, who), now=NOW)) for day in range(5)] == given


def test_purchases_of_one_batch_see_each_other_in_the_order_of_their_dates(made, who):
    extra(made, THIRD)
    results = post(made, on(3, who), on(1, who), on(2, who), on(2, member(made)), now=NOW)
    assert [bonus(one) for one in results] == [9, 0, 0, 0]


def test_of_two_that_happened_at_one_instant_the_one_that_is_posted_later_is_the_second(made, who):
    extra(made, FIRST)
    assert [bonus(one) for one in post(made, on(1, who), on(1, who), now=NOW)] == [9, 0]
    other = member(made)
    assert [bonus(post_one(made, on(1, other), now=NOW)) for _ in range(2)] == [9, 0]


def test_of_two_within_minutes_the_one_that_is_posted_first_is_the_first(made, who):
    """Clocks of tills differ a little, and who is sent first may be posted last."""
    extra(made, FIRST)
    extra(made, {"days_since_last": {"most": 0}}, "same-day")
    day = NOW - timedelta(days=59)
    for minutes in (4, 6):
        one = member(made)
        assert bonus(post_one(made, purchase(one, 1_000, activity_at=day), now=NOW)) == 9
        sooner = post_one(made, purchase(one, 1_000, activity_at=day - timedelta(minutes=minutes)), now=NOW)
        assert bonus(sooner) == 9
        assert seen(sooner) == (
            {"purchase_number": ["2+"], "days_since_last": ["0"]} if minutes < 5 else {"purchase_number": ["1"]}
        )


def test_what_is_late_counts_what_had_happened_before_it(made, who):
    extra(made, {"purchase_number": {"least": 2, "most": 2}})
    post(made, on(1, who), on(9, who), on(10, who), now=NOW)
    result = post_one(made, on(5, who), now=NOW)
    assert (bonus(result), seen(result)) == (9, {"purchase_number": ["2"]})


def test_only_the_same_kind_of_activity_counts(made, who):
    extra(made, FIRST)
    post_one(made, Activity(kind="visit", external_id="v", member={"number": who.number}))
    assert bonus(post_one(made, purchase(who, 1_000))) == 9


def test_of_visits_it_is_the_number_of_the_visit(made, who):
    extra(made, {"purchase_number": {"least": 2}}, events="visit")
    buy(made, who, 1_000)
    visits = [Activity(kind="visit", external_id=name, member={"number": who.number}) for name in "ab"]
    assert [post_one(made, one).answer["points"] for one in visits] == [{}, {"points": 9}]


def test_what_was_taken_back_whole_does_not_count_and_a_part_does(made, who):
    extra(made, {"purchase_number": {"least": 2, "most": 2}})
    first = buy(made, who, 1_000, "o-1")
    refund(made, first, "whole")
    second = buy(made, who, 1_000, "o-2")
    assert bonus(second) == 0
    refund(made, second, "part", amount=500)
    assert bonus(buy(made, who, 1_000, "o-3")) == 9


def test_what_is_taken_back_in_the_same_batch_does_not_count(made, who):
    extra(made, {"purchase_number": {"most": 1}})
    first = post_one(made, on(1, who, "o-1"), now=NOW)
    back = reversal(first.journal_id, activity_at=NOW - timedelta(days=50))
    _, *later = post(made, back, on(20, who), on(21, who), now=NOW)
    assert [bonus(one) for one in later] == [9, 0]


def test_what_waits_for_staff_does_not_count(made, who):
    extra(made, FIRST)
    assert post(made, on(1, who, hold="look"), now=NOW)[0].status == "kept"
    assert bonus(post_one(made, on(2, who), now=NOW)) == 9


def test_an_order_that_replaces_another_one_is_what_that_was(made, who):
    """C14-R7"""
    extra(made, FIRST)
    post_one(made, on(1, who, "o-1"), now=NOW)
    post_one(made, on(2, who, "o-2"), now=NOW)
    again = post_one(made, on(3, who, "o-3", replaces="o-1"), now=NOW)
    assert seen(again) == {"purchase_number": ["1"]}
    assert bonus(again) == 9
    assert bonus(post_one(made, on(4, who, "o-4"), now=NOW)) == 0


def test_one_that_replaces_an_order_which_nobody_had_asked_about_does_not_count_that(made, who):
    post_one(made, purchase(who, 1_000, "o-1"))
    extra(made, FIRST)
    assert bonus(post_one(made, purchase(who, 1_000, "o-2", replaces="o-1"))) == 9


def test_a_refund_sees_the_number_of_then(made, who):
    """C14-R1"""
    extra(made, FIRST)
    early, late = (post_one(made, on(day, who), now=NOW) for day in (5, 6))
    post_one(made, on(1, who), now=NOW)
    assert refund(made, early, amount=500).answer["points"]["points"] == -5
    assert refund(made, late, amount=500).answer["points"]["points"] == -5
    assert held(who) == 5 + 9 + 5 + 10 + 9
    assert_balanced(made)


def test_who_was_merged_did_it_for_the_member_that_remains(made, who):
    """C21"""
    extra(made, THIRD)
    twin, other = member(made), member(made)
    for one in (who, twin, other):
        post_one(made, purchase(one, 1_000))
    done = join(twin, who)
    assert bonus(post_one(made, purchase(who, 1_000))) == 9
    unmerges.unmerge(done)
    assert seen(post_one(made, purchase(twin, 1_000))) == {"purchase_number": ["2"]}


def test_a_member_of_another_program_bought_there(made, who):
    extra(made, FIRST)
    elsewhere = program("elsewhere")
    there = member(elsewhere)
    buy(elsewhere, there, 1_000)
    assert bonus(buy(made, who, 1_000)) == 9


@pytest.mark.parametrize(
    ("day", "condition", "points"),
    [
        (29, {"least": 30}, 0),
        (30, {"least": 30}, 9),
        (30, {"most": 29}, 0),
        (29, {"most": 29}, 9),
        (0, {"least": 0, "most": 0}, 9),
        (1, {"most": 0}, 0),
    ],
)
def test_days_since_the_last_one_are_those_of_the_calendar(made, who, day, condition, points):
    extra(made, {"days_since_last": condition})
    post_one(made, on(0, who), now=NOW)
    result = post_one(made, on(day, who), now=NOW)
    assert (bonus(result), seen(result)) == (points, {"days_since_last": [str(day)]})


def test_days_change_at_midnight_of_the_program(made, who):
    """23:30 UTC of 1 May is 2 May in Paris."""
    extra(made, {"days_since_last": {"least": 1, "most": 1}})
    for instant, points in ((at(2026, 5, 1, 21, 30), 0), (at(2026, 5, 1, 22, 30), 9), (at(2026, 5, 2, 21, 30), 0)):
        result = post_one(made, purchase(who, 1_000, activity_at=instant), now=at(2026, 6, 1))
        assert bonus(result) == points, instant


def test_without_a_last_one_no_days_have_gone_by(made, who):
    extra(made, LONG_AGO)
    extra(made, {"not": {"days_since_last": {"most": 29}}}, "not-lately")
    result = post_one(made, on(0, who), now=NOW)
    assert (bonus(result), seen(result)) == (9, {})


def test_the_last_one_is_the_one_before_it_and_not_a_later_one(made, who):
    extra(made, LONG_AGO)
    post(made, on(0, who), on(50, who), now=NOW)
    assert seen(post_one(made, on(40, who), now=NOW)) == {"days_since_last": ["40"]}


def test_so_many_are_read_as_rules_tell_apart(made, who):
    extra(made, {"purchase_number": {"least": 2, "most": 3}})
    post(made, *[on(day, who) for day in range(9)], now=NOW)
    assert seen(post_one(made, on(9, who), now=NOW)) == {"purchase_number": ["4+"]}
    with CaptureQueriesContext(connection) as queries:
        post_one(made, on(10, who), now=NOW)
    assert any("LIMIT" in one["sql"] and "transactions_journal" in one["sql"] for one in queries)


def test_it_is_one_statement_whatever_is_posted_and_none_where_no_rule_asks(made, who):
    def sent(*items):
        with CaptureQueriesContext(connection) as queries:
            post(made, *items, now=NOW)
        return len(queries)

    sent(on(1, who))
    plain, plain_of_many = sent(on(1, who)), sent(*[on(day, who) for day in range(5)])
    asking = extra(made, THIRD)
    extra(made, LONG_AGO, "again")
    sent(on(1, who))
    assert sent(on(1, who)) == plain + 1
    assert sent(*[on(day, member(made)) for day in range(20)]) == plain_of_many + 1
    made.rules.filter(pk__gte=asking.pk).update(is_active=False)
    sent(on(1, who))
    assert sent(on(1, who)) == plain


def test_an_activity_that_no_such_rule_is_about_is_not_looked_up(made, who):
    extra(made, THIRD)
    result = post_one(made, Activity(kind="review", external_id="r", member={"number": who.number}))
    assert "seen" not in Journal.objects.get(pk=result.journal_id).trace


def test_what_is_asked_most_says_how_many_are_read():
    assert earlier.most_asked({}) == 0
    assert earlier.most_asked({"days_since_last": ["last"]}) == 1
    assert earlier.most_asked({"days_since_last": ["last"], "purchase_number": ["3", "10"]}) == 10
