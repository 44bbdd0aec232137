"""The whole life of a transaction in the admin: each deed calls its verb, for whom it should and for nobody else."""

import pytest

from tests.support import factories
from tests.support.admin_dialogs import address, deed, errors, refunded
from transactions.models import Journal, Lot

LOTS = "Release early"


@pytest.fixture
def shop(lively_shop):
    return lively_shop


@pytest.fixture
def office(client, marketing):
    client.force_login(marketing)
    return client


def journal(client, name, row, **fields):
    response = deed(client, f"transactions_journal_{name}", row, **fields)
    assert response.headers.get("HX-Redirect"), response.context["form"].errors
    row.refresh_from_db()
    return Journal.objects.get(pk=response["HX-Redirect"].split("/")[-3])


def titles(client, row):
    """The deeds that the page of a transaction offers."""
    actions = client.get(address("transactions_journal_change", row)).context["actions_detail"]
    return {one["title"] for one in actions}


def test_what_is_held_is_approved_by_somebody_who_may(office, shop):
    held = shop.held()
    before = factories.held(shop.ada)
    assert titles(office, held) == {"Approve", "Reject"}
    journal(office, "approve", held)
    assert held.status == "processed"
    assert factories.held(shop.ada) > before
    assert "Approve" not in titles(office, held)
    page = office.get(address("transactions_journal_change", held)).content.decode()
    assert "Decided by marketing on" in page


def test_the_page_of_a_transaction_says_what_a_cap_cut(desk, shop):
    shop.cap.limit = 700
    shop.cap.save()
    cut = shop._post(factories.purchase(shop.ada, 70000, "order-cut"))
    why = desk.get(address("transactions_journal_change", cut)).content.decode()
    assert "“Daily” cut 875 to" in why
    assert "There is room again on" in why


def test_what_is_held_is_rejected_with_a_reason(office, shop):
    held = shop.held()
    assert "reason" in errors(deed(office, "transactions_journal_reject", held, reason=" "))
    journal(office, "reject", held, reason="A till that was tried out")
    assert (held.status, held.error) == ("rejected", "A till that was tried out")
    response = deed(office, "transactions_journal_reject", held, reason="Again")
    assert "rejected" in response.content.decode()


def test_store_staff_do_not_decide_what_is_held(desk, shop):
    held = shop.held()
    assert titles(desk, held) == set()
    for name in ("approve", "reject"):
        assert desk.get(address(f"transactions_journal_{name}", held)).status_code == 403


def test_what_waits_is_tried_again(desk, shop):
    waiting = shop.waiting()
    assert titles(desk, waiting) == {"Try again"}
    response = deed(desk, "transactions_journal_retry", waiting)
    assert "HX-Redirect" in response
    waiting.refresh_from_db()
    assert waiting.status == "pending"


def test_a_reservation_is_confirmed(desk, shop):
    reserved = shop.reserved()
    assert titles(desk, reserved) == {"Confirm", "Release"}
    journal(desk, "confirm", reserved)
    assert reserved.status == "processed"
    assert titles(desk, reserved) == {"Reverse", "Refund"}


def test_a_reservation_is_released_with_a_reason(desk, shop):
    before = factories.held(shop.ada)
    reserved = shop.reserved()
    assert factories.held(shop.ada) == before - 30
    assert "reason" in errors(deed(desk, "transactions_journal_release", reserved, reason=""))
    journal(desk, "release", reserved, reason="The cart was left")
    assert reserved.status == "rejected"
    assert factories.held(shop.ada) == before


def test_a_part_of_a_purchase_is_refunded_in_major_units(desk, shop):
    _, made = refunded(desk, shop.bought, amount="120.50", reason="Bindings came back")
    assert (made.reverses, made.reason) == (shop.bought, "Bindings came back")
    assert (shop.bought.status, shop.bought.reversed_amount) == ("partially_reversed", 12050)


@pytest.mark.parametrize("amount", ["600.01", "0", "-1", "1,5", "1.999", "x", ""])
def test_what_cannot_be_refunded_is_said_at_the_amount(desk, shop, amount):
    assert "amount" in errors(deed(desk, "transactions_journal_refund", shop.bought, amount=amount, reason="Back"))
    shop.bought.refresh_from_db()
    assert shop.bought.reversed_amount == 0


def test_a_part_of_a_redemption_is_given_back_in_points(desk, shop):
    before = factories.held(shop.ada)
    preview, made = refunded(desk, shop.redeemed, points="15")
    assert made.reverses == shop.redeemed
    assert factories.held(shop.ada) == before + 15
    assert "The member gets 15 Points." in preview
    wrong = deed(desk, "transactions_journal_refund", shop.redeemed, points="26", reason="More")
    assert "points" in errors(wrong)


def test_pending_points_are_released_early_with_a_reason(desk, shop):
    pending = shop.pending()
    assert LOTS in titles(desk, pending)
    before = factories.held(shop.ada)
    made = journal(desk, "free", pending, reason="Off on holiday")
    assert (made.kind, made.reason) == ("adjustment", "Off on holiday")
    assert factories.held(shop.ada) > before
    assert not Lot.objects.filter(entry__journal=pending, is_pending=True, remaining__gt=0).exists()
    assert LOTS not in titles(desk, pending)


def test_a_deed_that_is_sent_twice_is_done_once(desk, shop):
    page = address("transactions_journal_refund", shop.bought)
    form = deed(desk, "transactions_journal_refund", shop.bought, amount="10", reason="Back").context["form"]
    first, second = (desk.post(page, {**form.data.dict(), "agreed": "on"}) for _ in range(2))
    assert first["HX-Redirect"] == second["HX-Redirect"]
    shop.bought.refresh_from_db()
    assert shop.bought.reversed_amount == 1000


@pytest.mark.parametrize("name", ["retry", "confirm", "release", "refund", "free", "reverse"])
def test_marketing_moves_no_points(office, shop, name):
    assert office.get(address(f"transactions_journal_{name}", shop.bought)).status_code == 403


@pytest.mark.parametrize("name", ["approve", "reject", "retry", "confirm", "release", "refund", "free", "reverse"])
def test_a_stranger_is_sent_away_and_the_boss_is_not(client, stranger, boss, shop, name):
    page = address(f"transactions_journal_{name}", shop.bought)
    client.force_login(stranger)
    assert client.get(page).status_code == 302
    client.force_login(boss)
    assert client.get(page).status_code == 200


@pytest.mark.parametrize("name", ["approve", "retry", "confirm"])
def test_a_deed_at_the_wrong_time_is_refused_in_its_dialog(client, boss, shop, name):
    client.force_login(boss)
    response = deed(client, f"transactions_journal_{name}", shop.bought)
    assert response.context["form"].non_field_errors()
    shop.bought.refresh_from_db()
    assert shop.bought.status == "processed"
