"""Over HTTP and at the counter, a purchase is bought and paid with points in one request."""

import pytest
from django.urls import reverse

from tests.support import factories
from tests.support.admin_forms import form_of
from tests.support.api_caller import Caller
from tests.support.api_life import bought, purchase, put, rate
from tests.support.factories import held
from transactions.models import Journal

ADD = "admin:transactions_journal_add"


@pytest.fixture
def rich(shop, club, ada):
    """Ada has 200 points, worth a cent each."""
    put(club, point_value="0.01")
    bought(shop, "order-0", amount="200.00")
    return ada


def pay(external_id="order-1", points=150, **fields):
    return purchase(external_id, redeem={"points": points}, **fields)


def test_one_request_one_name_one_answer(shop, rich):
    answer = shop.post("transactions/", pay())
    assert (answer.status_code, answer.said["points"]) == (201, {"points": 98, "status": 98})
    told = answer.said["redeemed"]
    assert (told["points"], told["points_used"], told["money_value"]) == ({"points": -150}, 150, "1.50")
    assert answer.said["balances"]["points"] == held(rich) == 200 - 150 + 98
    again = shop.post("transactions/", pay())
    assert (again.status_code, again.said) == (200, answer.said | {"status": "replayed"})
    assert shop.post("transactions/", pay(points=149)).said["code"] == "idempotency_conflict"
    assert held(rich) == 148


def test_a_dry_run_and_an_idempotency_key_tell_both(shop, rich):
    computed = shop.post("transactions/", pay(), dry_run=1)
    assert (computed.status_code, computed.said["redeemed"]["points_used"]) == (200, 150)
    assert (computed.said["balances"]["points"], held(rich)) == (148, 200)
    first, second = (shop.post("transactions/", pay(), idempotency_key="k-1") for _ in range(2))
    assert first.content == second.content
    assert held(rich) == 148


def test_too_few_points_refuse_the_whole(shop, rich):
    answer = shop.post("transactions/", pay(points=201))
    assert (answer.status_code, answer.said["code"]) == (409, "insufficient_points")
    assert answer.said["errors"][0]["pointer"] == "#/redeem/points"
    assert not Journal.objects.filter(external_id="order-1").exists()
    assert shop.post("transactions/", pay(points=200)).status_code == 201


def test_a_list_is_answered_item_by_item(shop, rich):
    answer = shop.post("transactions/", [pay("a", 150), pay("b", 150), purchase("c")]).said
    assert [one["status"] for one in answer["results"]] == ["posted", "refused", "posted"]
    assert "redeemed" not in answer["results"][2]


