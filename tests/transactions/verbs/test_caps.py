"""What the rules give is cut by caps in a fixed order, exactly, and the trace says what cut what (semantics C8)."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partners.activity import Adjustment, Transfer
from tests.support import factories
from tests.support.capped import MARCH, buy, cap, used
from tests.support.factories import at, held, line, post, post_one, purchase
from transactions import ledger
from transactions.models import CapCounter, Journal


def trace(result):
    return Journal.objects.get(pk=result.journal_id).trace


def chain(result):
    """The cuts in words: "180 -> 150 (txn)"."""
    cuts = trace(result)["caps"]["cuts"]
    return " -> ".join([str(cuts[0]["from"]), *(f"{cut['to']} ({cut['cap']})" for cut in cuts)])


def test_c8_x1_transaction_then_day_then_budget(plain, ada):
    day = cap(plain, "day", 500)
    budget = cap(plain, "budget", 60, scope="program", period="ever", rule=plain.rules.get(), is_active=False)
    for _ in range(4):
        buy(plain, ada, 100)
    cap(plain, "txn", 150, scope="transaction")
    budget.is_active = True
    budget.save()
    result = buy(plain, ada, 180)
    assert chain(result) == "180 -> 150 (txn) -> 100 (day) -> 60 (budget)"
    assert result.answer["points"] == {"points": 60}
    assert result.answer["desired_points"] == {"points": 180}
    assert trace(result)["desired"] == {"points": 180}
    assert [(row["points"], row["desired"]) for row in trace(result)["rules"]] == [(60, 180)]
    assert held(ada) == 460
    assert (used("day"), used("budget")) == ([460], [60])
    assert CapCounter.objects.get(cap=day).key == ada.pk


def test_what_is_not_cut_says_nothing_of_it(plain, ada):
    cap(plain, "day", 500)
    result = buy(plain, ada, 500)
    assert "desired_points" not in result.answer
    assert "desired" not in trace(result)


def test_a_cap_that_refuses_refuses_the_whole(plain, ada, count_rows):
    cap(plain, "day", 100, behaviour="reject")
    post(plain, purchase(ada, 10000, activity_at=MARCH), dry_run=True)
    before = count_rows()
    result = post(plain, purchase(ada, 10100, activity_at=MARCH))[0]
    assert (result.refusal.code, result.refusal.detail) == (
        "cap_reached",
        "Day: 100 more points are allowed, and this would give more.",
    )
    assert count_rows() == before
    assert buy(plain, ada, 100).answer["points"] == {"points": 100}


@pytest.mark.parametrize(
    ("period", "first"),
    [
        ("day", date(2026, 3, 4)),
        ("week", date(2026, 3, 2)),
        ("month", date(2026, 3, 1)),
        ("quarter", date(2026, 1, 1)),
        ("year", date(2026, 1, 1)),
        ("ever", date(1, 1, 1)),
    ],
)
def test_each_period_has_its_counter(plain, ada, period, first):
    cap(plain, "some", 100, period=period)
    assert buy(plain, ada, 70).answer["points"] == {"points": 70}
    assert buy(plain, ada, 70).answer["points"] == {"points": 30}
    assert CapCounter.objects.get().period == first


def test_the_day_is_that_of_the_activity_in_the_zone_of_the_program(plain, ada):
    """C16-R2: a late activity counts in its own day; 23:30 in UTC is the next day in Paris."""
    cap(plain, "day", 100)
    buy(plain, ada, 100, activity_at=at(2026, 3, 4, 23, 30))
    assert buy(plain, ada, 100, activity_at=at(2026, 3, 4, 22, 30)).answer["points"] == {"points": 100}
    assert buy(plain, ada, 100, activity_at=at(2026, 3, 5, 1)).answer["points"] == {}
    assert list(CapCounter.objects.order_by("period").values_list("period", flat=True)) == [
        date(2026, 3, 4),
        date(2026, 3, 5),
    ]


def test_trailing_days_are_counted_back_from_the_activity(plain, ada):
    cap(plain, "week", 100, period="trailing", trailing_days=7)
    buy(plain, ada, 60, activity_at=at(2026, 3, 1))
    assert buy(plain, ada, 60, activity_at=at(2026, 3, 7)).answer["points"] == {"points": 40}
    assert buy(plain, ada, 80, activity_at=at(2026, 3, 8)).answer["points"] == {"points": 60}
    assert buy(plain, ada, 80, activity_at=at(2026, 3, 13)).answer["points"] == {}
    assert buy(plain, ada, 80, activity_at=at(2026, 3, 14)).answer["points"] == {"points": 40}


def test_uses_are_counted_and_a_cut_to_nothing_is_none(plain, ada):
    cap(plain, "twice", 2, measure="uses", period="ever")
    budget = cap(plain, "budget", 50, scope="program", period="month")
    buy(plain, ada, 50)
    assert buy(plain, ada, 50).answer["points"] == {}
    assert used("twice") == [1]
    budget.limit = 1000
    budget.save()
    assert buy(plain, ada, 50).answer["points"] == {"points": 50}
    assert buy(plain, ada, 50).answer["points"] == {}
    assert (used("twice"), used("budget")) == ([2], [100])


def test_money_is_counted_exactly(plain, ada):
    """At 0.0075 euro a point, 10 euro cent are 13 points, and 20 cent are 26."""
    plain.currencies.filter(code="points").update(cost_per_point="0.0075")
    budget = cap(plain, "money", 10, measure="money", scope="program", period="ever")
    assert buy(plain, ada, 20).answer["points"] == {"points": 13}
    assert buy(plain, ada, 20).answer["points"] == {}
    budget.limit = 20
    budget.save()
    assert buy(plain, ada, 20).answer["points"] == {"points": 13}
    assert used("money") == [26 * 7500]


def test_stores_have_counters_of_their_own(plain, ada):
    lyon, nice = factories.store(plain.owner, "lyon"), factories.store(plain.owner, "nice")
    cap(plain, "store", 100, scope="store", period="month")
    cap(plain, "lyon", 30, scope="member", store=lyon)
    assert buy(plain, ada, 80, store="lyon").answer["points"] == {"points": 30}
    assert buy(plain, ada, 120, store="nice").answer["points"] == {"points": 100}
    assert buy(plain, ada, 120).answer["points"] == {"points": 120}
    assert set(CapCounter.objects.filter(cap__code="store").values_list("key", "used")) == {
        (lyon.pk, 30),
        (nice.pk, 100),
    }


def test_base_points_are_cut_last(made, who):
    """A Gold member's 100 base points are 150 with the multiplier's 50, and a promotion gives 40 times 1.5."""
    post_one(made, purchase(who, 100000, activity_at=at(2026, 3, 3)))
    factories.rule(made, "books", "per_unit", {"points": "40"}, group="books")
    basket = {"lines": (line("B", 10000, quantity=1),), "activity_at": MARCH}
    free = post_one(made, purchase(who, 10000, **basket))
    assert {row["rule"]: row["points"] for row in trace(free)["rules"]} == {"spend": 150, "status": 100, "books": 60}
    txn = cap(made, "txn", 145, scope="transaction")
    rows = trace(post_one(made, purchase(who, 10000, **basket)))["rules"]
    assert {row["rule"]: row["points"] for row in rows} == {"spend": 100, "status": 100, "books": 45}
    txn.limit = 110
    txn.save()
    rows = trace(post_one(made, purchase(who, 10000, **basket)))["rules"]
    assert {row["rule"]: row["points"] for row in rows} == {"spend": 100, "status": 100, "books": 10}


def test_a_cap_of_one_rule_leaves_the_others(made, who):
    cap(made, "reviews", 80, rule=made.rules.get(code="review"), period="month")
    reviews = [factories.Activity(kind="review", external_id=str(n), member={"number": who.number}) for n in range(3)]
    given = [result.answer["points"] for result in post(made, *reviews)]
    assert given == [{"points": 50}, {"points": 30}, {}]
    assert post_one(made, purchase(who, 10000)).answer["points"] == {"points": 100, "status": 100}


def test_a_multiplier_has_a_budget_of_its_own(made, who):
    post_one(made, purchase(who, 100000))
    cap(made, "gold", 70, rule=made.rules.get(code="multiplier"), scope="program", period="ever")
    assert post_one(made, purchase(who, 10000)).answer["points"]["points"] == 150
    assert post_one(made, purchase(who, 10000)).answer["points"]["points"] == 120


def test_the_largest_balance_counts_pending_points_too(plain, ada):
    plain.currencies.filter(code="points").update(max_balance=150, pending_days=30)
    buy(plain, ada, 100, activity_at=None)
    result = buy(plain, ada, 100, activity_at=None)
    assert result.answer["points"] == {"points": 50}
    assert chain(result) == "100 -> 50 (max_balance)"


def test_nobody_is_given_by_hand_more_than_may_be_held(plain, ada):
    plain.currencies.filter(code="points").update(max_balance=150, transfers=True)
    buy(plain, ada, 100)
    hand = Adjustment("hand", {"number": ada.number}, 51, "Sorry")
    refusal = post(plain, hand)[0].refusal
    assert (refusal.code, refusal.field) == ("balance_too_large", "points")
    assert "50 more" in refusal.detail
    friend = factories.member(plain)
    buy(plain, friend, 100)
    refusal = post(plain, Transfer("gift", {"number": ada.number}, {"number": friend.number}, 51))[0].refusal
    assert (refusal.code, refusal.field) == ("balance_too_large", "points")


def test_a_dry_run_tells_the_same_and_counts_nothing(plain, ada, count_rows):
    cap(plain, "day", 60)
    post(plain, purchase(ada, 10000, activity_at=MARCH), dry_run=True)
    before = count_rows()
    result = post(plain, purchase(ada, 10000, activity_at=MARCH), dry_run=True)[0]
    assert (result.answer["points"], result.answer["desired_points"]) == ({"points": 60}, {"points": 100})
    assert count_rows() == before
    buy(plain, ada, 50)
    post(plain, purchase(ada, 10000, activity_at=MARCH), dry_run=True)
    assert used("day") == [50]


def test_a_repetition_counts_once(plain, ada):
    cap(plain, "day", 100)
    item = purchase(ada, 6000, activity_at=MARCH)
    assert post(plain, item)[0].answer == post(plain, item)[0].answer
    assert used("day") == [60]


def test_a_batch_counts_item_by_item(plain, ada):
    cap(plain, "day", 100)
    cap(plain, "budget", 150, scope="program", period="ever")
    bob = factories.member(plain)
    given = post(plain, *[purchase(who, 4000, activity_at=MARCH) for who in (ada, ada, ada, bob, bob)])
    assert [result.answer["points"].get("points", 0) for result in given] == [40, 40, 20, 40, 10]
    assert (used("budget"), sorted(used("day"))) == ([150], [50, 100])


def test_caps_cost_two_statements_for_a_whole_batch(plain, ada):
    people = [factories.member(plain) for _ in range(5)]
    post(plain, *[purchase(who, 100) for who in people])

    def statements(*items):
        till = factories.till(plain)
        ledger.record([purchase(people[0], 100)], program_id=plain.pk, via=till)
        with CaptureQueriesContext(connection) as log:
            results = ledger.record(items, program_id=plain.pk, via=till)
        assert {result.status for result in results} == {"posted"}
        return len(log)

    free = statements(purchase(people[0], 100))
    # Once before, because two in one batch make a balance of each currency.
    statements(*[purchase(who, 100) for who in people * 2])
    many = statements(*[purchase(who, 100) for who in people * 40])
    cap(plain, "day", 10**6)
    cap(plain, "txn", 10**6, scope="transaction")
    cap(plain, "budget", 10**6, scope="program", period="ever")
    assert statements(purchase(people[0], 100)) == free + 2
    assert statements(*[purchase(who, 100) for who in people * 40]) == many + 2
    cap(plain, "trailing", 10**6, period="trailing")
    assert statements(*[purchase(who, 100) for who in people * 40]) == many + 3
