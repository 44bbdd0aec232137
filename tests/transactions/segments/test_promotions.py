"""Who takes part in a promotion, and whom it gave something: what was taken back as a whole was no use."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from members import promotions as enrolling
from programs import versions
from programs.models import Segment
from programs.models.segments import surroundings
from programs.segments import trees
from tests.support import factories
from tests.support.factories import post_one, reversal
from tests.support.merging import join
from tests.support.promoting import buy, promotion
from tests.support.segments import held, keep, segment
from tests.support.stage import kept
from transactions.merging import unmerges


@kept
def ada(made):
    return factories.member(made)


@kept
def bob(made):
    return factories.member(made)


def used(made, code="spring", **params):
    return held(made, {"promotion_used": {"code": code, **params}})


def enrolled(made, *codes):
    return held(made, {"promotion_enrolled": {"promotions": list(codes)}})


def test_whom_it_gave_something_so_often(made, ada, bob):
    promotion(made)
    promotion(made, "autumn", rule={"conditions": {"channels": ["web"]}})
    for who in (ada, ada, bob):
        buy(made, who)
    assert used(made) == {ada.pk, bob.pk}
    assert used(made, at_least=1) == {ada.pk, bob.pk}
    assert used(made, at_least=2) == {ada.pk}
    assert used(made, at_least=3) == used(made, "autumn") == set()


def test_a_transaction_to_which_it_gave_two_currencies_is_one_use(made, ada):
    offer = promotion(made)
    other = made.currencies.exclude(code="points").first()
    factories.rule(
        made, "more", "fixed", {"points": "5", "events": "purchase"}, group="more", promotion=offer, currency=other
    )
    made.refresh_from_db()
    buy(made, ada)
    assert ada.promotion_uses.count() == 2
    assert (used(made), used(made, at_least=2)) == ({ada.pk}, set())


def test_within_days_that_begin_where_the_program_is(made, ada, bob):
    promotion(made)
    versions.of(made)
    made.versions.update(since=timezone.now() - timedelta(days=30))
    versions.forget()
    buy(made, ada, activity_at=timezone.now() - timedelta(days=5))
    buy(made, bob)
    assert used(made, days=3) == {bob.pk}
    assert used(made, days=6) == {ada.pk, bob.pk}


def test_what_was_refunded_as_a_whole_is_no_use_and_a_part_is(made, ada, bob):
    promotion(made)
    first, second = buy(made, ada), buy(made, bob)
    post_one(made, reversal(first.journal_id))
    post_one(made, reversal(second.journal_id, amount=100))
    assert used(made) == {bob.pk}


def test_what_somebody_used_who_was_merged_counts_for_the_one_who_stays(made, ada, bob):
    promotion(made)
    buy(made, ada)
    buy(made, bob)
    done = join(bob, ada)
    assert used(made, at_least=2) == {ada.pk}
    unmerges.unmerge(done)
    assert (used(made, at_least=2), used(made)) == (set(), {ada.pk, bob.pk})


def test_who_takes_part_in_one_of_several(made, ada, bob):
    one, two = promotion(made, opt_in=True), promotion(made, "autumn", opt_in=True)
    now = timezone.now() - timedelta(hours=1)
    enrolling.enrol(ada, one, now=now)
    enrolling.enrol(bob, two, now=now)
    assert enrolled(made, "spring") == {ada.pk}
    assert enrolled(made, "spring", "autumn") == {ada.pk, bob.pk}
    enrolling.leave(ada, one, now=timezone.now())
    assert enrolled(made, "spring") == set()


def test_a_segment_of_them_is_looked_up(made, ada, bob):
    promotion(made, opt_in=True)
    made.refresh_from_db()
    row = segment(
        made,
        "takers",
        {"any": [{"promotion_enrolled": {"promotions": ["spring"]}}, {"promotion_used": {"code": "spring"}}]},
    )
    enrolling.enrol(ada, made.promotions.get(), now=timezone.now() - timedelta(minutes=1))
    assert keep(made, "takers") == (1, 0)
    assert set(row.memberships.values_list("member", flat=True)) == {ada.pk}


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"promotion_used": {"code": "none"}}, "no promotion “none”"),
        ({"promotion_used": {"code": "spring", "at_least": 0}}, "at least 1"),
        ({"promotion_used": {"code": "spring", "at_least": -1}}, "negative"),
        ({"promotion_used": {"code": "spring", "days": 0}}, "at least one day"),
        ({"promotion_used": {"at_least": 1}}, "is missing"),
        ({"promotion_enrolled": {"promotions": ["spring", "none"]}}, "no promotion “none”"),
        ({"promotion_enrolled": {"promotions": []}}, "is missing"),
        ({"promotion_enrolled": {"promotions": "spring"}}, "must be a list"),
    ],
)
def test_what_is_not_there_or_holds_everybody_is_refused(made, conditions, words):
    promotion(made)
    with pytest.raises(ValidationError, match=words):
        Segment(program=made, code="s", name="S", conditions=conditions).full_clean()


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ({"promotion_used": {"code": "spring"}}, "Members who used Spring."),
        (
            {"promotion_used": {"code": "spring", "at_least": 2, "days": 30}},
            "Members who used Spring at least 2 times in the last 30 days.",
        ),
        (
            {"promotion_enrolled": {"promotions": ["spring", "autumn"]}},
            "Members who have enrolled in Spring or Autumn.",
        ),
    ],
)
def test_they_are_said_with_the_names_of_promotions(made, conditions, sentence):
    promotion(made)
    promotion(made, "autumn")
    assert trees.say(conditions, surroundings(made)) == sentence
