"""From a request above a limit to the mail of who may decide it, and from there to where it is decided."""

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend

from members.models import Delivery, StaffNotice
from partners.activity import Adjustment
from programs.models import StaffLimit
from tests.support import factories
from tests.support.outbox import drain
from tests.support.staff_notes import connection, subscribe, told
from transactions.reviews import approvals


class BrokenBackend(BaseEmailBackend):
    """A mail server that is not there."""

    def send_messages(self, email_messages):
        raise ConnectionRefusedError("Nobody listens.")


@pytest.fixture
def ask(db, store_staff, marketing):
    """A function that asks for 600 points, of which 500 are within the limits; returns the request."""
    made = factories.program()
    who, points = factories.member(made), made.currencies.get(code="points")
    group = Group.objects.get(name="Store staff")
    StaffLimit.objects.create(program=made, group=group, currency=points, per_posting=500, per_day=2000)
    way = connection("email", "Mail", credentials={"sender": "club@example.com"}, owner=made.owner)
    subscribe(marketing, "approval.requested", way)
    subscribe(store_staff, "approval.decided", way)

    def ask(name="hand-1"):
        item = Adjustment(name, {"number": who.number}, 600, "Sorry for the wait")
        return approvals.adjust(made, item, user=store_staff, via=factories.till(made)).approval

    return ask


def test_a_request_and_its_decision_arrive_once_each(ask, client, marketing, store_staff):
    asked = ask()
    drain()
    drain()
    (first,) = mail.outbox
    assert first.to == ["marketing <marketing@example.com>"]
    assert first.subject == f"To decide: +600 Points for member {asked.member.number}"
    assert first.extra_headers["Auto-Submitted"] == "auto-generated"
    client.force_login(marketing)
    link = next(line for line in first.body.splitlines() if "/of/" in line)
    answer = client.get(link[link.index("/admin/") :], follow=True)
    assert answer.redirect_chain[-1][0] == f"/admin/transactions/approval/{asked.pk}/change/"
    assert StaffNotice.objects.get(user=marketing).read_at
    approvals.approve(asked.pk, marketing)
    drain()
    assert [one.to for one in mail.outbox[1:]] == [["store <store@example.com>"]]
    assert mail.outbox[1].subject.startswith("Approved: +600 Points")


def test_what_is_decided_before_it_leaves_is_not_sent(ask, marketing):
    approvals.reject(ask().pk, marketing, note="Not this time")
    drain()
    assert [one.to for one in mail.outbox] == [["store <store@example.com>"]]
    skipped = Delivery.objects.get(user=marketing)
    assert (skipped.state, skipped.reason) == ("skipped", "It was decided already.")


def test_c25_r5_a_mail_server_that_is_not_there_hinders_nobody(ask, marketing, settings):
    settings.EMAIL_BACKEND = f"{__name__}.BrokenBackend"
    asked = ask()
    drain()
    delivery = Delivery.objects.get(user=marketing)
    assert delivery.state != "sent"
    assert delivery.attempts == 1
    assert StaffNotice.objects.get(user=marketing).read_at is None
    assert approvals.approve(asked.pk, marketing).status == "approved"
    assert len(told("approval.decided")) == 1
