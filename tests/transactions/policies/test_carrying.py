"""Surplus that is carried over from some day on is carried over for those, too, who counted before that day."""

from datetime import date

import pytest

from loyalty_site import nightly
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.ladders import earn, ladder, midnight, night, noon, settle
from tests.support.one_batch import one_batch
from tests.support.policies import member
from transactions.models import NightRun
from transactions.policies import carrying


@pytest.fixture(params=["calendar", "anniversary"])
def model(request):
    return request.param


@pytest.fixture
def group(made, model):
    return ladder(made, model=model, validity="rest_of_cycle_plus_next")


@pytest.fixture
def who(made, group):
    """Has counted 1,300 in the cycle of now, and holds gold, which asks for 1,000, to the end of the next one."""
    return member(made, 1300)


@pytest.fixture
def following(model):
    """The first day of the next cycle: members enrolled on 10 January."""
    return date(2027, 1, 1) if model == "calendar" else date(2027, 1, 10)


def switch(made, now):
    group = ladder(made, rollover=True)
    return carrying.KIND.advance(carrying.start(group, now=now), now=now)


def carried(who, day):
    return who.tallies.filter(period=day).values_list("carried", flat=True).first()


def test_a_night_carries_over_for_who_counted_before_the_switch(made, who, now, following):
    assert switch(made, now).counts["members"] == 1
    night(made, midnight(made, following.year, following.month, following.day))
    assert carried(who, following) == 300
    assert_balanced(made)


def test_so_does_whoever_reads(made, who, now, following):
    switch(made, now)
    settle(who, noon(made, 2027, 2, 1))
    assert carried(who, following) == 300
    assert_balanced(made)


def test_without_the_job_nobody_would_be_looked_at(made, who, now, following):
    ladder(made, rollover=True)
    settle(who, noon(made, 2027, 2, 1))
    assert carried(who, following) is None


def test_a_cycle_that_closes_before_the_job_comes_to_the_member_is_carried_over_by_it(made, who, now, following):
    job = carrying.start(ladder(made, rollover=True), now=now)
    carrying.KIND.advance(job, now=noon(made, 2027, 2, 1))
    assert carried(who, following) == 300
    assert_balanced(made)


def test_the_job_begins_with_the_commit_of_the_switch(made, who, django_capture_on_commit_callbacks, monkeypatch):
    woken = []
    monkeypatch.setattr(carrying.work, "delay", woken.append)
    with django_capture_on_commit_callbacks(execute=True):
        ladder(made, rollover=True)
    assert woken == [NightRun.objects.get().pk]
    carrying.work(woken[0])
    assert NightRun.objects.get().finished_at
    with django_capture_on_commit_callbacks(execute=True):
        ladder(made, rollover_limit=100)
    assert len(woken) == 1


def test_the_night_finishes_a_job_that_was_interrupted(made, who, now, following, monkeypatch):
    monkeypatch.setattr(carrying, "BATCH", 1)
    member(made, 0)
    job = one_batch(carrying.KIND, carrying.start(ladder(made, rollover=True), now=now), now)
    assert (job.finished_at, job.counts["members"]) == (None, 1)
    ran = {run.step: run for run in nightly.night(made)}
    assert ran["recount"].counts == {"members": 2}


def test_nobody_is_looked_at_where_nobody_holds_a_tier(db, now):
    empty = factories.program("empty")
    assert carrying.start(empty.tier_groups.get(), now=now) is None


def test_what_is_switched_off_again_meanwhile_ends_the_job(made, who, now, following):
    job = carrying.start(ladder(made, rollover=True), now=now)
    ladder(made, rollover=False)
    job = carrying.KIND.advance(job, now=now)
    assert (bool(job.finished_at), job.counts["members"]) == (True, 0)
    earn(made, who, 1, now)
    settle(who, noon(made, 2027, 2, 1))
    assert not carried(who, following)
