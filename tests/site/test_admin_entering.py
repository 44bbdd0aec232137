"""A purchase that staff enter says at once what it did, and leads to its page or to the next purchase."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from members.enrolment import enrol
from members.models import Customer, Member
from transactions.models import Journal

ADD = "/admin/transactions/journal/add/"


@pytest.fixture
def hopper(club):
    return enrol(club, Customer(last_name="Hopper"), channel=Member.Channel.STORE)


def form_of(member, **more):
    lines = {"lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0"}
    return {
        "member": member.pk,
        "activity": "purchase",
        "amount": "46.90",
        "external_id": "receipt-1",
        "channel": "store",
    } | (lines | more)


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_the_page_of_the_purchase_opens_and_its_points_are_said_once(desk, hopper):
    response = desk.post(f"{ADD}?member={hopper.pk}", form_of(hopper))
    journal = Journal.objects.get()
    assert response.url == reverse("admin:transactions_journal_change", args=[journal.pk])
    (text,) = said(response)
    assert text.startswith("Accrual: +")


def test_save_and_add_another_asks_for_the_next_of_the_same_member(desk, hopper):
    address = f"{ADD}?member={hopper.pk}&_changelist_filters=status__exact%3Dheld"
    response = desk.post(address, form_of(hopper, _addanother="yes"))
    assert response.url == address
    (text,) = said(response)
    assert text.startswith("Accrual: +")
    assert Journal.objects.get().external_id == "receipt-1"


def test_what_is_refused_is_neither_posted_nor_said_to_be(desk, hopper):
    late = {"activity_at_0": "2001-01-01", "activity_at_1": "10:00"}
    response = desk.post(ADD, form_of(hopper, _addanother="yes", **late))
    assert response.context["adminform"].form.errors.keys() == {"activity_at"}
    assert (said(response), Journal.objects.count()) == ([], 0)