@pytest.mark.parametrize(
    ("redeem", "pointer", "code"),
    [
        ({}, "#/redeem/points", "field_missing"),
        ({"points": 0}, "#/redeem/points", "invalid_number"),
        ({"points": "5"}, "#/redeem/points", "invalid_number"),
        ({"points": 5, "reserve_s": 60}, "#/redeem/reserve_s", "unknown_field"),
        (5, "#/redeem", "invalid_type"),
        ({"points": 5, "group": {"name": "x"}}, "#/redeem/group/name", "unknown_field"),
    ],
)
def test_what_cannot_be_read_is_named(shop, nothing_written, redeem, pointer, code):
    (error,) = shop.post("transactions/", purchase(redeem=redeem)).said["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


def test_points_pay_only_with_a_key_that_may_spend_them(shop, club, rich):
    till = Caller(club.owner, ["read", "earn"], name="Earns only")
    answer = till.post("transactions/", pay())
    assert (answer.status_code, answer.said["code"]) == (403, "scope_missing")
    listed = till.post("transactions/", [pay(), purchase("order-2")]).said["results"]
    assert [one["status"] for one in listed] == ["refused", "posted"]
    assert listed[0]["problem"]["code"] == "scope_missing"


def test_the_reversal_gives_back_what_paid(shop, rich):
    id = shop.post("transactions/", pay()).said["id"]
    back = shop.post(f"transactions/{id}/reversal/").said
    assert (back["restored"], back["restored_value"], back["clawback"]["points"]) == (150, "1.50", 98)
    assert held(rich) == 200


def test_the_transaction_says_with_what_it_was_paid(shop, rich):
    id = shop.post("transactions/", pay()).said["id"]
    told = shop.get(f"transactions/{id}/").said
    assert "Paid with 150 Points, worth 1.50 of its money." in told["sentences"]
    assert told["explanation"]["paid_with"] == {"currency": "points", "points": 150, "worth": "1.50"}
    listed = shop.get("transactions/", external_id="order-1").said["results"]
    assert [one["kind"] for one in listed] == ["accrual", "redemption"]


def test_amounts_of_foreign_money_keep_their_decimals(shop, club, rich):
    rate(club, "JPY", "0.01")
    answer = shop.post("transactions/", pay(amount="1000", currency="JPY")).said
    # 1,000 yen less 150 are 8.50 EUR.
    assert (answer["points"]["status"], answer["redeemed"]["money_value"]) == (8, "1.50")


@pytest.fixture
def counter(desk, lively_shop):
    """A function that sends the form of a purchase."""
    lively_shop._change(point_value="0.01")

    def send(**fields):
        page = f"{reverse(ADD)}?member={lively_shop.ada.pk}"
        return desk.post(reverse(ADD), form_of(desk, page) | {"amount": "46.90"} | fields)

    return send


def test_the_clerk_takes_points_for_a_purchase(desk, lively_shop, counter):
    before = held(lively_shop.ada)
    response = counter(redeem="50")
    bought = Journal.objects.filter(kind="accrual").latest("pk")
    assert response.url == reverse("admin:transactions_journal_change", args=[bought.pk])
    assert held(lively_shop.ada) == before - 50 + bought.answer["points"]["points"]
    page = desk.get(response.url).content.decode()
    assert "Paid with 50 Points, worth 0.50 EUR." in page
    assert "Paid with 50 Points, worth 0.50 of its money." in page
    spent = Journal.objects.get(kind="redemption", external_id=bought.external_id)
    assert (spent.user, spent.order_ref) == (bought.user, bought.external_id)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("1000000", "Points pay at most 100 % of the basket"),
        ("4690", "Points to spend"),
        ("0", "Write how many points pay"),
        ("ten", "plain decimal number"),
        ("1.5", "decimals"),
    ],
)
def test_the_clerk_is_told_why_points_do_not_pay(lively_shop, counter, said, field):
    before = Journal.objects.count(), held(lively_shop.ada)
    response = counter(redeem=said)
    assert response.status_code == 200
    form = response.context["adminform"].form
    assert field in str(form.errors["redeem"])
    assert (Journal.objects.count(), held(lively_shop.ada)) == before


def test_the_clerk_chooses_among_several_points(desk, lively_shop, counter):
    other = factories.program("elsewhere").currencies.get(code="points")
    wrong = counter(redeem="5", redeem_currency=str(other.pk))
    assert "the program of the member" in str(wrong.context["adminform"].form.errors["redeem_currency"])
    own = lively_shop.program.currencies
    own.update(is_primary=False)
    own.create(code="miles", name="Miles")
    lively_shop.program.touch(lively_shop.program.pk)
    assert "Choose which points pay" in str(counter(redeem="5").context["adminform"].form.errors["redeem_currency"])
    points = str(own.get(code="points").pk)
    assert counter(redeem="5", redeem_currency=points).status_code == 302


def test_points_and_gift_cards_pay_for_a_purchase_and_no_more_than_it_costs(shop, rich):
    told = shop.post("transactions/", pay(amount="1.00", gift_card="1.00"))
    assert (told.status_code, told.said["code"], told.said["errors"][0]["pointer"]) == (
        409,
        "outside_limits",
        "#/redeem/points",
    )
    for sent, pointer, code in (
        (purchase(amount="1.00", gift_card="1.01"), "#/gift_card", "invalid_amount"),
        (pay(amount="10.00", activity="visit"), "#/redeem", "invalid_redemption"),
    ):
        told = shop.post("transactions/", sent)
        (error,) = told.said["errors"]
        assert (told.status_code, error["pointer"], error["code"]) == (400, pointer, code)
    assert held(rich) == 200
