"""What staff do in the admin goes through the verbs, and what a verb refuses stands beside its field."""

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.models import Member
from partners import keys
from partners.models import ApiKey
from tests.support import factories
from tests.support.admin_forms import errors_of, form_of
from tests.support.shop import Shop
from tests.support.stage import kept
from transactions.models import Journal

ADD = "admin:transactions_journal_add"


@kept
def shop(db):
    return Shop()


def said(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def purchase(desk, shop, **changes):
    return form_of(desk, f"{reverse(ADD)}?member={shop.ada.pk}") | {"amount": "46.90"} | changes


def test_a_purchase_moves_the_balance_and_says_what_it_earned(desk, shop, store_staff):
    before = factories.held(shop.ada)
    response = desk.post(reverse(ADD), purchase(desk, shop))
    journal = Journal.objects.latest("pk")
    assert response.url == reverse("admin:transactions_journal_change", args=[journal.pk])
    assert (journal.amount, journal.money, journal.user) == (4690, "EUR", store_staff)
    assert journal.connection.platform == "back-office"
    # 46.90 by the silver multiplier of 1.25, rounded down; 20 more on a weekend in a store.
    earned = factories.held(shop.ada) - before
    assert earned == journal.answer["points"]["points"]
    assert f"+{earned} Points" in said(response)
    page = desk.get(response.url).content.decode()
    assert f"+{earned}" in page
    assert "“Spend” (rule spend, version 1) gave" in page
    # On a working day the rule of the weekend comes nearest; that of a review is not about purchases.
    assert ("Nearest rule that did not fire: “Weekend”" in page) == ("nearest" in journal.trace)
    assert "“Review”" not in page


def test_a_double_click_posts_once(desk, shop):
    form = purchase(desk, shop)
    first, second = desk.post(reverse(ADD), form), desk.post(reverse(ADD), form)
    assert first.url == second.url
    assert "nothing was posted again" in said(second)
    assert Journal.objects.filter(external_id=form["external_id"]).count() == 1


def test_lines_reach_the_ledger_in_minor_units(desk, shop):
    line = {"lines-0-sku": "SKI-1", "lines-0-quantity": "2", "lines-0-amount": "40.00", "lines-0-tax": "6.67"}
    response = desk.post(reverse(ADD), purchase(desk, shop, **line))
    (row,) = Journal.objects.get(pk=response.url.split("/")[-3]).lines.all()
    assert (row.product.sku, row.category, row.quantity, row.amount, row.tax) == ("SKI-1", "skis", 2, 4000, 667)


def test_a_date_is_meant_on_the_clocks_of_the_program(desk, shop):
    form = purchase(desk, shop, activity_at_0="2026-07-01", activity_at_1="10:30:00")
    journal = Journal.objects.get(pk=desk.post(reverse(ADD), form).url.split("/")[-3])
    assert journal.activity_at == factories.at(2026, 7, 1, 8, 30)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "12,50"}, "amount"),
        ({"amount": "1.999"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "1e309"}, "amount"),
        ({"amount": "9" * 30}, "amount"),
        ({"activity": ""}, "activity"),
        ({"activity_at_0": "2999-01-01", "activity_at_1": "00:00"}, "activity_at"),
        ({"activity_at_0": "2001-01-01", "activity_at_1": "00:00"}, "activity_at"),
        ({"member": ""}, "member"),
        ({"member": "999999"}, "member"),
        ({"external_id": "x\0y"}, "external_id"),
    ],
)
def test_a_refused_purchase_says_so_at_its_field_and_writes_nothing(desk, shop, changes, field):
    before = Journal.objects.count()
    assert field in errors_of(desk.post(reverse(ADD), purchase(desk, shop, **changes)))
    assert Journal.objects.count() == before


def test_a_suspended_member_is_refused_at_the_member(desk, shop):
    Member.objects.filter(pk=shop.ada.pk).update(status="suspended")
    assert "suspended" in errors_of(desk.post(reverse(ADD), purchase(desk, shop)))["member"][0]


def test_a_receipt_of_another_content_is_refused_at_the_receipt(desk, shop):
    form = purchase(desk, shop)
    desk.post(reverse(ADD), form)
    assert "external_id" in errors_of(desk.post(reverse(ADD), form | {"amount": "47.90"}))


def test_a_refused_line_says_so_in_its_row(desk, shop):
    line = {"lines-0-sku": "SKI-1", "lines-0-quantity": "1", "lines-0-amount": "10", "lines-0-tax": "11"}
    response = desk.post(reverse(ADD), purchase(desk, shop, **line))
    assert "tax" in response.context["inline_admin_formsets"][0].formset.errors[0]


def deed(client, name, pk, **fields):
    address = reverse(f"admin:{name}", args=[pk])
    form = client.get(address).context["form"]
    hidden = {name: form[name].value() for name in ("_form_submitted", "external_id") if name in form.fields}
    return address, hidden | fields


def test_points_are_redeemed_with_a_reason_and_once(desk, shop, store_staff):
    before = factories.held(shop.ada)
    currency = shop.program.currencies.get(code="points").pk
    address, form = deed(desk, "members_member_redeem", shop.ada.pk, points="100", currency=currency, reason="Mug")
    for _ in range(2):
        assert desk.post(address, form)["HX-Redirect"] == reverse("admin:members_member_change", args=[shop.ada.pk])
    journal = Journal.objects.latest("pk")
    assert (journal.kind, journal.reason, journal.user) == ("redemption", "Mug", store_staff)
    assert factories.held(shop.ada) == before - 100


