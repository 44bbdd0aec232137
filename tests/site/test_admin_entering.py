"""A purchase that staff enter says at once what it did, and leads to its page or to the next purchase."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from tests.support import factories
from tests.support.entering import ADD, form_of
from transactions.models import Journal


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


LINE = {
    "lines-TOTAL_FORMS": "1",
    "lines-0-sku": "A",
    "lines-0-quantity": "1",
    "lines-0-amount": "50",
    "lines-0-tax": "8",
}
PARTS = {"amount": "60", "tax": "10", "shipping": "10", "shipping_tax": "2"}


@pytest.mark.parametrize(
    ("on_shipping", "on_tax", "points"), [(False, False, 42), (True, False, 50), (False, True, 50), (True, True, 60)]
)
def test_c2_x4_staff_say_tax_and_shipping_as_systems_do(desk, club, hopper, on_shipping, on_tax, points):
    club.earns_on_shipping, club.earns_on_tax = on_shipping, on_tax
    club.save()
    for number, parts in enumerate((PARTS, PARTS | {"shipping_tax": ""})):
        form = form_of(hopper, **PARTS | parts | LINE, external_id=f"receipt-{number}")
        assert desk.post(ADD, form).status_code == 302
    assert [journal.answer["points"]["points"] for journal in Journal.objects.all()] == [points, points]


def test_staff_say_the_labels_of_a_line(desk, club, hopper):
    factories.rule(
        club, "sale", "fixed", {"points": "7", "events": "purchase"}, group="s", conditions={"labels": ["sale"]}
    )
    desk.post(ADD, form_of(hopper, amount="40", **LINE | {"lines-0-labels": "sale, last"}))
    journal = Journal.objects.get()
    assert journal.answer["points"]["points"] == 40 + 7
    page = desk.get(reverse("admin:transactions_journal_change", args=[journal.pk])).content.decode()
    assert "sale, last" in page


def test_staff_say_the_discount_of_a_line(desk, hopper):
    desk.post(ADD, form_of(hopper, amount="40", **LINE | {"lines-0-discount": "10.00"}))
    (line,) = Journal.objects.get().lines.all()
    assert (line.amount, line.discount) == (5000, 1000)
    page = desk.get(reverse("admin:transactions_journal_change", args=[Journal.objects.get().pk])).content.decode()
    assert "10.00 EUR" in page


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"tax": "ten"}, "tax"),
        ({"shipping": "-1"}, "shipping"),
        ({"shipping_tax": "0.001"}, "shipping_tax"),
        ({"tax": "1", "shipping": "5", "shipping_tax": "2"}, "shipping_tax"),
        ({"tax": "40", "shipping": "10"}, "amount"),
    ],
)
def test_parts_that_cannot_be_are_said_at_their_field(desk, hopper, parts, field):
    response = desk.post(ADD, form_of(hopper, **parts))
    assert response.context["adminform"].form.errors.keys() == {field}
    assert not Journal.objects.exists()
