"""A promotion holds for who may have it, and gives back with a refund what it gave (semantics C7, C8-R5)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members import promotions as enrolling
from members.models import PromotionEnrolment
from programs import promotions, versions
from programs.models import Promotion
from tests.support import factories
from tests.support.capped import cap, used
from tests.support.factories import held, post_one, reversal
from tests.support.promoting import buy, day, earned, given, promotion
from transactions.models import Journal, PromotionUse

NOW = timezone.now()


def trace(result):
    return Journal.objects.get(pk=result.journal_id).trace


def in_force_since(made, days):
    """What the program promises now, it has promised for so many days."""
    versions.of(made)
    made.versions.update(since=timezone.now() - timedelta(days=days))
    versions.forget()


def test_it_gives_beside_the_base_rules_and_writes_down_what(plain, ada):
    offer = promotion(plain)
    result = buy(plain, ada)
    assert earned(result) == 150
    use = PromotionUse.objects.get()
    assert (use.promotion, use.journal_id, use.member, use.points) == (offer, result.journal_id, ada, 50)
    assert trace(result)["promotions"] == {"spring": {"points": 50}}
    assert [row.get("promotion") for row in trace(result)["rules"]] == [None, "spring"]


def test_the_surplus_of_its_multiplier_is_its_own(plain, ada):
    promotion(plain, "double", "2", "multiplier")
    assert earned(buy(plain, ada)) == 200
    assert given("double") == 100


@pytest.mark.parametrize(
    ("starts", "ends", "points"), [(-3, 3, 150), (1, None, 100), (None, -1, 100), (None, 0, 150)]
)
def test_it_runs_from_its_first_to_its_last_day(plain, ada, starts, ends, points):
    days = {name: day(n) for name, n in (("starts_on", starts), ("ends_on", ends)) if n is not None}
    promotion(plain, **days)
    # Just now, so that it is the same day whatever the hour is.
    result = buy(plain, ada, activity_at=timezone.now())
    zone = plain.zone
    if timezone.now().astimezone(zone).date() == timezone.localdate():
        assert earned(result) == points


def test_the_shorter_of_its_days_and_those_of_its_rule_count(plain, ada):
    promotion(plain, starts_on=day(-9), rule={"ends_on": day(-5)})
    assert earned(buy(plain, ada)) == 100


def test_its_conditions_are_asked_beside_those_of_its_rules(plain, ada):
    promotion(plain, conditions={"channels": ["web"]}, rule={"conditions": {"codes": ["MAY"]}})
    assert earned(buy(plain, ada, channel="web")) == 100
    assert earned(buy(plain, ada, code="MAY")) == 100
    assert earned(buy(plain, ada, channel="web", code="MAY")) == 150


def test_one_that_is_switched_off_counts_for_what_happened_before(plain, ada):
    offer = promotion(plain)
    in_force_since(plain, days=2)
    before = timezone.now()
    offer.is_active = False
    offer.save()
    assert earned(buy(plain, ada, activity_at=timezone.now())) == 100
    assert earned(buy(plain, ada, activity_at=before)) == 150


def test_one_that_was_stopped_counts_for_nothing_from_then_on_however_late_it_is_reported(plain, ada):
    offer = promotion(plain)
    stop, before = timezone.now() - timedelta(minutes=30), timezone.now() - timedelta(minutes=40)
    in_force_since(plain, days=2)
    offer.stopped_from = stop
    offer.save()
    late = buy(plain, ada, activity_at=stop)
    assert earned(late) == 100
    assert trace(late)["seen"] == {"stopped": ["spring"]}
    assert earned(buy(plain, ada, activity_at=before)) == 150


def test_who_has_to_enrol_gets_it_from_then_on(plain, ada):
    offer = promotion(plain, opt_in=True)
    assert earned(buy(plain, ada)) == 100
    enrolling.enrol(ada, offer, now=timezone.now() - timedelta(minutes=30))
    assert earned(buy(plain, ada, activity_at=timezone.now() - timedelta(minutes=40))) == 100
    result = buy(plain, ada, activity_at=timezone.now())
    assert earned(result) == 150
    assert trace(result)["seen"] == {"enrolled": ["spring"]}


def test_who_leaves_keeps_what_was_given_and_gets_no_more(plain, ada):
    offer = promotion(plain, opt_in=True)
    hour = timezone.now() - timedelta(hours=1)
    enrolling.enrol(ada, offer, now=hour)
    assert enrolling.leave(ada, offer, now=timezone.now() - timedelta(minutes=20))
    assert not enrolling.leave(ada, offer, now=timezone.now())
    assert earned(buy(plain, ada, activity_at=hour + timedelta(minutes=5))) == 150
    assert earned(buy(plain, ada, activity_at=timezone.now())) == 100


def test_a_second_enrolment_changes_nothing(plain, ada):
    offer = promotion(plain, opt_in=True)
    assert enrolling.enrol(ada, offer, now=NOW)[1]
    assert not enrolling.enrol(ada, offer, now=timezone.now())[1]
    assert PromotionEnrolment.objects.get().enrolled_at == NOW


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Nobody needs to enrol"),
        ({"opt_in": True, "is_active": False}, "does not run any more"),
        ({"opt_in": True, "stopped_from": NOW}, "does not run any more"),
        ({"opt_in": True, "ends_on": day(-2)}, "ended on"),
    ],
)
def test_nobody_enrols_where_that_would_give_nothing(plain, ada, fields, words):
    offer = promotion(plain, **fields)
    with pytest.raises(enrolling.NotOpen, match=words):
        enrolling.enrol(ada, offer, now=timezone.now())


def test_a_refund_takes_back_what_it_gave_by_the_rest_of_the_order(plain, ada):
    """C14-X2: the promotion gives only from an amount on."""
    promotion(plain, points="200", rule={"conditions": {"amount": {"least": "50"}}})
    result = buy(plain, ada, 8000)
    assert earned(result) == 280
    post_one(plain, reversal(result.journal_id, amount=2000))
    assert (held(ada), given()) == (260, 200)
    post_one(plain, reversal(result.journal_id, amount=2000))
    assert (held(ada), given()) == (40, 0)


def test_points_that_are_not_recovered_stay_a_cost_of_it(plain, ada):
    promotion(plain, points="100")
    result = buy(plain, ada)
    post_one(plain, factories.redemption(ada, 150))
    post_one(plain, reversal(result.journal_id))
    # 50 of the 200 points came back, a half of which were the promotion's.
    assert given() == 75


def test_members_who_are_left_out_get_nothing_and_always_are_the_same(plain):
    promotion(plain, holdout_percent=50)
    everybody = [factories.member(plain) for _ in range(40)]
    points = {who.pk: earned(buy(plain, who)) for who in everybody}
    assert set(points.values()) == {100, 150}
    again = {who.pk: earned(buy(plain, who)) for who in everybody}
    assert points == again


def test_holdouts_are_spread_evenly_and_each_promotion_chooses_others():
    """Of 20,000 members one in five is left out, within four standard deviations, and of two promotions one in 25."""
    one, two = promotions.seeds("club", "spring"), promotions.seeds("club", "autumn")
    members = range(1, 20_001)
    first = {n for n in members if promotions.place(one, n) < 20}
    second = {n for n in members if promotions.place(two, n) < 20}
    assert abs(len(first) - 4000) < 4 * (20_000 * 0.2 * 0.8) ** 0.5
    assert abs(len(first & second) - 800) < 4 * (20_000 * 0.04 * 0.96) ** 0.5
    neighbours = sum(n in first and n + 1 in first for n in members)
    assert abs(neighbours - 800) < 4 * (20_000 * 0.04 * 0.96) ** 0.5


def test_its_budget_is_of_all_its_rules_and_of_nothing_else(plain, ada):
    offer = promotion(plain, points="60")
    factories.rule(plain, "more", "fixed", {"points": "30", "events": "purchase"}, group="more", promotion=offer)
    plain.refresh_from_db()
    cap(plain, "budget", 100, scope="program", period="ever", promotion=offer)
    assert earned(buy(plain, ada)) == 190
    assert earned(buy(plain, ada)) == 110
    assert (used("budget"), given()) == ([100], 100)


def test_a_budget_cannot_become_less_than_what_is_used_of_it(plain, ada):
    offer = promotion(plain)
    budget = cap(plain, "budget", 500, scope="program", period="ever", promotion=offer)
    buy(plain, ada)
    budget.limit = 49
    with pytest.raises(Exception, match="50 are used up already"):
        budget.full_clean()
    budget.limit = 50
    budget.full_clean()


@pytest.mark.parametrize("had_enrolled", [True, False])
def test_who_had_enrolled_when_an_order_was_made_has_for_its_revision_as_well(plain, ada, had_enrolled):
    """C14-R7: nobody enrols, or leaves, for what was bought before."""
    offer = promotion(plain, opt_in=True)
    enrolling.enrol(ada, offer, now=NOW - timedelta(days=3))
    if not had_enrolled:
        enrolling.leave(ada, offer, now=NOW - timedelta(days=2))
    buy(plain, ada, external_id="o-1")
    if had_enrolled:
        enrolling.leave(ada, offer, now=NOW - timedelta(hours=1))
    else:
        enrolling.enrol(ada, offer, now=NOW - timedelta(hours=1))
    again = buy(plain, ada, 12000, external_id="o-2", replaces="o-1", activity_at=timezone.now())
    assert earned(again) == 120 + 50 * had_enrolled


def test_a_revision_sees_of_a_promotion_that_is_new_who_takes_part_in_it(plain, ada):
    buy(plain, ada, external_id="o-1")
    offer = promotion(plain, opt_in=True)
    enrolling.enrol(ada, offer, now=NOW - timedelta(days=3))
    assert earned(buy(plain, ada, external_id="o-2", replaces="o-1", activity_at=timezone.now())) == 150


@pytest.mark.parametrize(("measure", "least"), [("points", "50 are"), ("money", "0.50 EUR are")])
def test_what_is_used_of_a_budget_is_said_in_its_unit(plain, ada, measure, least):
    plain.currencies.filter(code="points").update(cost_per_point="0.01")
    offer = promotion(plain)
    budget = cap(plain, "budget", 500, scope="program", period="ever", promotion=offer, measure=measure)
    buy(plain, ada)
    budget.limit = 49
    with pytest.raises(Exception, match=f"{least} used up already"):
        budget.full_clean()


@pytest.mark.parametrize("changed", [{"measure": "uses"}, {"scope": "member"}])
def test_what_was_counted_is_never_taken_for_something_else(plain, ada, changed):
    budget = cap(plain, "budget", 500, scope="program", period="ever", promotion=promotion(plain))
    for name, value in changed.items():
        setattr(budget, name, value)
    budget.full_clean()
    budget.refresh_from_db()
    buy(plain, ada)
    for name, value in changed.items():
        setattr(budget, name, value)
    with pytest.raises(Exception, match="Stays once the cap has counted something"):
        budget.full_clean()


def test_the_surplus_on_points_that_a_budget_cut_goes_with_them(plain, ada):
    offer = promotion(plain, points="30")
    promotion(plain, "double", "2", "multiplier")
    cap(plain, "budget", 30, scope="program", period="ever", promotion=offer)
    cap(plain, "of_double", 10_000, scope="program", period="ever", promotion=Promotion.objects.get(code="double"))
    assert earned(buy(plain, ada, 1000)) == 10 * 2 + 30 * 2
    second = buy(plain, ada, 1000)
    assert earned(second) == 10 * 2
    assert (used("budget"), used("of_double"), given(), given("double")) == ([30], [50], 30, 50)
    post_one(plain, reversal(second.journal_id))
    assert (used("of_double"), given("double"), held(ada)) == ([40], 40, 80)
