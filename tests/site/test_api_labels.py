"""What senders say of a line: rules ask it, refunds see it again, and whoever reads the transaction is told."""

import pytest

from tests.support import factories
from tests.support.api_life import bought, purchase
from tests.support.factories import held

SALE = {"sku": "A", "amount": "60.00", "labels": ["sale", "last"], "attributes": {"size": 42, "gift": True}}
USUAL = {"sku": "B", "amount": "40.00"}


@pytest.fixture
def no_sale(club):
    """Three points for each euro that is not of goods on sale."""
    return factories.rule(
        club,
        "no-sale",
        "per_amount",
        {"points": "3", "per": "1"},
        group="g",
        conditions={"not": {"labels": ["sale"]}},
    )


def test_goods_on_sale_are_left_out_and_a_refund_sees_the_same(shop, ada, no_sale):
    id = bought(shop, lines=[SALE, USUAL])
    assert held(ada) == 100 + 3 * 40
    back = {"external_id": "r-1", "lines": [{"position": 0, "amount": "60.00", "quantity": 1}]}
    assert shop.post(f"transactions/{id}/reversal/", back).said["clawback"]["points"] == 60
    rest = {"external_id": "r-2", "lines": [{"position": 1, "amount": "40.00", "quantity": 1}]}
    assert shop.post(f"transactions/{id}/reversal/", rest).said["clawback"]["points"] == 40 + 120


def test_what_was_said_of_a_line_is_told_with_it(shop, ada):
    told = shop.get(f"transactions/{bought(shop, lines=[SALE, USUAL])}/").said["lines"]
    assert [(line["labels"], line["attributes"]) for line in told] == [
        (["sale", "last"], {"size": 42, "gift": True}),
        ([], {}),
    ]


def test_rules_ask_attributes_of_lines_and_of_the_activity(shop, club, ada):
    given = {"line_attributes": {"size": [42]}, "attributes": {"cabin": ["first"]}}
    factories.rule(club, "a", "per_amount", {"points": "1", "per": "1"}, group="a", conditions=given)
    bought(shop, lines=[SALE, USUAL], attributes={"cabin": "first"})
    bought(shop, "order-2", lines=[SALE, USUAL], attributes={"cabin": "economy"})
    assert held(ada) == 2 * 100 + 60


def test_another_label_is_another_fact(shop, ada):
    body = purchase(lines=[SALE, USUAL])
    assert shop.post("transactions/", body).status_code == 201
    assert shop.post("transactions/", body).said["status"] == "replayed"
    body["lines"][0] = SALE | {"labels": ["sale"]}
    assert shop.post("transactions/", body).said["code"] == "idempotency_conflict"


WRONG = [
    ({"labels": "sale"}, "labels", "invalid_type"),
    ({"labels": ["x"] * 21}, "labels", "too_many_items"),
    ({"labels": ["x" * 1_000]}, "labels/0", "text_too_long"),
    ({"labels": ["fine", ""]}, "labels/1", "field_missing"),
    ({"labels": [" "]}, "labels/0", "invalid_text"),
    ({"labels": [7]}, "labels/0", "invalid_type"),
    ({"attributes": ["size"]}, "attributes", "invalid_type"),
    ({"attributes": {"x": "y" * 1_000}}, "attributes", "invalid_attributes"),
]


@pytest.mark.parametrize(("said", "pointer", "code"), WRONG)
def test_what_cannot_be_said_of_a_line_is_refused_at_its_place(shop, nothing_written, said, pointer, code):
    answer = shop.post("transactions/", purchase(lines=[SALE | said]))
    (error,) = answer.said["errors"]
    assert (error["pointer"], error["code"]) == (f"#/lines/0/{pointer}", code)


def test_a_program_says_its_rules_in_words(shop, club, no_sale):
    rules = {rule["code"]: rule["sentence"] for rule in shop.get(f"programs/{club.code}/").said["rules"]}
    assert rules["no-sale"] == "Members earn 3 points per EUR, not on lines labelled sale."
