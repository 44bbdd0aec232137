"""A till asks what a basket would earn and what may be redeemed on it, and nothing is written for the answer."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.models import Member
from partners.models import KeptAnswer
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.api_life import bought, purchase, put, rate
from tests.support.capped import cap
from tests.support.discounted import off
from tests.support.merging import join

PATH = "programs/club/quotes/"
#: Of a quote for a member, in a program without caps.
STATEMENTS = {"postgresql": 8, "sqlite": 8}


def basket(amount="100.00", **fields):
    return {"member": {"card": "C-1815"}, "amount": amount} | fields


def ask(shop, *args, **fields):
    answer = shop.post(PATH, basket(*args, **fields))
    assert answer.status_code == 200, answer.said
    return answer.said


@pytest.fixture
def rich(shop, club, ada):
    """Ada has 600 points, worth a cent each, and silver."""
    put(club, point_value="0.01")
    bought(shop, "order-0", amount="600.00")
    return ada


def test_it_tells_what_is_earned_and_by_which_rule(shop, rich):
    told = ask(shop)
    assert (told["status"], told["id"], told["detail"]) == ("computed", None, "")
    assert told["member"] == {"number": rich.number, "merged_from": None}
    points, status = told["earns"]
    assert (points["currency"], points["points"], points["desired_points"]) == ("points", 125, 125)
    assert points["rules"] == [
        {
            "rule": "spend",
            "name": "Spend",
            "points": 125,
            "sentence": "“Spend” (rule spend, version 1) gave 125 Points: exactly 100, times 1.25 by “Multiplier” "
            "(rule multiplier, version 1).",
        }
    ]
    assert points["expires_at"]
    assert not points["cuts"]
    assert (status["currency"], status["points"], status["expires_at"]) == ("status", 100, None)


def test_it_tells_which_tier_is_reached_and_what_is_missing_to_the_next(shop, rich):
    [tier] = ask(shop)["tiers"]
    assert (tier["before"], tier["after"], tier["to_next"]["points"]) == ("silver", "silver", 300)
    [tier] = ask(shop, "400.00")["tiers"]
    assert (tier["before"], tier["after"], tier["to_next"]) == ("silver", "gold", None)


def test_it_tells_how_many_points_may_pay_and_what_is_earned_then(shop, club, rich):
    put(club, min_spend=50, max_spend=5000, spend_step=25, max_basket_percent=4)
    [one] = ask(shop)["redeem"]
    assert one == {
        "currency": "points",
        "name": "Points",
        "balance": 600,
        "available": 600,
        "least": 50,
        "most": 5000,
        "step": 25,
        "point_value": "0.01",
        "points": 400,
        "points_used": 400,
        "money_value": "4.00",
        "earns": {"points": 120, "status": 96},
        "detail": "",
    }
    posted = shop.post("transactions/", purchase("paid", redeem={"points": one["points"]})).said
    assert (posted["points"], posted["redeemed"]["money_value"]) == (one["earns"], one["money_value"])


def test_where_no_points_can_pay_it_says_why(shop, club, rich):
    put(club, min_spend=700)
    [one] = ask(shop)["redeem"]
    assert (one["points"], one["earns"], one["detail"]) == (0, {}, "The member has 600 Points to spend.")
    put(club, min_spend=1)
    [one] = ask(shop, "0.00")["redeem"]
    assert (one["points"], one["detail"]) == (0, "Points pay at most 100 % of the basket, which is 0 points.")
    assert ask(shop, activity="visit")["redeem"] == []


def test_it_tells_what_caps_cut_and_from_when_on_points_can_be_spent(shop, club, rich):
    cap(club, "most", 30, scope="transaction")
    put(club, pending_days=14)
    points = ask(shop)["earns"][0]
    assert (points["points"], points["desired_points"], points["rules"][0]["points"]) == (30, 125, 30)
    [cut] = points["cuts"]
    assert (cut["cap"], cut["from"], cut["to"]) == ("most", 125, 30)
    assert cut["sentence"].startswith("“Most” cut 125 to 30 Points: 95 lost.")
    assert points["pending"]["available_at"]


def test_it_tells_the_nearest_rule_that_gave_nothing_and_why(shop, club, rich):
    factories.rule(
        club, "web", "fixed", {"points": "20", "events": "purchase"}, conditions={"channels": ["web"]}, group="web"
    )
    nearest = ask(shop, channel="store")["nearest"]
    assert (nearest["rule"], nearest["name"]) == ("web", "Web")
    assert nearest["why"] in nearest["sentence"]


def test_without_a_member_it_is_what_somebody_gets_who_joins_just_now(shop, club, rich):
    told = shop.post(PATH, {"amount": "600.00"}).said
    assert (told["member"], told["redeem"]) == (None, [])
    assert [one["points"] for one in told["earns"]] == [600, 600]
    assert (told["tiers"][0]["before"], told["tiers"][0]["after"]) == ("base", "silver")


def test_nothing_is_written_for_it(shop, club, rich, count_rows):
    cap(club, "month", 500, scope="member", period="month")
    ask(shop)
    before = count_rows()
    for body in (basket(), basket("900.00"), {"amount": "5.00"}):
        assert shop.post(PATH, body, idempotency_key="k").status_code == 200
    assert count_rows() == before
    assert not KeptAnswer.objects.exists()


def test_what_time_did_counts_though_nobody_has_booked_it(shop, club, rich, now_is):
    now_is(timezone.now() + timedelta(days=1000))
    [one] = ask(shop)["redeem"]
    assert (one["balance"], one["points"]) == (0, 0)
    assert factories.held(rich) == 600


@pytest.mark.parametrize("status", ["paused", "closed"])
def test_a_member_who_may_not_earn_is_refused_with_the_reason(shop, rich, status):
    Member.objects.filter(pk=rich.pk).update(status=status)
    answer = shop.post(PATH, basket())
    assert (answer.status_code, answer.said["code"]) == (409, "member_not_active")
    assert f"The member is {status}" in answer.said["detail"]
    assert answer.said["errors"][0]["pointer"] == "#/member"


def test_somebody_who_was_merged_is_quoted_as_who_they_are_now(shop, club, rich):
    before = factories.member(club)
    join(before, rich)
    told = ask(shop, member={"number": before.number})
    assert told["member"] == {"number": rich.number, "merged_from": before.number}
    assert told["redeem"][0]["balance"] == 600
    assert ask(shop, member={"number": "404", "card": "C-1815"})["member"]["merged_from"] is None


def test_what_is_wrong_is_told_at_its_field(shop, rich):
    for body, status, code, pointer in (
        (basket(member={"card": "C-404"}), 404, "member_unknown", "#/member/card"),
        (basket(member={"card": ""}), 400, "member_missing", "#/member"),
        (basket(member={"email": "ada@example.com", "name": "Ada"}), 400, "unknown_field", "#/member/name"),
        (basket("12.345"), 400, "invalid_number", "#/amount"),
        (basket(currency="XXX"), 422, "currency_unknown", "#/currency"),
        (basket(store="nowhere"), 422, "store_unknown", "#/store"),
        (basket(redeem_currency="status"), 422, "currency_unknown", "#/redeem_currency"),
        (basket(redeem_currency="miles"), 422, "currency_unknown", "#/redeem_currency"),
        (basket(redeem={"points": 900}), 409, "insufficient_points", "#/redeem/points"),
        (basket(shipping="100.01"), 400, "invalid_amount", "#/amount"),
        (basket(external_id="\x00"), 400, "invalid_text", "#/external_id"),
        ([basket()], 400, "invalid_type", None),
    ):
        answer = shop.post(PATH, body)
        assert answer.status_code == status, answer.said
        assert answer.said["code"] in (code, "validation_failed")
        if pointer:
            assert (answer.said["errors"][0]["code"], answer.said["errors"][0]["pointer"]) == (code, pointer)


def test_the_address_names_the_program(shop, club, rich):
    assert shop.post("programs/other/quotes/", basket()).said["code"] == "program_unknown"
    answer = shop.post(PATH, basket(), program="club")
    assert answer.said["errors"][0]["code"] == "unknown_parameter"
    club.status = "closed"
    club.save()
    assert shop.post(PATH, basket()).said["code"] == "program_not_active"
    club.status = "draft"
    club.save()
    assert ask(shop)["earns"]


def test_a_key_that_reads_may_ask_and_only_the_owner_asks_for_others(club, rich, cafe):
    assert shop_of(club, ["read"]).post(PATH, basket(redeem={"points": 10})).status_code == 200
    assert shop_of(club, ["earn", "burn"]).post(PATH, basket()).said["code"] == "scope_missing"
    assert cafe.post(PATH, basket()).status_code == 200
    answer = cafe.post(PATH, basket(partner="shop"))
    assert answer.said["code"] == "partner_not_allowed"


def shop_of(club, scopes):
    return Caller(club.owner, scopes, name="-".join(scopes))


def test_what_would_wait_says_so_and_what_was_posted_moves_nothing(shop, club, rich):
    told = ask(shop, currency="USD")
    assert (told["status"], told["earns"], told["redeem"]) == ("kept", [], [])
    assert told["detail"].startswith("There is no rate of USD")
    rate(club, "USD", "0.5")
    told = ask(shop, currency="USD")
    assert (told["earns"][0]["points"], told["redeem"][0]["money_value"]) == (62, "6.00")
    known = bought(shop, "order-1")
    told = shop.post(PATH, purchase("order-1")).said
    assert (told["status"], told["id"], told["earns"]) == ("replayed", known, [])
    assert told["tiers"][0]["before"] == told["tiers"][0]["after"] == "silver"
    assert shop.post(PATH, purchase("order-1", "7.00")).said["code"] == "idempotency_conflict"


def test_it_takes_the_same_statements_whatever_the_basket_and_the_member(shop, club, rich):
    ask(shop)

    def count(**fields):
        with CaptureQueriesContext(connection) as log:
            ask(shop, **fields)
        return len(log)

    usual = count()
    assert usual == STATEMENTS[connection.vendor]
    club.currencies.create(code="miles", name="Miles")
    type(club).touch(club.pk)
    ask(shop)
    assert count() == usual
    for number in range(30):
        bought(shop, f"more-{number}")
    assert count() == usual


def test_it_tells_the_money_off_and_the_points_that_are_left_then(shop, rich, club):
    off(club, percent="10")
    told = ask(shop)
    assert told["discounts"] == [{"rule": "off", "name": "Off", "promotion": None, "amount": "10.00", "lines": None}]
    assert told["discount_total"] == "10.00"
    assert told["earns"][0]["points"] == 125
    assert told["earns_after"] == {"points": 112, "status": 90}


def test_without_discounts_it_says_that_there_are_none(shop, rich):
    told = ask(shop)
    assert (told["discounts"], told["discount_total"], told["earns_after"]) == ([], "0.00", None)


def test_posting_answers_the_same_discounts(shop, rich, club):
    off(club, amount="5")
    told = ask(shop)
    done = shop.post("transactions/", purchase("order-9", amount="100.00"))
    assert (done.said["discounts"], done.said["discount_total"]) == (told["discounts"], "5.00")
