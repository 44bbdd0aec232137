"""A job that brings thresholds to members may be killed, repeated and overtaken, and counts once."""

from datetime import timedelta

import pytest
from django.db import transaction

from loyalty_site import nightly
from members.models import Standing
from tests.support import factories
from tests.support.ladders import earn, ladder, story, tier
from tests.support.one_batch import one_batch
from tests.support.policies import edit, member, raise_now
from transactions import jobs
from transactions.models import NightRun
from transactions.policies import previewing, requests, thresholds
from transactions.proof.audit import audit


@pytest.fixture
def group(made):
    return ladder(made, model="calendar", validity="rest_of_cycle_plus_next")


@pytest.fixture
def five(made, group):
    found = [member(made, 600) for _ in range(5)]
    edit(made, 300, 550)
    return found


def stories(members):
    return [[*story(who), *who.standings.values_list("from_at", "valid_until", "note")] for who in members]


def test_killed_and_taken_up_again_it_does_the_rest_once(made, group, five, now, monkeypatch):
    monkeypatch.setattr(thresholds, "BATCH", 2)
    action, calls = thresholds._apply, []

    def fail_fourth(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return action(*arguments)

    monkeypatch.setattr(thresholds, "_apply", fail_fourth)
    job = thresholds.start(group, now, reason="More gold")
    with pytest.raises(KeyboardInterrupt):
        thresholds.KIND.advance(job, now=now)
    job.refresh_from_db()
    # The batch that was killed is not half there.
    assert (job.counts["members"], job.counts["raised"], job.finished_at) == (2, 2, None)
    assert [tier(who) for who in five] == ["gold", "gold", "silver", "silver", "silver"]
    assert thresholds.finish(made, now=now) == 5
    assert [tier(who) for who in five] == ["gold"] * 5
    assert all(one == stories(five)[0] for one in stories(five))
    assert (thresholds.finish(made, now=now), Standing.objects.filter(reason="assessed").count()) == (0, 5)
    assert not list(audit(made))


def test_the_night_finishes_what_was_interrupted(made, group, five, now):
    thresholds.start(group, now, reason="More gold")
    ran = {run.step: run for run in nightly.night(made)}
    assert ran["apply thresholds"].counts == {"moved": 5}
    assert [tier(who) for who in five] == ["gold"] * 5


def test_it_works_for_so_long_and_is_taken_up_by_whoever_comes(group, five, now, monkeypatch):
    monkeypatch.setattr(thresholds, "BATCH", 1)
    ticks = iter(range(100))
    monkeypatch.setattr(jobs.time, "monotonic", lambda: next(ticks))
    job = thresholds.KIND.advance(thresholds.start(group, now, reason="More gold"), now=now, for_s=2.5)
    assert (job.finished_at, job.counts["members"], job.counts["of_members"]) == (None, 2, 5)
    thresholds.work(job.pk)
    thresholds.work(job.pk)
    job.refresh_from_db()
    assert (job.counts["raised"], bool(job.finished_at)) == (5, True)


def begin(start, now, monkeypatch):
    """A job that has done two members of five."""
    monkeypatch.setattr(thresholds, "BATCH", 2)
    return one_batch(thresholds.KIND, start(), now)


def test_a_ladder_that_is_edited_meanwhile_is_gone_through_again(made, group, five, now, monkeypatch):
    job = begin(lambda: thresholds.start(group, now, reason="More gold"), now, monkeypatch)
    assert (job.finished_at, job.counts["members"]) == (None, 2)
    edit(made, 300, 590)
    job = thresholds.KIND.advance(job, now=now)
    assert (bool(job.finished_at), job.error) == (True, "")
    assert (job.counts["members"], job.counts["of_members"], job.counts["raised"]) == (5, 5, 5)
    assert [tier(who) for who in five] == ["gold"] * 5
    assert not list(audit(made))


def test_what_is_harder_to_reach_meanwhile_is_for_those_who_are_left(made, group, five, now, monkeypatch):
    job = begin(lambda: thresholds.start(group, now, reason="More gold"), now, monkeypatch)
    edit(made, 300, 2000)
    job = thresholds.KIND.advance(job, now=now)
    assert (bool(job.finished_at), job.error, job.counts["raised"]) == (True, "", 2)
    assert [tier(who) for who in five] == ["gold", "gold", "silver", "silver", "silver"]


def test_nobody_is_lowered_by_thresholds_that_nobody_has_agreed_to(made, group, people, now, monkeypatch):
    members = [member(made, 600) for _ in range(5)]
    edit(made, 700, 2000, since=now - timedelta(days=1))
    asker, approver = people

    def agreed():
        seen = previewing.preview(group, "full", now)
        asked = requests.request(group, seen, reason="Silver is rare", user=asker, now=now)
        return requests.approve(asked.pk, approver, now=now).job

    job = begin(agreed, now, monkeypatch)
    assert [tier(who) for who in members] == ["base", "base", "silver", "silver", "silver"]
    edit(made, 550, 2000)
    job = thresholds.KIND.advance(job, now=now)
    assert (bool(job.finished_at), job.error) == (True, thresholds.LOWERS_NO_MORE)
    assert (job.counts["lowered"], job.counts["raised"]) == (2, 2)
    assert [tier(who) for who in members] == ["silver"] * 5
    assert not list(audit(made))


def test_a_change_of_something_else_does_not_end_it(made, group, five, now):
    job = thresholds.start(group, now, reason="More gold")
    factories.rule(made, "more", "fixed", {"points": "5", "events": "more"})
    assert thresholds.KIND.advance(job, now=now).counts["raised"] == 5


def test_a_member_who_earns_between_two_batches_is_raised_once(made, group, five, now, monkeypatch):
    job = thresholds.start(group, now, reason="More gold")
    earn(made, five[0], 1, now)
    thresholds.KIND.advance(job, now=now)
    assert story(five[0]) == [("base", "enrolment"), ("silver", "activity"), ("gold", "activity")]
    assert (job.counts["raised"], NightRun.objects.get(pk=job.pk).counts["raised"]) == (0, 4)


def test_another_program_is_left_alone(made, group, five, now):
    other = factories.program(max_backdate_days=900)
    ladder(other, model="calendar")
    stranger = member(other, 600)
    edit(other, 300, 550)
    with transaction.atomic():
        raise_now(group, now)
    assert tier(stranger) == "silver"
