"""A re-evaluation that somebody asks for is told to who may agree to downgrades, and its end to who asked."""

import pytest

from tests.support.ladders import ladder
from tests.support.policies import edit, member
from tests.support.staff_notes import fits, listed, spread, told
from transactions.policies import previewing, requests


@pytest.fixture
def group(made):
    return ladder(made, model="calendar", validity="rest_of_cycle")


@pytest.fixture
def asked(made, group, store_staff, now):
    member(made, 1000)
    edit(made, 400, 1200)
    seen = previewing.preview(group, "full", now)
    return requests.request(group, seen, reason="Gold is rare", user=store_staff, now=now)


def test_c15_r10_a_request_is_told_to_who_may_agree(asked, group, marketing):
    (event,) = told("approval.requested")
    said = event.data["approval"]
    assert (said["kind"], said["by"], said["status"]) == ("re-evaluation", "store", "waiting")
    assert said["what"] == "Move the members of “Main” by its thresholds of today: 0 raised, 0 renewed, 1 lowered"
    assert said["address"] == f"/admin/programs/tiergroup/{group.pk}/apply-thresholds/"
    assert fits(event)
    spread()
    assert listed("approval.requested") == ["marketing"]


def test_what_became_of_it_is_told_once(asked, marketing, now):
    requests.approve(asked.pk, marketing, now=now)
    with pytest.raises(requests.AlreadyDecided):
        requests.reject(asked.pk, marketing, note="Too late")
    (event,) = told("approval.decided")
    assert event.data["approval"]["status"] == "approved"
    spread()
    assert listed("approval.decided") == ["store"]


def test_a_request_that_is_taken_back_waits_no_more_and_nobody_is_told(asked, store_staff, marketing, now):
    spread()
    assert listed("approval.requested") == ["marketing"]
    requests.reject(asked.pk, store_staff, note="A slip", now=now)
    spread(*told("approval.decided"))
    assert listed("approval.decided") == []
    assert not marketing.notices.filter(read_at=None).exists()
