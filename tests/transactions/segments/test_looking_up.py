"""A night, and a job when a segment is saved, bring what is stored to what the conditions say, in ranges."""

import pytest

from loyalty_site import nightly
from members.models import SegmentMembership
from tests.support import factories
from tests.support.factories import at
from tests.support.segments import inside, segment
from transactions import jobs
from transactions.models import NightRun
from transactions.segments import looking_up

FRENCH = {"language": {"languages": ["fr"]}}
NIGHT = at(2026, 3, 4, 2)


@pytest.fixture
def whose(made):
    return [factories.member(made, language="fr" if place % 2 else "en") for place in range(7)]


@pytest.fixture
def in_threes(monkeypatch):
    monkeypatch.setattr(looking_up, "SIZE", 3)
    monkeypatch.setattr(looking_up, "SIZE_ON_SQLITE", 3)


def french(whose):
    return {who.pk for who in whose if who.customer.language == "fr"}


def run(made, now=NIGHT):
    """The night, whatever was written down at the time of the clock."""
    return list(nightly.night(made, now=now, is_forced=True))


def counts_of(made, day="2026-03-03"):
    return NightRun.objects.get(program=made, day=day, step="segments").counts


def test_the_ranges_hold_each_member_once(made, whose, in_threes):
    factories.member(factories.program())
    keys = [who.pk for who in whose]
    assert list(looking_up.ranges(made.pk)) == [(keys[0], keys[2]), (keys[3], keys[5]), (keys[6], keys[6])]
    assert list(looking_up.ranges(factories.program().pk)) == []


def test_a_night_looks_up_who_is_in_each_segment_and_counts(made, whose, in_threes):
    speak, others = segment(made, "french", FRENCH), segment(made, "others", {"not": FRENCH})
    run(made)
    assert inside(speak) == french(whose)
    assert inside(others) == {who.pk for who in whose} - french(whose)
    assert counts_of(made) == {"came": 7, "left": 0}
    who = whose[0]
    who.customer.language = "fr"
    who.customer.save()
    run(made, at(2026, 3, 5, 2))
    assert counts_of(made, "2026-03-04") == {"came": 1, "left": 1}
    assert inside(speak) == french(whose)


def test_a_night_without_segments_has_nothing_to_do(made, whose):
    run(made)
    assert counts_of(made) == {}


def test_a_night_that_failed_goes_on_with_the_ranges_that_are_left(made, whose, in_threes, monkeypatch):
    speak = segment(made, "french", FRENCH)
    keep, keys = looking_up.keeping.keep, [who.pk for who in whose]

    def fails(program, codes, first, last, *, now):
        assert first != keys[3], "a range that fails"
        return keep(program, codes, first, last, now=now)

    monkeypatch.setattr(looking_up.keeping, "keep", fails)
    assert run(made)[-1].step == "segments"
    assert inside(speak) == french(whose[:3] + whose[6:])
    monkeypatch.setattr(looking_up.keeping, "keep", keep)
    run(made)
    assert inside(speak) == french(whose)
    assert counts_of(made) == {"came": 3, "left": 0}


def test_a_segment_that_is_saved_is_looked_up_at_once(made, whose, in_threes, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        speak = segment(made, "french", FRENCH)
        others = segment(made, "others", {"not": {"segment": {"code": "french"}}})
    assert inside(speak) == french(whose)
    assert inside(others) == {who.pk for who in whose} - french(whose)
    with django_capture_on_commit_callbacks(execute=True):
        speak.conditions = {"not": FRENCH}
        speak.save()
    # Also those of which it is a condition.
    assert inside(others) == french(whose)


def test_what_takes_longer_goes_on_beside_the_requests(
    made, whose, in_threes, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(jobs, "AT_ONCE_S", 0)
    passed_on = []
    monkeypatch.setattr(looking_up.finish_lookup, "delay", passed_on.append)
    with django_capture_on_commit_callbacks(execute=True):
        speak = segment(made, "french", FRENCH)
    assert inside(speak) == set()
    looking_up.finish_lookup(*passed_on)
    assert inside(speak) == french(whose)
    assert NightRun.objects.get(pk=passed_on[0]).counts["came"] == 3


def test_a_job_that_was_interrupted_is_the_nights(made, whose, in_threes):
    speak = segment(made, "french", FRENCH)
    job = looking_up.KIND.advance(looking_up.start(speak), for_s=0)
    assert job.finished_at is None
    run(made)
    job.refresh_from_db()
    assert job.finished_at is not None
    assert inside(speak) == french(whose)


def test_a_segment_that_is_deleted_takes_its_rows_along(made, whose, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        speak = segment(made, "french", FRENCH)
    speak.delete()
    assert not SegmentMembership.objects.exists()
