"""Every bad input gets a clear 4xx with the place and what to do, and writes nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from loyalty_site.lib.strict_json import DEEPEST
from members.models import Card, Member
from tests.support import factories

pytestmark = pytest.mark.usefixtures("nothing_written")

HUGE = "x" * 1_000_000


@pytest.fixture
def ada(club):
    member = factories.member(club, email="ada@example.com", enrolled_at=timezone.now() - timedelta(days=9))
    Card.objects.create(member=member, number="C-1815")
    return member


def purchase(**fields):
    return {
        "activity": "purchase",
        "external_id": "order-1",
        "member": {"card": "C-1815"},
        "amount": "10.00",
    } | fields


def without(name):
    return {key: value for key, value in purchase().items() if key != name}


def nested(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


#: What is sent -> status, code of the problem, pointer and code of the (first) error.
TRANSACTIONS = [
    # members
    (purchase(member={"number": "4711"}), 404, "member_unknown", "#/member/number", "member_unknown"),
    (purchase(member={}), 400, "validation_failed", "#/member", "member_missing"),
    (purchase(member="C-1815"), 400, "validation_failed", "#/member", "invalid_type"),
    (purchase(member=["C-1815"]), 400, "validation_failed", "#/member", "invalid_type"),
    (purchase(member={"card": 1815}), 400, "validation_failed", "#/member/card", "invalid_type"),
    (purchase(member={"card": HUGE}), 400, "validation_failed", "#/member/card", "text_too_long"),
    (purchase(member={"nick": "ada"}), 400, "validation_failed", "#/member/nick", "unknown_field"),
    (without("member"), 400, "validation_failed", "#/member", "field_missing"),
    # dates
    (purchase(activity_at="2999-01-01T00:00:00Z"), 400, "validation_failed", "#/activity_at", "invalid_instant"),
    (purchase(activity_at="2150-01-01T00:00:00Z"), 422, "invalid_date", "#/activity_at", "invalid_date"),
    (purchase(activity_at="1999-01-01T00:00:00Z"), 422, "invalid_date", "#/activity_at", "invalid_date"),
    (purchase(activity_at="2026-03-09"), 400, "validation_failed", "#/activity_at", "invalid_instant"),
    (purchase(activity_at="2026-03-09T10:00:00"), 400, "validation_failed", "#/activity_at", "invalid_instant"),
    (purchase(activity_at="2026-02-30T10:00:00Z"), 400, "validation_failed", "#/activity_at", "invalid_instant"),
    (purchase(activity_at="0001-01-01T00:00:00+14:00"), 400, "validation_failed", "#/activity_at", "invalid_instant"),
    (purchase(activity_at="٢٠٢٦-03-09T10:00:00Z"), 400, "validation_failed", "#/activity_at", "invalid_instant"),
    (purchase(activity_at=1773076200), 400, "validation_failed", "#/activity_at", "invalid_instant"),
    # money and currencies
    (purchase(currency="euros"), 400, "validation_failed", "#/currency", "text_too_long"),
    (purchase(currency="eu"), 422, "currency_unknown", "#/currency", "currency_unknown"),
    (purchase(amount="-1.00"), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount=-1), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount="ten"), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount="10,00"), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount="10.001"), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount="NaN"), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount="1e309"), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount=10**30), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount=str(10**30)), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount="١٢"), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount=HUGE), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount=True), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(amount=[10]), 400, "validation_failed", "#/amount", "invalid_number"),
    (purchase(tax="11.00"), 400, "validation_failed", "#/amount", "invalid_amount"),
    (purchase(shipping_tax="1.00"), 400, "validation_failed", "#/shipping_tax", "invalid_amount"),
    # texts
    (purchase(external_id=""), 400, "validation_failed", "#/external_id", "field_missing"),
    (purchase(external_id=None), 400, "validation_failed", "#/external_id", "field_missing"),
    (without("external_id"), 400, "validation_failed", "#/external_id", "field_missing"),
    (purchase(external_id="a\0b"), 400, "validation_failed", "#/external_id", "invalid_text"),
    (purchase(external_id="\ud800"), 400, "validation_failed", "#/external_id", "invalid_text"),
    (purchase(external_id=HUGE), 400, "validation_failed", "#/external_id", "text_too_long"),
    (purchase(external_id=7), 400, "validation_failed", "#/external_id", "invalid_type"),
    (purchase(external_id=7.5), 400, "validation_failed", "#/external_id", "invalid_type"),
    (purchase(activity=""), 400, "validation_failed", "#/activity", "field_missing"),
    (without("activity"), 400, "validation_failed", "#/activity", "field_missing"),
    (purchase(channel="\0"), 400, "validation_failed", "#/channel", "invalid_text"),
    (purchase(store="nowhere"), 422, "store_unknown", "#/store", "store_unknown"),
    (purchase(partner="nobody"), 422, "partner_unknown", "#/partner", "partner_unknown"),
    # fields and types
    (purchase(points=10), 400, "validation_failed", "#/points", "unknown_field"),
    (purchase(**{HUGE: 1}), 400, "validation_failed", "#/…", "unknown_field"),
    (purchase(**{"\ud800": 1}), 400, "validation_failed", "#/…", "unknown_field"),
    (purchase(attributes=[1]), 400, "validation_failed", "#/attributes", "invalid_type"),
    (purchase(attributes={"a": "\0"}), 400, "validation_failed", "#/attributes", "invalid_attributes"),
    (purchase(attributes={"a": "\udfff"}), 400, "validation_failed", "#/attributes", "invalid_attributes"),
    (purchase(attributes={"a": HUGE}), 400, "validation_failed", "#/attributes", "invalid_attributes"),
    (purchase(attributes={"a": nested(DEEPEST)}), 400, "invalid_json", None, None),
    (purchase(lines={}), 400, "validation_failed", "#/lines", "invalid_type"),
    (purchase(lines=[{"quantity": -1}]), 400, "validation_failed", "#/lines/0/quantity", "invalid_number"),
    (purchase(lines=[{}, {"quantity": 1.0005}]), 400, "validation_failed", "#/lines/1/quantity", "invalid_number"),
    (purchase(lines=[{"sku": "a", "price": 1}]), 400, "validation_failed", "#/lines/0/price", "unknown_field"),
    (purchase(lines=[7]), 400, "validation_failed", "#/lines/0", "invalid_type"),
    (purchase(lines=[{}] * 1001), 400, "validation_failed", "#/lines", "too_many_items"),
    (7, 400, "validation_failed", "#", "invalid_type"),
    ("text", 400, "validation_failed", "#", "invalid_type"),
    ([], 400, "validation_failed", "#", "batch_empty"),
    ([purchase()] * 1001, 413, "batch_too_large", None, None),
]


@pytest.mark.parametrize(("body", "status", "code", "pointer", "error"), TRANSACTIONS)
def test_a_bad_transaction(shop, body, status, code, pointer, error):
    for key in (None, "k"):
        if (
            error in ("member_unknown", "invalid_date", "store_unknown", "partner_unknown", "currency_unknown")
            and key
        ):
            # A refusal on business grounds is an answer, and would be kept.
            continue
        answer = shop.post("transactions/", body, idempotency_key=key)
        assert (answer.status_code, answer.said["code"]) == (status, code), answer.said
        assert len(answer.content) < 20_000
        if pointer:
            first = answer.said["errors"][0]
            assert first["pointer"] == pointer
            assert first["code"] == error
            assert first["detail"]


REDEMPTIONS = [
    ({"points": 10}, 409, "insufficient_points", "#/points"),
    ({"points": 0}, 400, "validation_failed", "#/points"),
    ({"points": -5}, 400, "validation_failed", "#/points"),
    ({"points": "5"}, 400, "validation_failed", "#/points"),
    ({"points": 5.0}, 400, "validation_failed", "#/points"),
    ({"points": 10**30}, 400, "validation_failed", "#/points"),
    ({"points": None}, 400, "validation_failed", "#/points"),
    ({"points": 5, "currency": "miles"}, 422, "currency_unknown", "#/currency"),
    ({"points": 5, "currency": "status"}, 422, "currency_unknown", "#/currency"),
    ({"points": 5, "amount": "1"}, 400, "validation_failed", "#/amount"),
    ({"points": 5, "member": {"phone": "+33999999999"}}, 404, "member_unknown", "#/member/phone"),
]


@pytest.mark.parametrize(("fields", "status", "code", "pointer"), REDEMPTIONS)
def test_a_bad_redemption(shop, fields, status, code, pointer):
    answer = shop.post("redemptions/", {"external_id": "r", "member": {"card": "C-1815"}} | fields)
    assert (answer.status_code, answer.said["code"]) == (status, code)
    assert answer.said["errors"][0]["pointer"] == pointer


ENROLMENTS = [
    ({"email": "no address"}, 400, "#/email", "invalid_value"),
    ({"email": "ADA@example.com"}, 409, "#/email", "already_member"),
    ({"phone": "0612345678"}, 400, "#/phone", "invalid_value"),
    ({"birth_date": "1984-02-30"}, 400, "#/birth_date", "invalid_day"),
    ({"birth_date": "2150-01-01"}, 400, "#/birth_date", "invalid_day"),
    ({"kind": "company"}, 400, "#", "invalid_value"),
    ({"kind": "robot"}, 400, "#/kind", "invalid_choice"),
    ({"language": "English!"}, 400, "#/language", "invalid_value"),
    ({"cards": ["C-1815"]}, 409, "#/cards", "already_member"),
    ({"cards": ["C_1"]}, 400, "#/cards/0", "invalid_text"),
    ({"cards": "C-1"}, 400, "#/cards", "invalid_type"),
    ({"cards": [""]}, 400, "#/cards/0", "field_missing"),
    ({"home_store": "nowhere"}, 422, "#/home_store", "store_unknown"),
    ({"channel": "import"}, 400, "#/channel", "invalid_choice"),
    ({"number": "123"}, 400, "#/number", "unknown_field"),
    ({"first_name": "a\0"}, 400, "#/first_name", "invalid_text"),
    ({"first_name": HUGE}, 400, "#/first_name", "text_too_long"),
    ([], 400, "#", "invalid_type"),
]


@pytest.mark.parametrize(("body", "status", "pointer", "code"), ENROLMENTS)
def test_a_bad_enrolment(shop, body, status, pointer, code):
    answer = shop.post("members/", body)
    assert answer.status_code == status, answer.said
    assert (answer.said["errors"][0]["pointer"], answer.said["errors"][0]["code"]) == (pointer, code)


QUERIES = [
    ("members/lookup/", {}, 400, "number"),
    ("members/lookup/", {"name": "Ada"}, 400, "name"),
    ("members/lookup/", {"email": "nobody@example.com"}, 404, "email"),
    ("members/lookup/", {"email": "a\0b"}, 400, "email"),
    ("members/lookup/", {"card": "x" * 500}, 400, "card"),
    ("members/1234567897/", {}, 404, None),
    ("transactions/", {"kind": "gift"}, 400, "kind"),
    ("transactions/", {"stauts": "reversed"}, 400, "stauts"),
    ("transactions/", {"member": "1\0"}, 400, "member"),
    ("transactions/", {"activity_from": "yesterday"}, 400, "activity_from"),
    ("transactions/", {"activity_from": "9999-12-31T23:59:59-14:00"}, 400, "activity_from"),
    ("transactions/", {"page_size": "0"}, 400, "page_size"),
    ("transactions/", {"page_size": "501"}, 400, "page_size"),
    ("transactions/", {"page_size": "many"}, 400, "page_size"),
    ("transactions/", {"cursor": "nonsense"}, 400, "cursor"),
    ("transactions/", {"cursor": "cD1hYmM="}, 400, "cursor"),
    ("transactions/", {"cursor": "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5"}, 400, "cursor"),
    ("transactions/99/", {}, 404, None),
    ("transactions/99999999999999999999999/", {}, 404, None),
    ("entries/", {"transaction": "99999999999999999999999"}, 400, "transaction"),
    ("entries/", {"transaction": "x"}, 400, "transaction"),
    ("programs/", {"page": "2"}, 400, "page"),
    ("programs/none/", {}, 404, None),
    ("transactions", {}, 404, None),
    ("nothing/", {}, 404, None),
]


@pytest.mark.parametrize(("path", "query", "status", "parameter"), QUERIES)
def test_a_bad_question(shop, path, query, status, parameter):
    answer = shop.get(path, **query)
    assert answer.status_code == status, answer.said
    if parameter:
        assert answer.said["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\t", "é"])
def test_an_idempotency_key_that_cannot_be_kept(shop, key):
    answer = shop.post("transactions/", purchase(), idempotency_key=key)
    assert (answer.status_code, answer.said["errors"][0]["header"]) == (400, "Idempotency-Key")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "transactions/"), ("DELETE", "members/1/"), ("OPTIONS", "entries/")]
)
def test_a_method_that_is_not_there(shop, method, path):
    answer = shop.call(method, path)
    assert (answer.status_code, answer.said["code"]) == (405, "method_not_allowed")
    assert answer["Allow"]


def test_dry_run_is_0_or_1(shop):
    answer = shop.post("transactions/", purchase(), dry_run="yes")
    assert (answer.status_code, answer.said["errors"][0]["parameter"]) == (400, "dry_run")


@pytest.mark.parametrize("status", ["draft", "paused", "closed"])
def test_a_program_that_takes_nothing(shop, club, status):
    club.status = status
    club.save()
    for path, body in (("transactions/", purchase()), ("members/", {"first_name": "Bo"})):
        answer = shop.post(path, body, program="club")
        assert (answer.status_code, answer.said["code"]) == (409, "program_not_active")
    assert shop.post("transactions/", purchase()).said["code"] == "program_missing"


def test_a_member_who_is_not_active(shop, ada):
    Member.objects.update(status="suspended")
    answer = shop.post("transactions/", purchase())
    assert (answer.status_code, answer.said["code"]) == (409, "member_not_active")


def test_a_transaction_that_is_not_there_cannot_be_taken_back(shop):
    answer = shop.post("transactions/7/reversal/", {})
    assert (answer.status_code, answer.said["code"]) == (404, "transaction_unknown")
    assert shop.post("transactions/7/reversal/", {"pints": 7}).said["errors"][0]["pointer"] == "#/pints"
