"""What a promotion brings is measured against the members who are left out of it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import BigIntegerField, ExpressionWrapper, F, Value
from django.db.models.functions import Cast
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loyalty_site import nightly
from members import promotions as enrolling
from members.models import Member, SegmentMembership
from programs import promotions
from programs.models import Promotion, Segment
from programs.rules.conditions import registry
from tests.support import factories
from tests.support.factories import post_one, purchase, reversal
from tests.support.promoting import buy, day, promotion
from transactions.models import NightRun, PromotionResult
from transactions.promoting import holdouts
from transactions.promoting.comparing import Arm

NOW = timezone.now()
#: Far enough from both ends of a promotion that the hour at which tests run decides nothing.
MIDDLE = NOW - timedelta(days=5)


def running(made, **fields):
    """A promotion that began ten days ago and leaves half of the members out."""
    return promotion(made, **{"starts_on": day(-10), "holdout_percent": 50} | fields)


def is_out(offer, who):
    return promotions.place(promotions.seeds(offer.program.code, offer.code), who.pk) < offer.holdout_percent


def arms(offer, now=None):
    found = holdouts.comparison(holdouts.measure(offer, now=now or timezone.now()))
    return {False: found.have, True: found.out}


def expected(offer, spent):
    """The sums of {member: minor units, or None where they did not buy} by whether they are left out."""
    found = {}
    for out in (False, True):
        own = [amount for who, amount in spent.items() if is_out(offer, who) == out]
        paid = [amount or 0 for amount in own]
        buyers = sum(amount is not None for amount in own)
        found[out] = Arm(len(own), buyers, sum(paid), float(sum(one * one for one in paid)))
    return found


@pytest.mark.parametrize("code", ["spring", "autumn", "x"])
def test_the_database_draws_the_same_members(plain, code):
    for _ in range(30):
        factories.member(plain)
    seeds = promotions.seeds(plain.code, code)
    place = ExpressionWrapper(promotions.place(seeds, F("pk")), output_field=BigIntegerField())
    found = dict(Member.objects.annotate(place=place).values_list("pk", "place"))
    assert found == {key: promotions.place(seeds, key) for key in found}
    assert len(set(found.values())) > 10


@pytest.mark.parametrize("key", [1, promotions.PRIME - 1, promotions.PRIME, 2**53, 2**62 + 12345, 2**63 - 1])
@pytest.mark.parametrize("seeds", [(promotions.PRIME - 1,) * 3, (1, 0, 0), promotions.seeds("club", "spring")])
def test_no_key_is_too_large_for_the_database(ada, key, seeds):
    of_key = promotions.place(seeds, Cast(Value(key), BigIntegerField()))
    place = ExpressionWrapper(of_key, output_field=BigIntegerField())
    assert Member.objects.annotate(place=place).get().place == promotions.place(seeds, key)


def test_what_both_groups_spend_is_added_up_with_those_who_buy_nothing(plain):
    offer, spent = running(plain), {}
    for number in range(24):
        who = factories.member(plain)
        spent[who] = None if number % 3 == 0 else 1000 * number
        if spent[who]:
            buy(plain, who, spent[who] - 500, activity_at=MIDDLE)
            buy(plain, who, 500, activity_at=MIDDLE)
    assert arms(offer) == expected(offer, spent)
    result = PromotionResult.objects.get()
    assert (result.holdout_percent, result.had_members + result.out_members) == (50, 24)


def test_refunds_come_off_and_who_gave_all_back_has_not_bought(plain):
    offer = running(plain)
    kept, part, gone = (factories.member(plain) for _ in range(3))
    for who in (kept, part, gone):
        result = buy(plain, who, 9000, activity_at=MIDDLE)
        if who == part:
            post_one(plain, reversal(result.journal_id, amount=2500))
        if who == gone:
            post_one(plain, reversal(result.journal_id))
    assert arms(offer) == expected(offer, {kept: 9000, part: 6500, gone: None})


def test_only_what_is_bought_while_it_runs_counts(plain):
    offer = running(plain, starts_on=day(-10), ends_on=day(-3))
    who = factories.member(plain)
    for days, amount in ((12, 1), (9, 100), (4, 1000), (1, 10)):
        buy(plain, who, amount, activity_at=NOW - timedelta(days=days))
    post_one(plain, purchase(who, 7, activity_at=NOW))
    assert arms(offer) == expected(offer, {who: 1100})


def test_what_is_bought_after_an_emergency_stop_counts_no_more(plain):
    offer = running(plain, stopped_from=MIDDLE)
    who = factories.member(plain)
    buy(plain, who, 100, activity_at=MIDDLE - timedelta(seconds=1))
    buy(plain, who, 900, activity_at=MIDDLE)
    assert arms(offer) == expected(offer, {who: 100})


def test_visits_are_no_purchases(plain):
    offer, who = running(plain), factories.member(plain)
    factories.rule(plain, "visit", "fixed", {"points": "5", "events": "visit"}, group="visit")
    plain.refresh_from_db()
    post_one(
        plain, factories.Activity(kind="visit", external_id="v", member={"number": who.number}, activity_at=MIDDLE)
    )
    assert arms(offer) == expected(offer, {who: None})


def test_who_joined_later_or_is_not_active_is_in_no_group(plain):
    offer, who = running(plain), factories.member(plain)
    factories.member(plain, enrolled_at=NOW - timedelta(days=2))
    for status in ("suspended", "closed"):
        Member.objects.filter(pk=factories.member(plain).pk).update(status=status)
    factories.member(factories.program())
    assert arms(offer) == expected(offer, {who: None})


def test_of_a_promotion_with_enrolment_only_those_are_compared_who_enrolled(plain):
    offer = running(plain, opt_in=True)
    enrolled, left, late, _never = (factories.member(plain) for _ in range(4))
    for who in (enrolled, left):
        enrolling.enrol(who, offer, now=MIDDLE)
    enrolling.leave(left, offer, now=NOW)
    Promotion.objects.update(ends_on=day(-2))
    enrolling.enrol(late, offer, now=NOW)
    offer.refresh_from_db()
    assert arms(offer) == expected(offer, {enrolled: None, left: None})


def test_of_a_promotion_for_segments_only_their_members_are_compared(plain, monkeypatch):
    # Whatever conditions there are: only the key is asked for.
    monkeypatch.setitem(registry, "segments", registry.get("segments", registry["codes"]))
    offer = running(plain)
    inside, off, _outside = (factories.member(plain) for _ in range(3))
    for code, who, is_active in (("fans", inside, True), ("old", off, False)):
        group = Segment.objects.create(program=plain, code=code, name=code, conditions={}, is_active=is_active)
        SegmentMembership.objects.create(segment=group, member=who, since=NOW)
    offer.conditions = {"segments": ["fans", "old"]}
    assert arms(offer) == expected(offer, {inside: None})
    offer.conditions = {"segments": ["none"]}
    assert arms(offer) == expected(offer, {})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"holdout_percent": 0}, "Nobody is left out"),
        ({"starts_on": None}, "no first day"),
        ({"starts_on": day(2)}, "has not begun"),
        ({"stopped_from": NOW - timedelta(days=20)}, "has not begun"),
    ],
)
def test_what_cannot_be_compared_says_why(plain, fields, words):
    offer = running(plain, **fields)
    with pytest.raises(holdouts.NotMeasured, match=words):
        holdouts.measure(offer, now=timezone.now())
    assert not PromotionResult.objects.exists()


def test_a_new_result_takes_the_place_of_the_last_one(plain, ada):
    offer = running(plain)
    first = holdouts.measure(offer, now=NOW)
    buy(plain, ada, 700, activity_at=MIDDLE)
    second = holdouts.measure(offer, now=timezone.now())
    assert (first.pk, first.had_spend + first.out_spend) == (second.pk, 0)
    assert second.had_spend + second.out_spend == 700
    assert second.as_of > first.as_of


def test_one_statement_looks_up_both_groups(plain, ada):
    offer = running(plain)
    with CaptureQueriesContext(connection) as asked:
        holdouts.measure(offer, now=timezone.now())
    assert sum("transactions_journal" in one["sql"] or "members_member" in one["sql"] for one in asked) == 1


def test_large_amounts_are_squared_without_an_overflow(plain, ada):
    offer = running(plain)
    buy(plain, ada, 10**11, activity_at=MIDDLE)
    found = arms(offer)[is_out(offer, ada)]
    assert (found.spend, found.squares) == (10**11, pytest.approx(1e22))


def test_a_night_measures_what_runs_or_has_just_ended(plain, ada):
    running(plain, code="runs")
    running(plain, code="ended", ends_on=day(-8))
    running(plain, code="over", starts_on=day(-90), ends_on=day(-60))
    running(plain, code="later", starts_on=day(9))
    running(plain, code="off", is_active=False)
    running(plain, code="stopped", stopped_from=NOW - timedelta(days=20))
    running(plain, code="for-all", holdout_percent=0)
    for _ in nightly.night(plain, now=timezone.now() + timedelta(days=1)):
        pass
    assert set(PromotionResult.objects.values_list("promotion__code", flat=True)) == {"runs", "ended"}
    assert NightRun.objects.filter(step="promotions").latest("pk").counts == {"promotions": 2}
