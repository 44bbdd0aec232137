"""The owner's systems add codes to the list of a promotion, and tills ask for one of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from programs.models import PromotionCode
from tests.support.promoting import day, promotion, uses

pytestmark = pytest.mark.django_db
OFFERS = "programs/club/promotions/"


def add(shop, codes, **options):
    return shop.post(f"{OFFERS}spring/codes/", {"codes": codes}, **options)


def can_use(shop, code):
    answer = shop.get(f"{OFFERS}spring/codes/{code}/")
    assert answer.status_code == 200
    assert set(answer.said) == {"code", "can_be_used"}
    return answer.said["can_be_used"]


def test_codes_are_added_each_for_itself(shop, club):
    promotion(club, uses_per_code=1)
    PromotionCode.objects.create(promotion=club.promotions.get(), code="OLD")
    answer = add(shop, [" ab12", "old", "", "AB12", 7, None, "x" * 65, "ß" * 40, "CD34", "a\u202eb"])
    told = [(one["code"], one["status"], one["reason"]) for one in answer.said["results"]]
    assert told == [
        ("AB12", "added", ""),
        ("OLD", "known", ""),
        ("", "refused", "field_missing"),
        ("", "refused", "duplicate_in_batch"),
        ("", "refused", "invalid_type"),
        ("", "refused", "invalid_type"),
        ("", "refused", "text_too_long"),
        ("", "refused", "text_too_long"),
        ("CD34", "added", ""),
        ("", "refused", "invalid_text"),
    ]
    assert "place 0" in answer.said["results"][3]["detail"]
    assert [answer.said[name] for name in ("added", "known", "refused")] == [2, 1, 7]
    assert uses("spring") == {"OLD": 0, "AB12": 0, "CD34": 0}


def test_codes_that_are_sent_again_are_known(shop, club):
    promotion(club, uses_per_code=1)
    assert add(shop, ["A1", "B2"], idempotency_key="k-1").said["added"] == 2
    assert add(shop, ["A1", "B2"], idempotency_key="k-1").said["added"] == 2
    assert add(shop, ["A1", "B2"]).said["known"] == 2
    assert len(uses("spring")) == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"codes": []}, "field_missing"),
        ({"codes": "A1"}, "invalid_type"),
        ({}, "field_missing"),
        ({"codes": ["A1"] * 1001}, "too_many_items"),
    ],
)
def test_a_list_of_codes_that_is_none_is_refused(shop, club, body, code):
    promotion(club, uses_per_code=1)
    answer = shop.post(f"{OFFERS}spring/codes/", body)
    assert (answer.status_code, answer.said["errors"][0]["code"]) == (400, code)
    assert answer.said["errors"][0]["pointer"] == "#/codes"


def test_a_thousand_codes_cost_as_few_statements_as_ten(shop, club):
    promotion(club, uses_per_code=1)
    add(shop, ["WARM"])
    with CaptureQueriesContext(connection) as ten:
        add(shop, [f"A{number}" for number in range(10)])
    with CaptureQueriesContext(connection) as thousand:
        assert add(shop, [f"B{number}" for number in range(1000)]).said["added"] == 1000
    # SQLite takes fewer values in one statement.
    assert len(thousand) <= len(ten) + 6


def test_only_the_owner_adds_codes_and_only_where_there_is_a_list(shop, cafe, club):
    offer = promotion(club, uses_per_code=1)
    answer = add(cafe, ["A1"])
    assert (answer.status_code, answer.said["code"]) == (403, "owner_only")
    offer.uses_per_code = 0
    offer.save()
    answer = add(shop, ["A1"])
    assert (answer.status_code, answer.said["code"]) == (409, "promotion_without_codes")
    assert not PromotionCode.objects.exists()


def test_whether_a_code_can_be_used_is_all_that_is_told_of_it(shop, cafe, club):
    offer = promotion(club, uses_per_code=2)
    PromotionCode.objects.create(promotion=offer, code="AB12", used=1)
    PromotionCode.objects.create(promotion=offer, code="CD34", used=2)
    assert [can_use(shop, code) for code in ("ab12", "CD34", "none", "x" * 80)] == [True, False, False, False]
    assert can_use(cafe, "AB12")
    offer.starts_on = day(2)
    offer.save()
    assert not can_use(shop, "AB12")
