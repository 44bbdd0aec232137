"""A purchase is taken back in the admin by pieces of its lines, by money, or whole; what it does is seen first."""

import pytest

from partners.activity import Refunded
from programs import versions
from programs.models import Currency
from tests.support import factories
from tests.support.admin_dialogs import address, deed, errors, refunded
from transactions.models import Journal


@pytest.fixture
def shop(lively_shop):
    return lively_shop


@pytest.fixture
def bought(shop):
    """Three pairs of socks for 10.00 together, a sledge for 50.00, and 5.00 of shipping."""
    lines = (factories.line("SOCKS", 1000, quantity=3), factories.line("SLEDGE", 5000))
    return shop._post(factories.purchase(shop.ada, 6500, "order-lines", lines=lines))


def share(journal):
    return journal.trace["share"]


def test_each_line_is_offered_with_what_is_left_of_it(desk, shop, bought):
    fields = desk.get(address("transactions_journal_refund", bought)).context["form"].fields
    assert [name for name in fields if name.startswith("line_")] == ["line_0", "line_1"]
    assert fields["line_0"].label == "1. SOCKS"
    assert "up to 3 of 3 pieces, 10.00 EUR together" in fields["line_0"].help_text
    assert "65.00 EUR is left" in fields["amount"].help_text
    refunded(desk, bought, line_0="1", line_1="1")
    fields = desk.get(address("transactions_journal_refund", bought)).context["form"].fields
    assert [name for name in fields if name.startswith("line_")] == ["line_0"]
    assert "up to 2 of 3 pieces, 6.67 EUR together" in fields["line_0"].help_text


def test_pieces_take_their_share_of_the_line_and_no_cent_is_lost(desk, shop, bought):
    before = factories.held(shop.ada)
    shares = [share(refunded(desk, bought, line_0="1")[1])["lines"] for _ in range(3)]
    assert [line["amount"] for (line,) in shares] == [333, 333, 334]
    assert [(line["position"], line["quantity"]) for (line,) in shares] == [(0, 1)] * 3
    assert bought.reversed_amount == 1000
    # Silver: 81 for 65.00 EUR, 68 for 55.00 EUR.
    assert factories.held(shop.ada) == before - 13


def test_lines_and_money_beside_them_come_back_together(desk, shop, bought):
    _, made = refunded(desk, bought, line_1="1", amount="5.00")
    assert share(made) == {"lines": [{"position": 1, "amount": 5000, "quantity": 1}], "amount": 500}
    assert bought.reversed_amount == 5500


def test_everything_that_is_left_comes_back(desk, shop, bought):
    refunded(desk, bought, line_0="2")
    _, made = refunded(desk, bought, everything="on")
    assert (bought.status, bought.reversed_amount) == ("reversed", 6500)
    assert share(made)["lines"] == []


def test_the_preview_says_what_the_refund_then_does(desk, shop, bought):
    before, journals = factories.held(shop.ada), Journal.objects.count()
    first = deed(desk, "transactions_journal_refund", bought, line_1="1", reason="Broken")
    preview = first.context["form"].preview
    assert "Comes back: 1 × SLEDGE (50.00 EUR)." in preview
    assert (factories.held(shop.ada), Journal.objects.count()) == (before, journals)
    shown = first.content.decode()
    assert all(sentence in shown for sentence in preview)
    preview, made = refunded(desk, bought, line_1="1")
    taken = -made.answer["points"]["points"]
    assert taken > 0
    assert factories.held(shop.ada) == before - taken
    assert any(f"Taken back: {taken} Points" in sentence for sentence in preview)
    assert any(f"then has {before - taken} Points" in sentence for sentence in preview)


def test_the_preview_tells_what_is_spent_already(desk, shop):
    who = factories.member(shop.program)
    bought = shop._post(factories.purchase(who, 10000, "order-spent"))
    shop._post(factories.redemption(who, 70, "spend-70"))
    preview, made = refunded(desk, bought, everything="on")
    assert made.answer["unrecovered"]["points"] == 70
    assert "Spent before, so not taken back: 70 Points." in preview


def test_the_preview_tells_what_groups_of_the_member_bear(desk, shop):
    bought = shop._post(factories.purchase(shop.bob, 10000, "order-shared"))
    preview, made = refunded(desk, bought, everything="on")
    assert made.answer["clawback_of_groups"] == {shop.firm.number: {"points": 10}}
    assert "Of these, groups of the member bear: 10 Points." in preview


