"""A partner's system enrols, reports, redeems, takes back and reads. Every answer is held against the schema."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import ExternalId, Member
from programs.models import Program
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.factories import held
from transactions.models import Journal

pytestmark = pytest.mark.django_db


@pytest.fixture
def club():
    club = factories.program("club", owner=factories.partner("shop"))
    factories.store(club.owner, "lyon")
    return club


def purchase(external_id="order-1", amount="620.50", **fields):
    return {
        "activity": "purchase",
        "external_id": external_id,
        "member": {"card": "C-1815"},
        "amount": amount,
    } | fields


def test_somebody_is_enrolled(shop, club):
    answer = shop.post(
        "members/",
        {
            "first_name": "Grace",
            "last_name": "Hopper",
            "email": "Grace@example.com",
            "phone": "+33612345679",
            "birth_date": "1984-03-09",
            "language": "en",
            "cards": ["C-1", "C-2", "C-1"],
            "external_id": "customer-7",
            "home_store": "lyon",
            "channel": "store",
            "company_name": None,
        },
    )
    assert answer.status_code == 201
    member = Member.objects.get(number=answer.said["number"])
    assert answer["Location"] == f"/api/v1/members/{member.number}/?program=club"
    assert answer.said["cards"] == ["C-1", "C-2"]
    assert answer.said["external_id"] == "customer-7"
    assert (answer.said["home_store"], answer.said["channel"], answer.said["program"]) == ("lyon", "store", "club")
    assert answer.said["birth_date"] == "1984-03-09"
    assert [balance["balance"] for balance in answer.said["balances"]] == [0, 0]
    assert answer.said["tiers"][0]["to_next"] == {
        "tier": "silver",
        "name": "Silver",
        "points": 500,
        "missing": {"status": 500},
        "by": None,
    }
    assert shop.get(answer["Location"]).said == answer.said


def test_a_person_who_is_known_joins_another_program(shop, club):
    factories.program("other", owner=club.owner)
    first = shop.post("members/", {"first_name": "Grace", "external_id": "c-1"}, program="club")
    second = shop.post("members/", {"external_id": "c-1", "first_name": "Grace"}, program="other")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.said["external_id"] == "c-1"
    assert ExternalId.objects.get().customer.memberships.count() == 2
    third = shop.post("members/", {"external_id": "c-1", "first_name": "Ada"}, program="other")
    assert (third.status_code, third.said["code"]) == (409, "customer_differs")
    again = shop.post("members/", {"external_id": "c-1"}, program="other")
    assert (again.status_code, again.said["code"]) == (409, "already_member")


@pytest.mark.parametrize("same", [{}, {"first_name": "Grace"}])
def test_an_enrolment_by_an_external_id_that_is_taken_points_to_it(shop, same):
    """With nothing else to complain of: the person is named by the external_id, and by no field of another name."""
    sent = {"external_id": "customer-9", "first_name": "Grace"}
    assert shop.post("members/", sent).status_code == 201
    answer = shop.post("members/", {"external_id": "customer-9"} | same)
    assert (answer.status_code, answer.said["code"]) == (409, "already_member")
    [error] = answer.said["errors"]
    assert error["pointer"] == "#/external_id"
    assert "look the member up" in error["detail"]


@pytest.mark.parametrize(
    "query",
    [
        {"card": "C-1815"},
        {"email": "ADA@example.com "},
        {"phone": "+33 612 345 678"},
        {"external_id": "crm-7"},
        {"number": "none", "email": "ada@example.com"},
    ],
)
def test_a_member_is_found_by_what_a_till_has(shop, ada, query):
    ExternalId.objects.create(customer=ada.customer, connection=shop.connection, value="crm-7")
    answer = shop.get("members/lookup/", **query)
    assert answer.said["number"] == ada.number


def test_a_member_is_read_with_all_that_is_held(shop, club, ada):
    now = timezone.now()
    for days, cents in ((40, 10000), (10, 45000), (9, 100)):
        factories.post_one(club, factories.purchase(ada, cents, activity_at=now - timedelta(days=days)))
    factories.post_one(club, factories.redemption(ada, 30))
    answer = shop.get(f"members/{ada.number}/").said
    points, status = answer["balances"]
    assert (points["currency"], points["balance"], points["available"]) == ("points", 521, 521)
    assert (points["lifetime_earned"], points["lifetime_redeemed"]) == (551, 30)
    assert [end["points"] for end in points["expiries"]] == [70, 451]
    assert points["expiries"] == sorted(points["expiries"], key=lambda end: end["expires_at"])
    assert (status["balance"], status["expiries"]) == (551, [])
    assert answer["tiers"][0]["tier"] == "silver"
    assert answer["tiers"][0]["points"] == 551
    assert answer["tiers"][0]["to_next"] == {
        "tier": "gold",
        "name": "Gold",
        "points": 449,
        "missing": {"status": 449},
        "by": None,
    }


def test_points_that_have_ended_are_not_told_as_spendable(shop, club, ada, time_machine):
    factories.post_one(club, factories.purchase(ada, 10000))
    time_machine.move_to(timezone.now() + timedelta(days=500))
    points = shop.get(f"members/{ada.number}/").said["balances"][0]
    assert (points["available"], points["balance"], points["expiries"]) == (0, 0, [])


def test_at_the_top_there_is_no_next_tier(shop, club, ada):
    factories.post_one(club, factories.purchase(ada, 200000))
    tier = shop.get(f"members/{ada.number}/").said["tiers"][0]
    assert (tier["tier"], tier["to_next"]) == ("gold", None)


def test_a_purchase_is_posted_and_told_again(shop, ada):
    first = shop.post("transactions/", purchase(store="lyon", attributes={"till": 4, "weight": 1.5}))
    assert first.status_code == 201
    assert first.said["points"] == {"points": 620, "status": 620}
    assert first.said["tiers"] == {"main": "silver"}
    assert first["Location"] == f"/api/v1/transactions/{first.said['id']}/?program=club"
    again = shop.post("transactions/", purchase(store="lyon", attributes={"till": 4, "weight": 1.5}))
    assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")
    assert again.said == first.said | {"status": "replayed"}
    assert held(ada) == 620


@pytest.mark.parametrize("amount", ["12.34", b"12.34", b"12.340"])
def test_money_is_exact_however_it_is_written(shop, ada, amount):
    raw = amount if isinstance(amount, bytes) else f'"{amount}"'.encode()
    body = b'{"activity":"purchase","external_id":"o","member":{"card":"C-1815"},"amount":%s}' % raw
    assert shop.call("POST", "transactions/", body).status_code == 201
    assert Journal.objects.get().amount == 1234


def test_yen_have_no_decimals():
    club = factories.program("tokyo", money="JPY")
    member = factories.member(club)
    shop = Caller(club.owner)
    body = purchase(amount=1200, member={"number": member.number})
    assert shop.post("transactions/", body).said["points"]["points"] == 1200
    wrong = shop.post("transactions/", body | {"external_id": "2", "amount": "1200.50"})
    assert wrong.said["errors"][0]["pointer"] == "#/amount"


def test_a_dry_run_tells_and_writes_nothing(shop, ada):
    answer = shop.post("transactions/", purchase(), dry_run="1", idempotency_key="k")
    assert (answer.status_code, answer.said["status"], answer.said["id"]) == (200, "computed", None)
    assert answer.said["balances"]["points"] == 620
    assert not Journal.objects.exists()
    assert shop.post("transactions/", [purchase()], dry_run="1").said["computed"] == 1
    assert not Journal.objects.exists()


def test_one_bad_item_does_not_spoil_the_others(shop, ada):
    items = [
        purchase("a", "10"),
        purchase("b", "1e309", colour="red"),
        purchase("c", "20"),
        purchase("a", "10"),
        purchase("d", "30", member={"email": "nobody@example.com"}),
        "nonsense",
        purchase("e", "5", partner="elsewhere"),
    ]
    answer = shop.post("transactions/", items)
    assert answer.status_code == 200
    assert [result["status"] for result in answer.said["results"]] == ["posted", "refused"] + [
        "posted",
        "refused",
        "refused",
        "refused",
        "refused",
    ]
    problems = [result.get("problem", {}) for result in answer.said["results"]]
    assert [problem.get("code") for problem in problems if problem] == [
        "validation_failed",
        "duplicate_in_batch",
        "member_unknown",
        "validation_failed",
        "partner_unknown",
    ]
    assert [error["pointer"] for error in problems[1]["errors"]] == ["#/1/amount", "#/1/colour"]
    assert problems[4]["errors"][0]["pointer"] == "#/4/member/email"
    assert (answer.said["posted"], answer.said["refused"]) == (2, 5)
    assert held(ada) == 30


def test_a_thousand_at_once(shop, ada):
    items = [purchase(f"o-{n}", "1.00") for n in range(1000)]
    assert shop.post("transactions/", items).said["posted"] == 1000
    assert shop.post("transactions/", items).said["replayed"] == 1000
    assert held(ada) == 1000


def test_points_are_redeemed_once(shop, club, ada):
    factories.post_one(club, factories.purchase(ada, 50000))
    body = {"external_id": "r-1", "member": {"number": ada.number}, "points": 300, "reason": "Tea"}
    first = shop.post("redemptions/", body)
    assert (first.status_code, first.said["points"], first.said["balances"]) == (
        201,
        {"points": -300},
        {"points": 200},
    )
    assert first.said["lots"][0]["points"] == 300
    assert shop.post("redemptions/", body).status_code == 200
    short = shop.post("redemptions/", body | {"external_id": "r-2"})
    assert (short.status_code, short.said["code"]) == (409, "insufficient_points")
    assert short.said["errors"][0]["pointer"] == "#/points"
    assert held(ada) == 200


def test_a_transaction_is_taken_back_whole(shop, ada):
    bought = shop.post("transactions/", purchase()).said["id"]
    first = shop.post(f"transactions/{bought}/reversal/", {"reason": "Returned"})
    assert (first.status_code, first.said["reverses"]) == (201, bought)
    assert first.said["points"] == {"points": -620, "status": -620}
    again = shop.post(f"transactions/{bought}/reversal/", {"reason": "Returned"})
    assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")
    other = shop.post(f"transactions/{bought}/reversal/", {"external_id": "another"})
    assert (other.status_code, other.said["code"]) == (409, "not_reversible")
    assert "errors" not in other.said
    assert held(ada) == 0
    assert shop.get(f"transactions/{bought}/").said["reversals"] == [first.said["id"]]


def test_a_reversal_needs_no_body(shop, ada):
    bought = shop.post("transactions/", purchase()).said["id"]
    assert shop.post(f"transactions/{bought}/reversal/").status_code == 201


def test_a_transaction_explains_itself(shop, ada):
    lines = [{"sku": "TEA", "quantity": 2, "amount": "20.50", "tax": "1.50"}]
    bought = shop.post("transactions/", purchase(amount="20.50", tax="1.50", lines=lines)).said["id"]
    told = shop.get(f"transactions/{bought}/").said
    assert (told["amount"], told["currency"], told["member"]) == ("20.50", "EUR", Member.objects.get().number)
    line = {"sku": "TEA", "category": "", "quantity": 2, "amount": "20.50", "tax": "1.50", "discount": "0.00"}
    line |= {"labels": [], "attributes": {}}
    assert told["lines"] == [line]
    assert [(entry["currency"], entry["points"]) for entry in told["entries"]] == [("points", 19), ("status", 19)]
    assert told["explanation"]["rules"][0]["rule"] == "spend"


def test_a_program_is_read_without_what_is_ours(shop, club):
    listed = shop.get("programs/").said["results"]
    assert [(row["code"], row["owner"]) for row in listed] == [("club", "shop")]
    club.rules.filter(code="review").update(is_active=False)
    club.rules.filter(code="multiplier").update(ends_on=timezone.localdate() - timedelta(days=3))
    told = shop.get("programs/club/").said
    assert [currency["code"] for currency in told["currencies"]] == ["points", "status"]
    assert [tier["threshold"] for tier in told["tier_groups"][0]["tiers"]] == [0, 500, 1000]
    assert [rule["code"] for rule in told["rules"]] == ["spend", "status"]
    assert "cost_per_point" not in told["currencies"][0]
    assert Program.objects.get().version == told["version"]