@pytest.mark.parametrize("points", ["1000000", "0", "-5", "1.5", "x", ""])
def test_what_cannot_be_redeemed_is_said_in_the_dialog(desk, shop, points):
    before = factories.held(shop.ada)
    currency = shop.program.currencies.get(code="points").pk
    address, form = deed(desk, "members_member_redeem", shop.ada.pk, points=points, currency=currency, reason="Mug")
    response = desk.post(address, form)
    assert "points" in response.context["form"].errors
    assert "HX-Redirect" not in response
    assert factories.held(shop.ada) == before


def test_a_transaction_is_reversed_with_a_reason(desk, shop):
    address, form = deed(desk, "transactions_journal_reverse", shop.bought.pk, reason="Wrong member")
    made = Journal.objects.get(pk=desk.post(address, form)["HX-Redirect"].split("/")[-3])
    assert (made.reverses, made.reason) == (shop.bought, "Wrong member")
    shop.bought.refresh_from_db()
    assert shop.bought.status == "reversed"
    page = desk.get(reverse("admin:transactions_journal_change", args=[shop.bought.pk])).content.decode()
    assert "Taken back by" in page
    assert address not in page


def test_a_reversal_needs_a_reason_and_is_final(desk, shop):
    address, form = deed(desk, "transactions_journal_reverse", shop.bought.pk, reason="")
    assert "reason" in desk.post(address, form).context["form"].errors
    address, form = deed(desk, "transactions_journal_reverse", shop.reversal.pk, reason="Again")
    assert "is final" in desk.post(address, form).content.decode()


def test_deeds_on_rows_that_are_not_there_are_not_found(desk, shop):
    for name, pk in (("members_member_redeem", 999999), ("members_member_redeem", "x")):
        assert desk.get(reverse(f"admin:{name}", args=[pk])).status_code == 404


def test_a_newcomer_is_enrolled(client, boss, shop):
    client.force_login(boss)
    address = reverse("admin:members_member_add")
    newcomer = {
        "program": shop.program.pk,
        "first_name": "Grace",
        "last_name": "Hopper",
        "email": "grace@example.com",
        "time_zone": "Asia/Tokyo",
        "home_store": shop.store.pk,
        "card": "C-1906",
    }
    assert client.post(address, form_of(client, address) | newcomer).status_code == 302
    member = Member.objects.get(customer__email="grace@example.com")
    assert (member.channel, member.home_store, member.cards.get().number) == ("back-office", shop.store, "C-1906")
    assert (member.customer.time_zone, member.standings.get().tier.code) == ("Asia/Tokyo", "base")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "ADA@"}, "email"),
        ({"phone": "0612345678"}, "phone"),
        ({"phone": "+33612345678"}, "phone"),
        ({"card": "C-1815"}, "card"),
        ({"card": "C_1"}, "card"),
        ({"kind": "company", "last_name": "", "email": "firm@example.com"}, "__all__"),
        ({"last_name": ""}, "__all__"),
        ({"program": ""}, "program"),
    ],
)
def test_a_refused_enrolment_says_so_at_its_field_and_makes_nobody(client, boss, shop, changes, field):
    client.force_login(boss)
    before = Member.objects.count()
    address = reverse("admin:members_member_add")
    form = form_of(client, address) | {"program": shop.program.pk, "last_name": "Hopper"} | changes
    assert field in errors_of(client.post(address, form))
    assert Member.objects.count() == before


def test_the_page_of_a_member_costs_the_same_whatever_was_posted(client, boss, shop):
    client.force_login(boss)
    address = reverse("admin:members_member_change", args=[shop.ada.pk])

    def statements():
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            page = client.get(address).content.decode()
        return page, len(captured)

    page, few = statements()
    for shown in ("Silver", "Status points to Gold.", "Points by expiry", "C-1815", "Accrual order-1", "Tiers held"):
        assert shown in page
    for amount in range(1000, 9000, 1000):
        factories.post_one(shop.program, factories.purchase(shop.ada, amount))
    assert statements()[1] == few
    assert few <= 25


def test_a_key_is_shown_once(client, boss, shop):
    client.force_login(boss)
    address = reverse("admin:partners_apikey_add")
    form = {"connection": shop.till.pk, "name": "Web shop", "scopes": ["read", "burn"]}
    response = client.post(address, form)
    secret = response.context["secret"]
    assert secret in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    key = ApiKey.objects.get(name="Web shop")
    assert keys.find(secret) == key
    assert key.scopes == ["burn", "read"]
    page = client.get(reverse("admin:partners_apikey_change", args=[key.pk])).content.decode()
    assert secret not in page
    assert key.secret_hash not in page


def test_a_revoked_key_is_refused(client, boss, shop):
    client.force_login(boss)
    key, secret = keys.issue(shop.till, name="Old", scopes=["read"])
    address, form = deed(client, "partners_apikey_revoke", key.pk)
    assert client.post(address, form)["HX-Redirect"]
    assert keys.find(secret) is None


def test_credentials_are_on_no_page(client, boss, shop):
    client.force_login(boss)
    shop.till.credentials = {"password": "sesame-open"}
    shop.till.save()
    page = client.get(reverse("admin:partners_connection_change", args=[shop.till.pk])).content.decode()
    assert shop.till.token in page
    assert "sesame-open" not in page
    assert "redentials" not in page