def test_what_was_not_shown_is_not_agreed_to(desk, shop, bought):
    page = address("transactions_journal_refund", bought)
    form = deed(desk, "transactions_journal_refund", bought, line_0="1", reason="Back").context["form"]
    changed = desk.post(page, {**form.data.dict(), "line_0": "2", "agreed": "on"})
    assert "HX-Redirect" not in changed
    assert "Comes back: 2 ×" in changed.context["form"].preview[0]
    # What happened meanwhile is shown as well.
    shop._post(factories.redemption(shop.ada, 5, "meanwhile"))
    again = desk.post(page, {**changed.context["form"].data.dict(), "agreed": "on"})
    assert "HX-Redirect" not in again
    assert "HX-Redirect" in desk.post(page, {**again.context["form"].data.dict(), "agreed": "on"})
    bought.refresh_from_db()
    assert bought.reversed_amount == 666


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"line_0": "4"}, "line_0"),
        ({"line_0": "-1"}, "line_0"),
        ({"line_0": "1.5"}, "line_0"),
        ({"line_0": "0"}, "amount"),
        ({}, "amount"),
        ({"everything": "on", "line_0": "1"}, "amount"),
        ({"everything": "on", "amount": "1"}, "amount"),
        ({"line_1": "1", "amount": "15.01"}, "amount"),
        ({"amount": "1.999"}, "amount"),
    ],
)
def test_what_cannot_come_back_is_said_at_its_field(desk, shop, bought, fields, field):
    assert field in errors(deed(desk, "transactions_journal_refund", bought, reason="Back", **fields))
    bought.refresh_from_db()
    assert bought.reversed_amount == 0


def test_a_line_that_came_back_over_the_api_is_not_offered_again(desk, shop, bought):
    shop._post(factories.reversal(bought.pk, lines=(Refunded(0, 1000),)))
    fields = desk.get(address("transactions_journal_refund", bought)).context["form"].fields
    assert [name for name in fields if name.startswith("line_")] == ["line_1"]


def test_what_is_sold_by_weight_comes_back_whole(desk, shop):
    bought = shop._post(
        factories.purchase(shop.ada, 700, "order-kilo", lines=(factories.line("CHEESE", 700, quantity=0),))
    )
    _, made = refunded(desk, bought, line_0="1")
    assert share(made)["lines"] == [{"position": 0, "amount": 700, "quantity": 0}]


def test_a_refund_needs_a_reason(desk, shop, bought):
    assert "reason" in errors(deed(desk, "transactions_journal_refund", bought, line_0="1", reason=" "))


def test_the_preview_says_what_the_points_had_paid(desk, shop, bought):
    Currency.objects.filter(program=bought.program, code="points").update(point_value="0.01")
    versions.forget()
    factories.post_one(shop.program, factories.redemption(shop.ada, 10, order=bought.external_id))
    preview, _ = refunded(desk, bought, everything="on")
    assert "They had paid 0.10 EUR: pay out the rest only." in preview


@pytest.fixture
def sent(shop):
    """Two lines at list price of 600.00 and 400.00, 900.00 paid for them, and 10.00 of shipping with 2.00 of tax."""
    lines = (factories.line("A", 60000), factories.line("B", 40000))
    parts = {"shipping": 1000, "shipping_tax": 200, "tax": 200}
    return shop._post(factories.purchase(shop.ada, 91000, "order-sent", lines=lines, **parts))


def test_c2_x5_lines_are_offered_with_what_was_paid_for_them(desk, shop, sent):
    fields = desk.get(address("transactions_journal_refund", sent)).context["form"].fields
    assert fields["line_0"].help_text == "Write 1 when it comes back, for 540.00 EUR."
    preview, made = refunded(desk, sent, line_0="1")
    assert "Comes back: 1 × A (540.00 EUR)." in preview
    assert (share(made)["lines"], sent.reversed_amount) == ([{"position": 0, "amount": 54000, "quantity": 1}], 54000)
    refunded(desk, sent, line_1="1", shipping="10.00")
    assert sent.status == "reversed"


def test_shipping_comes_back_by_its_name_and_takes_nothing_that_it_did_not_give(desk, shop, sent):
    before = factories.held(shop.ada)
    fields = desk.get(address("transactions_journal_refund", sent)).context["form"].fields
    assert fields["shipping"].help_text == "Tax included. 10.00 EUR is left."
    preview, made = refunded(desk, sent, shipping="4.00", shipping_tax="0")
    assert "Comes back: shipping (4.00 EUR)." in preview
    assert "Taken back: no points." in preview
    assert (made.trace["share"]["shipping"], made.trace["share"]["shipping_tax"]) == (400, 0)
    assert (
        "6.00 EUR"
        in desk.get(address("transactions_journal_refund", sent)).context["form"].fields["shipping"].help_text
    )
    refunded(desk, sent, shipping="6.00")
    assert factories.held(shop.ada) == before
    assert "shipping" not in desk.get(address("transactions_journal_refund", sent)).context["form"].fields


def test_shipping_is_not_offered_where_there_is_none(desk, shop, bought):
    fields = desk.get(address("transactions_journal_refund", bought)).context["form"].fields
    assert {"shipping", "shipping_tax"}.isdisjoint(fields)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"shipping": "10.01"}, "shipping"),
        ({"shipping": "0"}, "shipping"),
        ({"shipping": "ten"}, "shipping"),
        ({"shipping": "1", "shipping_tax": "2.01"}, "shipping_tax"),
        ({"everything": "on", "shipping": "1"}, "amount"),
    ],
)
def test_shipping_that_cannot_come_back_is_said_at_its_field(desk, shop, sent, fields, field):
    assert field in errors(deed(desk, "transactions_journal_refund", sent, reason="Back", **fields))
    sent.refresh_from_db()
    assert sent.reversed_amount == 0
