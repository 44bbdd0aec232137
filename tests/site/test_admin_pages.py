"""Every page of the admin opens, for whom it should and for nobody else."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.models import Balance, Card, Customer, Member, Standing
from partners.models import ApiKey, Connection, Partner, Store
from programs.models import Currency, Program, ProgramVersion, Rule
from tests.support import factories
from transactions.models import Entry, Journal, JournalLine, Lot, Trace

MODELS = [pytest.param(model, id=model._meta.label) for model in admin.site._registry]
FACTS = [Entry, Journal, JournalLine, Lot, Trace, Balance, Standing, ProgramVersion]


@pytest.fixture
def shop(lively_shop):
    return lively_shop


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_page_opens(client, boss, shop, rf, model):
    client.force_login(boss)
    rows = model._default_manager.all()
    assert rows.exists() or model._meta.app_label == "auth", f"The shop has no {model._meta.label} to show."
    assert client.get(page(model, "changelist")).status_code == 200
    assert client.get(page(model, "changelist"), {"q": "Lovelace"}).status_code == 200
    for row in rows[:5]:
        assert client.get(page(model, "change", row.pk)).status_code == 200
        assert client.get(page(model, "history", row.pk)).status_code == 200
    request = rf.get("/")
    request.user = boss
    wanted = 200 if admin.site._registry[model].has_add_permission(request) else 403
    assert client.get(page(model, "add")).status_code == wanted


@pytest.mark.parametrize("model", FACTS)
def test_nobody_changes_or_deletes_a_fact(client, boss, shop, model):
    client.force_login(boss)
    row = model._default_manager.first()
    assert client.post(page(model, "change", row.pk), {}).status_code == 403
    assert client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert b"delete_selected" not in client.get(page(model, "changelist")).content


@pytest.mark.parametrize("model", MODELS)
def test_a_stranger_sees_nothing(client, stranger, shop, model):
    client.force_login(stranger)
    assert client.get(page(model, "changelist")).status_code == 302
    assert client.get(page(model, "add")).status_code == 302


def status_of(client, person, *address):
    client.force_login(person)
    return client.get(page(*address)).status_code


def test_marketing_keeps_programs_and_only_reads_the_ledger(client, marketing, shop):
    for model in (Program, Rule, Partner, Store, Currency):
        assert status_of(client, marketing, model, "add") == 200
    for model in (Journal, Entry, Lot, Member, Connection, ApiKey):
        assert status_of(client, marketing, model, "changelist") == 200
        assert status_of(client, marketing, model, "add") == 403
    for model in (Program, Rule, Partner):
        assert status_of(client, marketing, model, "delete", model.objects.first().pk) == 403
    assert status_of(client, marketing, Member, "redeem", shop.ada.pk) == 403
    assert status_of(client, marketing, Journal, "reverse", shop.bought.pk) == 403
    assert status_of(client, marketing, Connection, "issue_key", shop.till.pk) == 403


def test_store_staff_enter_transactions_and_change_no_configuration(client, store_staff, shop):
    assert status_of(client, store_staff, Journal, "add") == 200
    for row in (shop.program, shop.program.rules.first(), shop.ada, shop.ada.customer, shop.bought):
        assert status_of(client, store_staff, type(row), "change", row.pk) == 200
        if not isinstance(row, Journal):
            assert client.post(page(type(row), "change", row.pk), {}).status_code == 403
    for model in (Partner, Store, Connection, ApiKey):
        assert status_of(client, store_staff, model, "changelist") == 403
    assert status_of(client, store_staff, Program, "add") == 403
    assert status_of(client, store_staff, ApiKey, "revoke", shop.key.pk) == 403


def test_the_side_bar_holds_what_one_may_see(client, store_staff, boss, shop):
    def titles(person):
        client.force_login(person)
        groups = client.get(reverse("admin:index")).context["sidebar_navigation"]
        return [group["title"] for group in groups]

    assert titles(boss)[:4] == ["Programs", "Members", "Partners", "Transactions"]
    assert titles(store_staff) == ["Programs", "Members", "Transactions"]


@pytest.mark.parametrize("model", [Member, Customer, Journal, Entry, Lot, Balance])
def test_a_list_costs_the_same_whatever_its_length(client, boss, shop, model):
    client.force_login(boss)
    client.get(page(model, "changelist"))
    few = _statements(client, model)
    for _ in range(4):
        factories.post_one(shop.program, factories.purchase(factories.member(shop.program), 4200))
    client.get(page(model, "changelist"))
    assert _statements(client, model) == few


def _statements(client, model):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page(model, "changelist")).status_code == 200
    return len(captured)


@pytest.mark.parametrize("text", ["number", "card", "email", "phone", "last", "start", "both"])
def test_a_member_is_found_by_whatever_is_in_hand(client, boss, shop, text):
    other = factories.member(shop.program, last_name="Babbage")
    customer = shop.ada.customer
    typed = {
        "number": shop.ada.number,
        "card": "C-1815",
        "email": customer.email.upper(),
        "phone": "+33 6 12345678",
        "last": "lovelace",
        "start": "Lovel",
        "both": "Ada Lovelace",
    }[text]
    client.force_login(boss)
    query = {"term": typed, "app_label": "transactions", "model_name": "journal", "field_name": "member"}
    found = client.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [row["id"] for row in found] == [str(shop.ada.pk)]
    assert "Alpine Club" in found[0]["text"]
    listed = client.get(page(Member, "changelist"), {"q": typed}).content.decode()
    assert shop.ada.number in listed
    assert other.number not in listed


def test_a_search_for_nonsense_finds_nothing_and_breaks_nothing(client, boss, shop):
    client.force_login(boss)
    for text in ("\x00", "%", "_", "zzz", "+", "9" * 500, "'; --", "@@@"):
        for model in (Member, Customer, Journal, Entry):
            assert client.get(page(model, "changelist"), {"q": text}).status_code == 200


@pytest.mark.parametrize("model", [Member, Customer, Journal, Entry, Card, Program])
def test_a_search_for_what_cannot_be_shows_nothing_and_says_why(client, boss, shop, model):
    client.force_login(boss)
    response = client.get(page(model, "changelist"), {"q": "\x00"})
    assert model.objects.exists()
    assert response.context["cl"].result_count == 0
    assert "Null characters are not allowed." in response.content.decode()
    query = {"app_label": "transactions", "model_name": "journal", "field_name": "member", "term": "\x00"}
    assert client.get(reverse("admin:autocomplete"), query).json()["results"] == []


@pytest.mark.parametrize("model", MODELS)
def test_a_number_that_is_none_is_not_found(client, boss, shop, model):
    client.force_login(boss)
    for number in ("0", "99999999999999999999999", "x", "1e5"):
        assert client.get(page(model, "change", number)).status_code in (302, 404)
        assert client.get(page(model, "history", number)).status_code in (302, 404)


def test_what_keeps_a_row_is_said_by_its_kind_and_the_row_stays(client, boss, shop):
    client.force_login(boss)
    one, some = page(Program, "delete", shop.program.pk), page(Program, "changelist")
    chosen = {"action": "delete_selected", "_selected_action": [shop.program.pk]}
    for answer in (client.get(one), client.post(one, {"post": "yes"}), client.post(some, chosen | {"post": "yes"})):
        kinds = answer.context["protected"]
        assert {"Members", "Journals", "Program versions"} <= set(kinds)
        assert len(kinds) == len(set(kinds))
    assert Program.objects.filter(pk=shop.program.pk).exists()


def test_what_nothing_needs_may_be_deleted(client, boss, shop):
    client.force_login(boss)
    spare = factories.store(shop.store.partner, "spare")
    answer = client.post(page(Store, "delete", spare.pk), {"post": "yes"})
    assert answer["Location"] == page(Store, "changelist")
    assert not Store.objects.filter(pk=spare.pk).exists()


def test_the_earlier_versions_of_a_program_open(client, boss, shop):
    client.force_login(boss)
    for version in shop.program.history.all():
        assert client.get(page(Program, "simple_history", shop.program.pk, version.pk)).status_code == 200


@pytest.mark.parametrize("who", ["boss", "store_staff"])
def test_an_earlier_version_is_only_read(client, shop, request, who):
    """Also by those who may change the program of today."""
    client.force_login(request.getfixturevalue(who))
    version = shop.program.history.first()
    sent = {
        "name": "Mine now",
        "time_zone": "UTC",
        "money": "EUR",
        "status": "closed",
        "owner": shop.program.owner_id,
    }
    answer = client.post(page(Program, "simple_history", shop.program.pk, version.pk), sent)
    assert answer.status_code == 403
    assert Program.objects.get(pk=shop.program.pk).name == shop.program.name
