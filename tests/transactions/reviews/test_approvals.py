"""Staff post by hand within their limits; above them a second person decides, once, and never about themselves."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError

from loyalty_site.lib.refusals import Refused
from partners.activity import Adjustment
from programs.models import StaffLimit
from tests.support import factories
from tests.support.crowd import at_once
from tests.support.factories import at, held, post
from transactions.merging import merges
from transactions.models import Approval, Journal
from transactions.reviews import approvals

NOON = at(2026, 3, 4)


def limit(made, group, **fields):
    group = Group.objects.get_or_create(name=group)[0]
    return StaffLimit.objects.create(program=made, group=group, currency=made.currencies.get(code="points"), **fields)


def person(django_user_model, name, *groups, approves=False):
    user = django_user_model.objects.create_user(name)
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    if approves:
        user.user_permissions.add(Permission.objects.get(codename="change_approval"))
    return user


def hand(who, points, external_id="hand-1", reason="Sorry for the wait"):
    return Adjustment(external_id, {"number": who.number}, points, reason)


def adjust(made, item, user, now=NOON):
    return approvals.adjust(made, item, user=user, via=factories.till(made), now=now)


def refused(action, *args, **options):
    with pytest.raises(Refused) as caught:
        action(*args, **options)
    return caught.value.refusal.code, caught.value.refusal.field


@pytest.fixture
def made(db):
    made = factories.program(max_backdate_days=3650)
    limit(made, "Store staff", per_posting=500, per_day=2000)
    return made


@pytest.fixture
def clerk(made, django_user_model):
    return person(django_user_model, "clerk", "Store staff")


@pytest.fixture
def second(made, django_user_model):
    return person(django_user_model, "second", approves=True)


def test_c26_x1_600_points_by_store_staff_become_a_request(made, who, clerk):
    outcome = adjust(made, hand(who, 600), clerk)
    assert (outcome.status, outcome.result) == ("waiting", None)
    assert (outcome.approval.points, outcome.approval.status, outcome.approval.requested_by) == (
        600,
        "waiting",
        clerk,
    )
    assert (held(who), Journal.objects.count()) == (0, 0)


def test_c26_x1_500_points_are_posted_at_once_and_2000_a_day(made, who, clerk):
    for number in range(4):
        assert adjust(made, hand(who, 500, f"hand-{number}"), clerk).status == "posted"
    assert adjust(made, hand(who, 1, "hand-5"), clerk).status == "waiting"
    assert adjust(made, hand(who, 1, "hand-6"), clerk, now=at(2026, 3, 5)).status == "posted"
    assert held(who) == 2001


def test_one_member_gets_so_much_a_day_from_one_person(made, who, clerk, second):
    StaffLimit.objects.update(per_member=700)
    other = factories.member(made)
    assert adjust(made, hand(who, 500, "a"), clerk).status == "posted"
    assert adjust(made, hand(who, -200, "b"), clerk).status == "posted"
    beyond = adjust(made, hand(who, 1, "c"), clerk)
    assert beyond.status == "waiting"
    assert adjust(made, hand(other, 500, "d"), clerk).status == "posted"
    # What a second person has agreed to is not the clerk's alone.
    approvals.approve(beyond.approval.pk, second, now=NOON)
    assert adjust(made, hand(other, 200, "e"), clerk).status == "posted"
    assert adjust(made, hand(who, 500, "f"), clerk, now=at(2026, 3, 5)).status == "posted"


def test_a_member_is_the_same_after_a_merge(made, who, clerk):
    StaffLimit.objects.update(per_member=500)
    other = factories.member(made)
    adjust(made, hand(other, 500, "a"), clerk)
    merges.merge(other, who, reason="One person", now=NOON)
    assert adjust(made, hand(who, 1, "b"), clerk).status == "waiting"


def test_without_a_limit_for_each_member_the_day_is_the_limit(made, who, clerk):
    assert StaffLimit.objects.get().per_member is None
    limit(made, "Night", per_posting=10, per_day=10, per_member=10)
    clerk.groups.add(Group.objects.get(name="Night"))
    # Of several groups the largest counts, and none is the largest.
    for number in range(4):
        assert adjust(made, hand(who, 500, f"hand-{number}"), clerk).status == "posted"


@pytest.mark.parametrize("fields", [{"per_member": 499}, {"per_member": 2001}])
def test_a_limit_for_each_member_lies_between_one_posting_and_the_day(made, fields):
    with pytest.raises(ValidationError, match="between"):
        StaffLimit(
            program=made,
            group=Group.objects.create(name="Desk"),
            currency=made.currencies.get(code="points"),
            **fields,
        ).full_clean()


def test_debits_count_like_credits(made, who, clerk):
    limit(made, "Night", per_posting=2000, per_day=2000)
    clerk.groups.add(Group.objects.get(name="Night"))
    adjust(made, hand(who, 1500, "in"), clerk)
    assert adjust(made, hand(who, -500, "out"), clerk).status == "posted"
    assert adjust(made, hand(who, -1, "more"), clerk).status == "waiting"


def test_the_day_is_that_of_the_program(made, who, clerk):
    StaffLimit.objects.update(per_day=500)
    adjust(made, hand(who, 500, "a"), clerk, now=at(2026, 3, 4, 22, 30))
    assert adjust(made, hand(who, 500, "b"), clerk, now=at(2026, 3, 4, 22, 45)).status == "waiting"
    assert adjust(made, hand(who, 500, "c"), clerk, now=at(2026, 3, 4, 23, 30)).status == "posted"


def test_who_has_no_limit_may_post_nothing_alone(made, who, django_user_model):
    assert adjust(made, hand(who, 1), person(django_user_model, "new", "Marketing")).status == "waiting"


def test_a_superuser_without_limits_may_post_anything(made, who, boss):
    assert adjust(made, hand(who, 10**6), boss).status == "posted"


def test_a_reason_is_needed(made, who, clerk):
    assert refused(adjust, made, hand(who, 1, reason=" "), clerk) == ("reason_missing", "reason")


def test_what_the_ledger_refuses_is_no_request(made, who, clerk):
    assert refused(adjust, made, hand(who, -600), clerk) == ("insufficient_points", "points")
    nobody = Adjustment("x", {"number": "0"}, 600, "why")
    assert refused(adjust, made, nobody, clerk) == ("member_unknown", "member.number")
    assert not Approval.objects.exists()


def test_a_second_person_posts_it_once(made, who, clerk, second):
    asked = adjust(made, hand(who, 600), clerk).approval
    done = approvals.approve(asked.pk, second, note="checked", now=NOON)
    assert (done.status, done.decided_by, done.note, held(who)) == ("approved", second, "checked", 600)
    assert (done.journal.user, done.journal.external_id, done.journal.reason) == (clerk, "hand-1", asked.reason)
    assert refused(approvals.approve, asked.pk, second) == ("already_decided", "approval")
    assert refused(approvals.reject, asked.pk, second, note="no") == ("already_decided", "approval")
    assert held(who) == 600
    again = adjust(made, hand(who, 600), clerk)
    assert (again.status, again.result.journal_id) == ("replayed", done.journal_id)


def test_what_a_second_person_posted_leaves_the_day_to_the_first(made, who, clerk, second):
    approvals.approve(adjust(made, hand(who, 5000), clerk).approval.pk, second, now=NOON)
    assert adjust(made, hand(who, 500, "hand-2"), clerk).status == "posted"


def test_a_request_is_rejected_with_a_reason(made, who, clerk, second):
    asked = adjust(made, hand(who, 600), clerk).approval
    assert refused(approvals.reject, asked.pk, second, note="") == ("reason_missing", "note")
    assert approvals.reject(asked.pk, second, note="too much").status == "rejected"
    assert refused(approvals.approve, asked.pk, second) == ("already_decided", "approval")
    assert adjust(made, hand(who, 600), clerk).status == "rejected"
    assert held(who) == 0


def test_the_same_request_twice_is_one(made, who, clerk):
    first = adjust(made, hand(who, 600), clerk).approval
    assert adjust(made, hand(who, 600), clerk).approval == first
    assert refused(adjust, made, hand(who, 700), clerk) == ("idempotency_conflict", "external_id")


def test_the_same_posting_twice_is_one(made, who, clerk):
    StaffLimit.objects.update(per_day=500)
    assert [adjust(made, hand(who, 500), clerk).status for _ in range(2)] == ["posted", "replayed"]
    assert (held(who), Approval.objects.count()) == (500, 0)


def test_a_request_that_does_not_fit_any_more_still_waits(made, who, clerk, second, boss):
    adjust(made, hand(who, 600, "in"), boss)
    asked = adjust(made, hand(who, -600, "out"), clerk).approval
    post(made, factories.redemption(who, 100))
    assert refused(approvals.approve, asked.pk, second) == ("insufficient_points", "points")
    asked.refresh_from_db()
    assert asked.status == "waiting"


def test_nobody_decides_without_leave(made, who, clerk, django_user_model):
    asked = adjust(made, hand(who, 600), clerk).approval
    other = person(django_user_model, "other", "Store staff")
    assert refused(approvals.approve, asked.pk, other) == ("not_approver", "user")
    assert refused(approvals.reject, asked.pk, other, note="no") == ("not_approver", "user")


@pytest.mark.parametrize("is_superuser", [False, True])
def test_nobody_decides_their_own_request(made, who, second, is_superuser):
    asked = adjust(made, hand(who, 600), second).approval
    second.is_superuser = is_superuser
    second.save()
    assert refused(approvals.approve, asked.pk, second) == ("own_request", "user")
    assert held(who) == 0


def test_nobody_touches_their_own_membership(made, who, clerk, second, boss):
    asked = adjust(made, hand(who, 600), clerk).approval
    for user, action in [
        (clerk, lambda: adjust(made, hand(who, 1, "own"), clerk)),
        (boss, lambda: adjust(made, hand(who, 1, "own"), boss)),
        (second, lambda: approvals.approve(asked.pk, second)),
        (boss, lambda: approvals.approve(asked.pk, boss)),
        (clerk, lambda: approvals.approve(asked.pk, second)),
    ]:
        who.customer.user = user
        who.customer.save()
        assert refused(action) == ("own_membership", "member")
    assert held(who) == 0


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_two_who_approve_at_once_post_it_once(transactional_db, django_user_model):
    made = factories.program()
    who, clerk = factories.member(made), person(django_user_model, "clerk")
    people = [person(django_user_model, f"second-{n}", approves=True) for n in range(6)]
    asked = adjust(made, hand(who, 600), clerk, now=None).approval

    def approve(user):
        try:
            return approvals.approve(asked.pk, user).status
        except Refused as error:
            return error.refusal.code

    done = at_once(*[lambda user=user: approve(user) for user in people])
    assert sorted(done) == ["already_decided"] * 5 + ["approved"]
    assert (held(who), Journal.objects.count()) == (600, 1)


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_two_windows_of_one_person_share_the_limit_of_the_day(transactional_db, django_user_model):
    made = factories.program()
    limit(made, "Store staff", per_posting=500, per_day=1000)
    who, clerk = factories.member(made), person(django_user_model, "clerk", "Store staff")
    actions = [lambda n=n: adjust(made, hand(who, 500, f"hand-{n}"), clerk, now=None).status for n in range(6)]
    assert sorted(at_once(*actions)) == ["posted"] * 2 + ["waiting"] * 4
    assert held(who) == 1000
