"""What waits for a second person is told in the transaction of the request, once, and so is what became of it."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from members.models import Event
from partners.activity import Adjustment
from programs.models import StaffLimit
from tests.support import factories
from tests.support.staff_notes import connection as way_out
from tests.support.staff_notes import fits, listed, spread, subscribe, told, ways_out
from transactions.reviews import approvals
from transactions.verbs.adjustments import ReasonMissing

__all__ = ["ways_out"]


@pytest.fixture
def clerk(made, store_staff):
    StaffLimit.objects.create(
        program=made,
        group=Group.objects.get(name="Store staff"),
        currency=made.currencies.get(code="points"),
        per_posting=500,
        per_day=2000,
    )
    return store_staff


def adjust(made, who, user, points=600, name="hand-1"):
    item = Adjustment(name, {"number": who.number}, points, "Sorry for the wait")
    return approvals.adjust(made, item, user=user, via=factories.till(made))


def test_c26_x1_a_request_above_a_limit_is_told_once(made, who, clerk):
    asked = adjust(made, who, clerk).approval
    adjust(made, who, clerk)
    (event,) = told("approval.requested")
    assert event.data == {
        "approval": {
            "id": asked.pk,
            "kind": "points",
            "what": f"+600 Points for member {who.number}",
            "by": "store",
            "status": "waiting",
            "address": f"/admin/transactions/approval/{asked.pk}/change/",
        }
    }
    assert (event.member, event.program, event.occurred_at) == (who, made, asked.requested_at)
    assert fits(event)


def test_a_posting_within_the_limits_tells_nobody_and_costs_nothing_for_it(made, who, clerk):
    adjust(made, who, clerk, 10, "first")
    with CaptureQueriesContext(connection) as captured:
        adjust(made, who, clerk, 10, "second")
    assert not Event.objects.exists()
    assert not [one["sql"] for one in captured if "members_event" in one["sql"]]


def test_a_request_that_is_rolled_back_was_never_told(made, who, clerk):
    with transaction.atomic():
        adjust(made, who, clerk)
        transaction.set_rollback(True)
    assert not Event.objects.exists()


@pytest.mark.parametrize("status", ["approved", "rejected"])
def test_a_decision_is_told_once_and_to_who_asked(made, who, clerk, marketing, status):
    asked = adjust(made, who, clerk).approval
    if status == "approved":
        approvals.approve(asked.pk, marketing)
    else:
        approvals.reject(asked.pk, marketing, note="Not this time")
    with pytest.raises(approvals.AlreadyDecided):
        approvals.approve(asked.pk, marketing)
    (event,) = told("approval.decided")
    assert (event.data["approval"]["status"], event.data["approval"]["by"]) == (status, "store")
    assert fits(event)
    spread()
    assert (listed("approval.requested"), listed("approval.decided")) == (["marketing"], ["store"])


def test_what_is_refused_tells_of_no_decision(made, who, clerk, marketing):
    asked = adjust(made, who, clerk).approval
    with pytest.raises(approvals.NotApprover):
        approvals.approve(asked.pk, clerk)
    with pytest.raises(ReasonMissing):
        approvals.reject(asked.pk, marketing, note=" ")
    made.status = "paused"
    made.save()
    with pytest.raises(approvals.Refused):
        approvals.approve(asked.pk, marketing)
    assert not told("approval.decided")


def test_c25_r5_a_channel_that_fails_never_hinders_a_request(made, who, clerk, marketing, ways_out):
    way = way_out("post", status="paused", credentials={"token": "of nobody"}, failures=99)
    subscribe(marketing, "approval.requested", way)
    asked = adjust(made, who, clerk)
    assert asked.status == "waiting"
    assert approvals.approve(asked.approval.pk, marketing).status == "approved"
    assert len(spread()) == 1
