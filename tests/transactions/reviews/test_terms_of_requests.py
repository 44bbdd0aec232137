"""What was said of a posting by hand survives the second person; below zero goes only who may let it."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group, Permission

from loyalty_site.lib.refusals import Refused
from partners.activity import Adjustment
from programs.models import Participation, StaffLimit
from tests.support import factories
from tests.support.books_balance import state
from tests.support.factories import at
from transactions.models import Approval, Journal, Lot
from transactions.reviews import approvals

pytestmark = pytest.mark.usefixtures("books_balance")

NOON = at(2026, 3, 4)


@pytest.fixture
def made(db):
    made = factories.program(max_backdate_days=3650)
    made.currencies.filter(code="points").update(refund_policy="arrears")
    made.touch(made.pk)
    group = Group.objects.create(name="Store staff")
    StaffLimit.objects.create(program=made, group=group, currency=made.currencies.get(code="points"))
    return made


@pytest.fixture
def clerk(made, django_user_model):
    user = django_user_model.objects.create_user("clerk")
    user.groups.add(Group.objects.get(name="Store staff"))
    return user


@pytest.fixture
def second(made, django_user_model):
    user = django_user_model.objects.create_user("second")
    user.user_permissions.add(Permission.objects.get(codename="change_approval"))
    return user


def hand(who, points, **fields):
    return Adjustment("hand-1", {"number": who.number}, points, "Sorry", **fields)


def adjust(made, item, user, now=NOON):
    return approvals.adjust(made, item, user=user, via=factories.till(made), now=now)


def test_a_request_is_posted_with_all_that_was_said(made, who, clerk, second):
    Participation.objects.create(program=made, partner=factories.partner("cafe"))
    made.touch(made.pk)
    last = date(2026, 12, 24)
    item = hand(who, 600, usable_through=last, available_from=date(2026, 3, 10), partner="cafe")
    asked = adjust(made, item, clerk)
    assert asked.status == "waiting"
    assert adjust(made, item, clerk).approval == asked.approval
    approvals.approve(asked.approval.pk, second, now=NOON + timedelta(days=1))
    lot = Lot.objects.get()
    assert (lot.is_pending, lot.available_at, lot.expires_at) == (True, at(2026, 3, 9, 23), at(2026, 12, 24, 23))
    assert Journal.objects.get(kind="adjustment").payload["partner"] == "cafe"


def test_points_that_would_have_come_free_meanwhile_are_free_at_once(made, who, clerk, second):
    asked = adjust(made, hand(who, 600, available_from=date(2026, 3, 10)), clerk)
    approvals.approve(asked.approval.pk, second, now=NOON + timedelta(days=30))
    assert state(who) == (600, 0, 0, 0)


def test_a_request_whose_points_would_have_ended_meanwhile_goes_on_waiting(made, who, clerk, second):
    asked = adjust(made, hand(who, 600, usable_through=date(2026, 3, 10)), clerk)
    with pytest.raises(Refused, match="lies in the past") as caught:
        approvals.approve(asked.approval.pk, second, now=NOON + timedelta(days=30))
    assert caught.value.refusal.code == "invalid_date"
    assert Approval.objects.get().status == "waiting"


def test_only_who_may_overdraw_lets_a_balance_fall_below_zero(made, who, clerk):
    with pytest.raises(Refused, match="do not let a balance fall below zero") as caught:
        adjust(made, hand(who, -50, overdraw=True), clerk)
    assert (caught.value.refusal.code, caught.value.refusal.field) == ("overdraw_not_allowed", "overdraw")
    assert not Journal.objects.filter(kind="adjustment").exists()
    StaffLimit.objects.update(may_overdraw=True)
    assert adjust(made, hand(who, -50, overdraw=True), clerk).status == "posted"
    assert state(who) == (0, 0, 0, 50)


def test_a_debit_below_zero_is_within_the_limits_or_becomes_a_request(made, who, clerk, second):
    StaffLimit.objects.update(may_overdraw=True, per_posting=40)
    asked = adjust(made, hand(who, -50, overdraw=True), clerk)
    assert asked.status == "waiting"
    approvals.approve(asked.approval.pk, second, now=NOON)
    assert state(who) == (0, 0, 0, 50)


def test_who_may_not_overdraw_cannot_even_ask_for_it(made, who, clerk):
    with pytest.raises(Refused):
        adjust(made, hand(who, -600, overdraw=True), clerk)
    assert not Approval.objects.exists()


def test_a_superuser_may_overdraw_without_a_limit(made, who, boss):
    assert adjust(made, hand(who, -50, overdraw=True), boss).status == "posted"
