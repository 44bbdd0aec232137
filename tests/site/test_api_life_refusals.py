"""What cannot be in the life of a point gets a clear 4xx with its place over HTTP, and writes nothing."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from members.models import Card
from programs.models import Currency
from tests.support import factories
from tests.support.api_caller import Caller
from transactions.models import Journal

pytestmark = pytest.mark.django_db

ADA, BOB = {"card": "C-1815"}, {"card": "C-1854"}
SOON = (timezone.now() + timedelta(days=1)).isoformat()
NAMED = {"external_id": "new"}
GIFT = NAMED | {"member": ADA, "to": BOB, "points": 10}
BY_HAND = NAMED | {"member": ADA, "points": 10, "reason": "Late parcel"}
SPEND = NAMED | {"member": ADA, "points": 10}
BUY = NAMED | {"activity": "purchase", "member": ADA, "amount": "10.00"}


@pytest.fixture
def club():
    club = factories.program("club", owner=factories.partner("shop"))
    Currency.objects.filter(program=club, code="points").update(transfers=True, transfer_min=5, transfer_max=50)
    type(club).touch(club.pk)
    return club


@pytest.fixture
def shop(club):
    """Its journals by what became of them."""
    shop = Caller(club.owner)
    for card in ("C-1815", "C-1854"):
        Card.objects.create(member=factories.member(club), number=card)
    ids = {}

    def post(name, path, body):
        answer = shop.post(path.format(**ids), body)
        assert answer.status_code < 300, answer.said
        ids[name] = answer.said["id"]

    lines = [{"quantity": 1, "amount": "60.00"}, {"quantity": 2, "amount": "40.00"}]
    post("order", "transactions/", BUY | {"external_id": "order", "amount": "100.00", "lines": lines})
    post("returned", "transactions/", BUY | {"external_id": "returned"})
    post("refund", "transactions/{returned}/reversal/", {})
    post("held", "transactions/", BUY | {"external_id": "held", "hold": "Odd"})
    post("spent", "redemptions/", SPEND | {"external_id": "spent"})
    for name in ("open", "confirmed", "released"):
        post(name, "redemptions/", SPEND | {"external_id": name, "reserve_s": 900})
    shop.post(f"redemptions/{ids['confirmed']}/confirm/")
    shop.post(f"redemptions/{ids['released']}/release/")
    shop.ids = ids
    return shop


def rows():
    """Everything that is stored, but when the key was last used."""
    models = [
        model for app in ("programs", "members", "transactions") for model in apps.get_app_config(app).get_models()
    ]
    return {model._meta.label: list(model._base_manager.order_by("pk").values_list()) for model in models}


#: Address, body -> status, code of the problem, pointer (None: the address itself is meant).
REFUSED = [
    # refunds
    ("transactions/{order}/reversal/", NAMED | {"amount": "100.01"}, 409, "refund_too_large", "#/amount"),
    (
        "transactions/{order}/reversal/",
        NAMED | {"lines": [{"position": 2, "amount": "1"}]},
        409,
        "refund_too_large",
        "#/lines/0/position",
    ),
    (
        "transactions/{order}/reversal/",
        NAMED | {"lines": [{"position": 0, "amount": "60.01"}]},
        409,
        "refund_too_large",
        "#/lines/0",
    ),
    (
        "transactions/{order}/reversal/",
        NAMED | {"lines": [{"position": 1, "amount": "1", "quantity": 3}]},
        409,
        "refund_too_large",
        "#/lines/0",
    ),
    (
        "transactions/{order}/reversal/",
        NAMED | {"lines": [{"position": 0, "amount": "40"}, {"position": 0, "amount": "40"}]},
        409,
        "refund_too_large",
        "#/lines/1",
    ),
    ("transactions/{order}/reversal/", NAMED | {"amount": "0"}, 422, "refund_empty", "#/amount"),
    (
        "transactions/{order}/reversal/",
        NAMED | {"lines": [{"position": 0, "amount": "0.00"}]},
        422,
        "refund_empty",
        "#/lines",
    ),
    ("transactions/{order}/reversal/", NAMED | {"lines": []}, 400, "validation_failed", "#/lines"),
    (
        "transactions/{order}/reversal/",
        NAMED | {"lines": [{"position": 0}]},
        400,
        "validation_failed",
        "#/lines/0/amount",
    ),
    (
        "transactions/{order}/reversal/",
        NAMED | {"lines": [{"position": -1, "amount": "1"}]},
        400,
        "validation_failed",
        "#/lines/0/position",
    ),
    ("transactions/{order}/reversal/", {"amount": "1.00"}, 400, "validation_failed", "#/external_id"),
    ("transactions/{order}/reversal/", NAMED | {"amount": "-1.00"}, 400, "validation_failed", "#/amount"),
    ("transactions/{order}/reversal/", NAMED | {"amount": "1.001"}, 400, "validation_failed", "#/amount"),
    ("transactions/{order}/reversal/", NAMED | {"points": 5}, 422, "wrong_measure", "#/points"),
    ("transactions/{order}/reversal/", NAMED | {"mode": "guess"}, 400, "validation_failed", "#/mode"),
    (
        "transactions/{order}/reversal/",
        NAMED | {"keeps_redemption": "yes"},
        400,
        "validation_failed",
        "#/keeps_redemption",
    ),
    (
        "transactions/{order}/reversal/",
        NAMED | {"keeps_redemption": 1},
        400,
        "validation_failed",
        "#/keeps_redemption",
    ),
    ("transactions/{order}/reversal/", NAMED | {"activity_at": SOON}, 422, "invalid_date", "#/activity_at"),
    ("transactions/{refund}/reversal/", NAMED, 409, "not_reversible", None),
    ("transactions/{returned}/reversal/", NAMED, 409, "not_reversible", None),
    ("transactions/{held}/reversal/", NAMED, 409, "not_reversible", None),
    ("transactions/{open}/reversal/", NAMED, 409, "not_reversible", None),
    ("transactions/{released}/reversal/", NAMED, 409, "not_reversible", None),
    ("transactions/{spent}/reversal/", NAMED | {"points": 11}, 409, "refund_too_large", "#/points"),
    ("transactions/{spent}/reversal/", NAMED | {"points": 0}, 400, "validation_failed", "#/points"),
    ("transactions/{spent}/reversal/", NAMED | {"amount": "1.00"}, 422, "wrong_measure", "#/amount"),
    ("transactions/999999/reversal/", NAMED, 404, "transaction_unknown", None),
    ("reversals/", NAMED | {"order": "order", "amount": "100.01"}, 409, "refund_too_large", "#/amount"),
    ("reversals/", NAMED | {"order": "returned"}, 409, "not_reversible", "#/order"),
    ("reversals/", NAMED | {"order": "order", "currency": "USD"}, 422, "wrong_measure", "#/currency"),
    ("reversals/", NAMED | {"order": "later", "currency": "usd"}, 422, "currency_unknown", "#/currency"),
    ("reversals/", NAMED | {"order": "order", "currency": 7}, 400, "validation_failed", "#/currency"),
    ("reversals/", NAMED | {"order": "order", "points": 5}, 400, "validation_failed", "#/points"),
    ("reversals/", NAMED | {"order": "order", "activity_at": SOON}, 422, "invalid_date", "#/activity_at"),
    ("reversals/", NAMED | {"order": "later", "activity_at": SOON}, 422, "invalid_date", "#/activity_at"),
    ("reversals/", NAMED | {"order": ""}, 400, "validation_failed", "#/order"),
    ("reversals/", NAMED | {"order": "a\0"}, 400, "validation_failed", "#/order"),
    ("reversals/", NAMED | {"order": ["order"]}, 400, "validation_failed", "#/order"),
    ("reversals/", NAMED, 400, "validation_failed", "#/order"),
    ("reversals/", {"order": "order"}, 400, "validation_failed", "#/external_id"),
    ("reversals/", [], 400, "validation_failed", "#"),
    # reservations
    ("redemptions/{released}/confirm/", {}, 409, "not_reserved", None),
    ("redemptions/{confirmed}/release/", {}, 409, "not_reserved", None),
    ("redemptions/{spent}/confirm/", {}, 409, "not_reserved", None),
    ("redemptions/{spent}/release/", {}, 409, "not_reserved", None),
    ("redemptions/{order}/confirm/", {}, 409, "not_reserved", None),
    ("redemptions/{refund}/release/", {}, 409, "not_reserved", None),
    ("redemptions/{open}/confirm/", {"activity_at": SOON}, 422, "invalid_date", "#/activity_at"),
    ("redemptions/{open}/confirm/", {"deed": "release"}, 400, "validation_failed", "#/deed"),
    ("redemptions/999999/confirm/", {}, 404, "transaction_unknown", None),
    ("redemptions/99999999999999999999999/release/", {}, 404, "transaction_unknown", None),
    ("redemptions/", SPEND | {"reserve_s": -1}, 400, "validation_failed", "#/reserve_s"),
    ("redemptions/", SPEND | {"reserve_s": 604801}, 400, "validation_failed", "#/reserve_s"),
    ("redemptions/", SPEND | {"reserve_s": "900"}, 400, "validation_failed", "#/reserve_s"),
    ("redemptions/", SPEND | {"basket": "-1"}, 400, "validation_failed", "#/basket"),
    ("redemptions/", SPEND | {"order": "x" * 129}, 400, "validation_failed", "#/order"),
    ("redemptions/", SPEND | {"by": {"card": "C-0"}}, 404, "member_unknown", "#/by/card"),
    ("redemptions/", SPEND | {"by": BOB}, 403, "not_allowed", "#/by"),
    ("redemptions/", SPEND | {"by": 7}, 400, "validation_failed", "#/by"),
    ("redemptions/", SPEND | {"points": 71}, 409, "insufficient_points", "#/points"),
    ("redemptions/", SPEND | {"activity_at": SOON}, 422, "invalid_date", "#/activity_at"),
    # gifts
    ("transfers/", GIFT | {"to": ADA}, 409, "not_transferable", "#/to"),
    ("transfers/", GIFT | {"to": {"card": "C-0"}}, 404, "member_unknown", "#/to/card"),
    ("transfers/", GIFT | {"to": {}}, 400, "validation_failed", "#/to"),
    ("transfers/", GIFT | {"to": None}, 400, "validation_failed", "#/to"),
    ("transfers/", GIFT | {"points": 0}, 400, "validation_failed", "#/points"),
    ("transfers/", GIFT | {"points": 4}, 409, "not_transferable", "#/points"),
    ("transfers/", GIFT | {"points": 51}, 409, "not_transferable", "#/points"),
    ("transfers/", GIFT | {"member": BOB, "to": ADA}, 409, "insufficient_points", "#/points"),
    ("transfers/", GIFT | {"currency": "status"}, 422, "currency_unknown", "#/currency"),
    ("transfers/", GIFT | {"activity_at": SOON}, 422, "invalid_date", "#/activity_at"),
    # by hand
    ("adjustments/", BY_HAND | {"reason": ""}, 400, "validation_failed", "#/reason"),
    ("adjustments/", BY_HAND | {"reason": "  "}, 400, "validation_failed", "#/reason"),
    ("adjustments/", BY_HAND | {"reason": None}, 400, "validation_failed", "#/reason"),
    ("adjustments/", BY_HAND | {"points": 0}, 400, "validation_failed", "#/points"),
    ("adjustments/", BY_HAND | {"points": 1.5}, 400, "validation_failed", "#/points"),
    ("adjustments/", BY_HAND | {"points": -1000}, 409, "insufficient_points", "#/points"),
    ("adjustments/", BY_HAND | {"currency": "miles"}, 422, "currency_unknown", "#/currency"),
    ("adjustments/", BY_HAND | {"activity_at": SOON}, 422, "invalid_date", "#/activity_at"),
    # orders
    ("transactions/", BUY | {"replaces": "later"}, 422, "order_unknown", "#/replaces"),
    ("transactions/", BUY | {"replaces": "returned"}, 422, "order_unknown", "#/replaces"),
    ("transactions/", BUY | {"replaces": "held"}, 422, "order_unknown", "#/replaces"),
    ("transactions/", BUY | {"replaces": "order", "member": BOB}, 422, "order_unknown", "#/replaces"),
    ("transactions/", BUY | {"order": 7}, 400, "validation_failed", "#/order"),
    ("transactions/", BUY | {"hold": True}, 400, "validation_failed", "#/hold"),
    ("transactions/", BUY | {"activity_at": SOON}, 422, "invalid_date", "#/activity_at"),
    ("transactions/", BUY | {"activity_at": SOON, "hold": "Odd"}, 422, "invalid_date", "#/activity_at"),
    ("transactions/", BUY | {"currency": "usd"}, 422, "currency_unknown", "#/currency"),
]


def test_what_cannot_be_is_refused_and_writes_nothing(shop):
    before, wrong = rows(), []
    for path, body, status, code, pointer in REFUSED:
        answer = shop.post(path.format(**shop.ids), body)
        told = answer.status_code, answer.said.get("code"), answer.said.get("errors", [{}])[0].get("pointer")
        if told != (status, code, pointer):
            wrong.append(f"{path} {body} was answered {told}")
    assert not wrong, "\n".join(wrong)
    assert rows() == before


def test_a_name_that_another_refund_has(shop):
    path = f"transactions/{shop.ids['order']}/reversal/"
    assert shop.post(path, NAMED | {"amount": "10.00"}).status_code == 201
    before = rows()
    answer = shop.post(path, NAMED | {"amount": "11.00"})
    assert (answer.status_code, answer.said["code"]) == (409, "idempotency_conflict")
    assert rows() == before


def test_nothing_is_left_of_an_order_that_came_back_in_parts(shop):
    path = f"transactions/{shop.ids['order']}/reversal/"
    for name in ("a", "b"):
        shop.post(path, {"external_id": name, "amount": "50.00"})
    answer = shop.post(path)
    assert (answer.status_code, answer.said["code"]) == (409, "not_reversible")
    assert Journal.objects.get(pk=shop.ids["order"]).status == "reversed"
