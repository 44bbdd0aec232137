"""Members are lowered by new thresholds only after a second person has seen whom it concerns, and agreed."""

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction

from loyalty_site.lib.refusals import Refused
from members.models import Customer
from tests.support.ladders import ladder, tier
from tests.support.policies import edit, evaluate, member
from transactions.models import NightRun, Reevaluation
from transactions.policies import previewing, requests, thresholds
from transactions.reviews import approvals


@pytest.fixture
def group(made):
    return ladder(made, model="calendar", validity="rest_of_cycle")


@pytest.fixture
def who(made, group):
    return member(made, 1000)


@pytest.fixture
def asked(made, group, who, people, now):
    edit(made, 400, 1200)
    seen = previewing.preview(group, "full", now)
    return requests.request(group, seen, reason="Gold is rare", user=people[0], now=now)


def refused(kind, call, *arguments, **named):
    with pytest.raises(kind) as refusal, transaction.atomic():
        call(*arguments, **named)
    return str(refusal.value)


def test_nobody_moves_until_somebody_else_agrees(asked, who, people, now):
    assert (asked.status, asked.expected) == ("waiting", {"raised": 0, "renewed": 0, "lowered": 1})
    assert (tier(who), NightRun.objects.count()) == ("gold", 0)
    done = requests.approve(asked.pk, people[1], note="Seen", now=now)
    assert (done.status, done.decided_by, done.note) == ("approved", people[1], "Seen")
    thresholds.work(done.job.pk)
    assert tier(who) == "silver"


def test_who_asked_does_not_agree(asked, who, people):
    assert "somebody else" in refused(approvals.OwnRequest, requests.approve, asked.pk, people[0])
    with pytest.raises(IntegrityError), transaction.atomic():
        Reevaluation.objects.filter(pk=asked.pk).update(status="approved", decided_by=people[0])
    asked.refresh_from_db()
    assert (asked.status, tier(who)) == ("waiting", "gold")


def test_a_membership_of_their_own_keeps_nobody_from_agreeing(asked, who, people, now):
    Customer.objects.filter(pk=who.customer_id).update(user=people[1])
    assert requests.approve(asked.pk, people[1], now=now).status == "approved"


def test_only_who_may_decides(asked, django_user_model):
    clerk = django_user_model.objects.create_user("clerk", password="x")
    refused(approvals.NotApprover, requests.approve, asked.pk, clerk)
    refused(approvals.NotApprover, requests.reject, asked.pk, clerk, note="No")
    clerk.user_permissions.add(Permission.objects.get(codename="decide_downgrades"))
    clerk = django_user_model.objects.get(pk=clerk.pk)
    assert requests.reject(asked.pk, clerk, note="No").status == "rejected"


def test_a_rejection_says_why_and_moves_nobody(asked, who, people):
    refused(thresholds.NoReason, requests.reject, asked.pk, people[1], note=" ")
    assert requests.reject(asked.pk, people[1], note="Not before Christmas").status == "rejected"
    assert tier(who) == "gold"
    assert f"rejected by {people[1].username} on" in refused(
        approvals.AlreadyDecided, requests.approve, asked.pk, people[1]
    )


def test_who_asked_may_withdraw_it(asked, people):
    assert requests.reject(asked.pk, people[0], note="Wrong numbers").status == "withdrawn"


def test_what_was_agreed_to_is_not_agreed_to_twice(asked, people, now):
    requests.approve(asked.pk, people[1], now=now)
    refused(approvals.AlreadyDecided, requests.approve, asked.pk, people[1])
    refused(approvals.AlreadyDecided, requests.reject, asked.pk, people[1], note="Too late")
    assert NightRun.objects.count() == 1


def test_a_program_that_changed_since_makes_the_request_stale(made, asked, who, people, group, now):
    assert not requests.is_stale(asked)
    edit(made, 400, 1300)
    assert requests.is_stale(asked)
    assert "changed since" in refused(requests.Stale, requests.approve, asked.pk, people[1])
    assert (tier(who), NightRun.objects.count()) == ("gold", 0)
    requests.reject(asked.pk, people[1], note="Look again")
    assert evaluate(group, now, *people).counts["lowered"] == 1


def test_a_program_that_changed_since_it_was_seen_is_not_asked_for(made, group, who, people, now):
    edit(made, 400, 1200)
    seen = previewing.preview(group, "full", now)
    edit(made, 400, 1300)
    refused(requests.Stale, requests.request, group, seen, reason="Gold is rare", user=people[0])


def test_one_request_of_a_ladder_waits(asked, group, people, now):
    seen = previewing.preview(group, "full", now)
    refused(requests.Waiting, requests.request, group, seen, reason="Again", user=people[1])


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_request_says_why(made, group, people, now, reason):
    seen = previewing.preview(group, "full", now)
    refused(thresholds.NoReason, requests.request, group, seen, reason=reason, user=people[0])
    refused(thresholds.NoReason, thresholds.start, group, now, reason=reason)


def test_a_ladder_that_counts_nothing_has_no_thresholds_to_apply(made, now):
    group = ladder(made, model="manual", currency=None)
    assert "granted" in refused(thresholds.CountsNothing, thresholds.start, group, now, reason="Why not")


def test_one_job_at_a_time_moves_members_of_a_ladder(asked, group, people, now):
    requests.approve(asked.pk, people[1], now=now)
    refused(thresholds.UnderWay, thresholds.start, group, now, reason="And more")


def test_what_there_is_not_is_not_decided(people, db):
    refused(Refused, requests.approve, 4711, people[1])
