"""How active members are is counted each night by what the ledger says, and anew when other things count."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from loyalty_site import nightly
from members import scores
from members.models import ActivityScore, Member
from programs.models import Program
from programs.scoring import Score
from tests.support import factories
from tests.support.factories import at
from tests.support.segments import held, inside, segment
from tests.support.stage import kept
from transactions import jobs
from transactions.erasing.erasures import erase
from transactions.merging import merges
from transactions.models import NightRun
from transactions.segments import looking_up, scoring

NOW = at(2026, 3, 4, 11)


@kept
def ada(made):
    return factories.member(made, enrolled_at=at(2024, 1, 1))


@kept
def bob(made):
    return factories.member(made, enrolled_at=at(2024, 1, 1))


@kept
def eve(made):
    """She never bought anything."""
    return factories.member(made, enrolled_at=at(2024, 1, 1))


@pytest.fixture
def journals(made, ada, bob, eve):
    """Ada bought for 500.00 today and for 250.00 in January, Bob for 100.00 on 20 December, 74 days ago."""
    made_on = {
        "a1": (ada, 50_000, at(2026, 3, 4, 9)),
        "a2": (ada, 25_000, at(2026, 1, 9)),
        "b1": (bob, 10_000, at(2025, 12, 20)),
    }
    items = [factories.purchase(who, money, name, activity_at=day) for name, (who, money, day) in made_on.items()]
    return {item.external_id: factories.post_one(made, item, now=NOW).journal_id for item in items}


def count(made, now=NOW):
    """Count all scores as a night does; of how many they changed."""
    with transaction.atomic():
        return scoring.work(made.pk, 0, Member.objects.latest("pk").pk, now=now)


def test_the_score_is_that_of_the_formula_for_what_was_bought_in_the_window(made, journals, ada, bob, eve):
    assert count(made) == 2
    # Ada: 100, 2 of 12 = 16, 750 of 1,000 = 75; 191 / 3. Bob: 291 of 365 = 79, 8, 10; 97 / 3.
    assert scores.of(ada) == Score(63, 100, 16, 75)
    assert scores.of(bob) == Score(32, 79, 8, 10)
    assert scores.of(eve) is None


def test_counting_twice_changes_nothing_and_a_day_later_only_recency(made, journals, ada, bob):
    count(made)
    assert count(made) == 0
    assert count(made, NOW + timedelta(days=4)) == 2
    assert scores.of(ada) == Score(63, 98, 16, 75)


def test_what_was_refunded_does_not_count_and_what_lies_before_the_window_neither(made, journals, ada, bob):
    factories.post_one(made, factories.reversal(journals["a1"]), now=NOW)
    count(made)
    assert scores.of(ada) == Score(39, 85, 8, 25)
    # The last day that counts, and the day behind it: then there is no row either.
    count(made, at(2026, 12, 20))
    assert scores.of(bob) == Score(6, 0, 8, 10)
    count(made, at(2026, 12, 21))
    assert scores.of(bob) is None


def test_days_are_those_of_the_program(made, ada):
    # In Paris it is the 5th already.
    late = at(2026, 3, 3, 23)
    factories.post_one(made, factories.purchase(ada, 100, activity_at=late), now=at(2026, 3, 4, 22))
    count(made, at(2026, 3, 4, 23, 30))
    assert scores.of(ada).recency == 99


def test_segments_ask_for_it_and_who_has_none_has_0(made, journals, ada, bob, eve):
    count(made)
    for ends, names in [
        ({"at_least": 63}, {ada}),
        ({"at_least": 64}, set()),
        ({"at_most": 32}, {bob, eve}),
        ({"at_most": 0}, {eve}),
        ({"at_least": 1, "at_most": 62}, {bob}),
    ]:
        assert held(made, {"activity_score": ends}, now=NOW) == {who.pk for who in names}


def test_a_program_without_weights_has_no_scores_and_its_segments_hold_nobody(made, journals, ada):
    count(made)
    switch(made, score_recency=0, score_frequency=0, score_spend=0)
    assert held(made, {"activity_score": {"at_most": 100}}, now=NOW) == set()
    assert count(made) == 2
    assert not ActivityScore.objects.exists()
    assert list(scoring.plan(made)) == []


def switch(made, **fields):
    """Save a program with other terms, as its page does."""
    row = Program.objects.get(pk=made.pk)
    for name, value in fields.items():
        setattr(row, name, value)
    row.full_clean()
    row.save()


@pytest.mark.parametrize("name", ["score_days", "score_purchases", "score_money"])
def test_full_marks_of_nothing_are_refused(made, name):
    with pytest.raises(ValidationError, match=name):
        switch(made, **{name: 0})


def test_whoever_counts_otherwise_sees_it_in_scores_and_segments_at_once(
    made, journals, ada, bob, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(looking_up, "SIZE_ON_SQLITE", 2)
    monkeypatch.setattr(scoring.timezone, "now", lambda: NOW)
    active = segment(made, "active", {"activity_score": {"at_least": 70}})
    idle = segment(made, "idle", {"not": {"segment": {"code": "active"}}})
    with django_capture_on_commit_callbacks(execute=True):
        switch(made, score_frequency=0, score_purchases=5)
    assert scores.of(ada) == Score(87, 100, 40, 75)
    assert inside(active) == {ada.pk}
    assert ada.pk not in inside(idle)
    assert bob.pk in inside(idle)
    job = NightRun.objects.get(program=made, step__startswith="scores ")
    assert job.finished_at
    assert job.counts["changed"] == 2
    # What says nothing of it begins nothing.
    with django_capture_on_commit_callbacks(execute=True):
        switch(made, name="Another")
    assert NightRun.objects.filter(step__startswith="scores ").count() == 1


def test_what_takes_longer_goes_on_beside_the_requests_and_a_night_ends_it(
    made, journals, ada, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(jobs, "AT_ONCE_S", 0)
    passed_on = []
    monkeypatch.setattr(scoring.finish_scores, "delay", passed_on.append)
    with django_capture_on_commit_callbacks(execute=True):
        switch(made, score_purchases=5)
    assert scores.of(ada) is None
    assert scoring.KIND.end(made) == 1
    scoring.finish_scores(*passed_on)
    assert scores.of(ada) is None


def test_the_night_counts_scores_before_segments(made, journals, ada, monkeypatch):
    active = segment(made, "active", {"activity_score": {"at_least": 60}})
    list(nightly.night(made, now=at(2026, 3, 5, 2), is_forced=True))
    assert inside(active) == {ada.pk}
    assert NightRun.objects.get(program=made, step="scores").counts == {"changed": 2}


def test_who_is_merged_into_another_has_no_score_and_the_survivor_that_of_its_own_purchases(made, journals, ada, bob):
    count(made)
    merges.merge(ada, bob, reason="The same", now=NOW)
    assert scores.of(ada) is None
    assert scores.of(bob) == Score(32, 79, 8, 10)
    count(made)
    assert scores.of(ada) is None


def test_who_is_closed_has_none_after_the_night(made, journals, ada, bob):
    count(made)
    Member.objects.filter(pk=ada.pk).update(status=Member.Status.CLOSED)
    assert count(made) == 1
    assert scores.of(ada) is None


def test_members_of_other_programs_are_left_alone(made, journals, ada):
    other = factories.program()
    who = factories.member(other)
    ActivityScore.objects.create(member=who, score=7, recency=7, frequency=7, spend=7)
    count(made)
    assert scores.of(who) == Score(7, 7, 7, 7)


def test_who_is_erased_has_no_score_from_that_moment(made, journals, ada, bob):
    count(made)
    erase(ada.customer, reason="Asked by letter")
    assert scores.of(ada) is None
    assert scores.of(bob) is not None
    assert count(made) == 0
