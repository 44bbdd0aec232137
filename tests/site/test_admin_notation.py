"""Staff type numbers, names and cards as they are said: forms store one notation, and searches find it."""

import pytest
from django.urls import reverse

from members.models import Card, Customer, ExternalId, Member
from programs.models import Program
from tests.support import factories
from tests.support.admin_forms import errors_of, form_of


@pytest.fixture
def shop(lively_shop):
    return lively_shop


@pytest.fixture
def french(shop):
    Program.objects.filter(pk=shop.program.pk).update(country="FR")
    return shop


def enrol(client, shop, **fields):
    address = reverse("admin:members_member_add")
    return client.post(
        address, form_of(client, address) | {"program": shop.program.pk, "last_name": "Müller"} | fields
    )


def test_the_desk_enrols_with_a_national_number_and_finds_it_again(client, boss, french):
    client.force_login(boss)
    assert enrol(client, french, phone="06 12 34 56 99", card="c 99").status_code == 302
    member = Member.objects.get(customer__last_name="Müller")
    assert (member.customer.phone, member.cards.get().number) == ("+33612345699", "C99")
    for typed in ("06 12 34 56 99", "0033612345699", "muller", "MUELLER", "c99"):
        for model, shown in (("member", member.number), ("balance", None), ("card", "C99")):
            page = client.get(reverse(f"admin:members_{model}_changelist"), {"q": typed})
            assert page.status_code == 200
            if shown and (model == "member" or typed == "c99"):
                assert shown in page.content.decode()
    assert "phone" in errors_of(enrol(client, french, phone="+33 6 12 34 56 99"))


def test_the_desk_is_told_what_to_do_about_a_number_without_a_country(client, boss, shop):
    client.force_login(boss)
    assert "set the country of the program" in str(errors_of(enrol(client, shop, phone="06 12 34 56 99"))["phone"])


def test_the_page_of_a_customer_reads_numbers_as_in_the_program_of_the_customer(client, boss, french):
    client.force_login(boss)
    address = reverse("admin:members_customer_change", args=[french.ada.customer_id])
    assert client.post(address, form_of(client, address) | {"phone": "06 12 34 56 97"}).status_code == 302
    assert Customer.objects.get(pk=french.ada.customer_id).phone == "+33612345697"
    assert "phone" in errors_of(client.post(address, form_of(client, address) | {"phone": "six one two"}))


def test_cards_and_ids_that_staff_type_are_stored_in_their_notation(client, boss, shop):
    client.force_login(boss)
    address = reverse("admin:members_card_add")
    sent = form_of(client, address) | {"member": shop.ada.pk, "number": "ab-12", "is_active": "on"}
    assert client.post(address, sent).status_code == 302
    assert Card.objects.filter(number="AB-12").exists()
    assert "already has this card" in str(errors_of(client.post(address, sent | {"number": "Ab-12"})))
    till, address = factories.till(shop.program), reverse("admin:members_externalid_add")
    sent = form_of(client, address) | {"customer": shop.ada.customer_id, "connection": till.pk}
    assert client.post(address, sent | {"value": "Ada@Shop.example"}).status_code == 302
    assert ExternalId.objects.filter(value="ada@shop.example").exists()
    found = client.get(reverse("admin:members_externalid_changelist"), {"q": "ADA@shop.example"}).content.decode()
    assert "ada@shop.example" in found


def test_a_card_that_is_kept_as_it_was_written_can_still_be_taken_back(client, boss, shop):
    client.force_login(boss)
    Card.objects.create(member=shop.ada, number="X-1")
    card = Card.objects.create(member=shop.ada, number="x-1")
    address = reverse("admin:members_card_change", args=[card.pk])
    sent = form_of(client, address)
    sent.pop("is_active", None)
    assert client.post(address, sent).status_code == 302
    card.refresh_from_db()
    assert (card.number, card.is_active) == ("x-1", False)


def test_points_are_given_to_whoever_is_typed_in_another_notation(client, boss, french):
    client.force_login(boss)
    factories.member(french.program, last_name="Receiver", phone="+33612345698")
    address = reverse("admin:members_member_merge", args=[french.ada.pk])
    page = client.post(address, {"other": "06 12 34 56 98", "reason": "twice", "preview": "on"})
    assert "The program has no such member" not in page.content.decode()
