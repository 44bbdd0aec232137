"""Other systems read promotions, what a member may have of them, enrol members, and add codes."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members import promotions as enrolling
from members.models import PromotionEnrolment
from programs.models import PromotionCode
from tests.support import factories
from tests.support.api_caller import ALL_SCOPES, Caller
from tests.support.merging import join
from tests.support.promoting import day, left_out_and_not, promotion

pytestmark = pytest.mark.django_db
OFFERS = "programs/club/promotions/"


def enrolment(who, code="spring"):
    return f"members/{who.number}/promotions/{code}/enrolment/"


def codes_of(answer):
    return [one["code"] for one in answer.said["results"]]


def mine(shop, who):
    return {one["code"]: one for one in shop.get(f"members/{who.number}/promotions/").said["results"]}


@pytest.fixture
def all_kinds(club):
    promotion(club, "running", starts_on=day(-2), ends_on=day(2))
    promotion(club, "open")
    promotion(club, "upcoming", starts_on=day(2))
    promotion(club, "over", starts_on=day(-9), ends_on=day(-2))
    promotion(club, "stopped", stopped_from=timezone.now() - timedelta(minutes=1))
    promotion(club, "stopped_later", stopped_from=timezone.now() + timedelta(days=1))
    promotion(club, "stopped_before", starts_on=day(2), stopped_from=timezone.now() - timedelta(minutes=1))
    promotion(club, "off", is_active=False)


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({}, ["stopped_later", "open", "running"]),
        ({"state": "running"}, ["stopped_later", "open", "running"]),
        ({"state": "upcoming"}, ["upcoming"]),
        ({"state": "ended"}, ["stopped_before", "stopped", "over"]),
        (
            {"state": "all"},
            ["stopped_before", "stopped_later", "stopped", "over", "upcoming", "open", "running"],
        ),
    ],
)
def test_promotions_are_listed_by_where_they_stand(shop, all_kinds, query, codes):
    answer = shop.get(OFFERS, **query)
    assert codes_of(answer) == codes
    wanted = query.get("state", "running")
    assert wanted == "all" or {one["state"] for one in answer.said["results"]} == {wanted}


def test_a_state_that_there_is_not_is_refused_at_the_parameter(shop, all_kinds):
    answer = shop.get(OFFERS, state="gone")
    assert (answer.status_code, answer.said["errors"][0]["parameter"]) == (400, "state")


def test_one_tells_what_it_gives_and_asks_and_nothing_that_only_staff_may_know(shop, club):
    offer = promotion(
        club,
        description="Until the end.",
        starts_on=day(-1),
        ends_on=day(3),
        opt_in=True,
        uses_per_code=2,
        holdout_percent=10,
        conditions={"channels": ["web"]},
    )
    factories.rule(club, "gone", "fixed", {"points": "7", "events": "visit"}, promotion=offer, ends_on=day(-1))
    factories.rule(club, "off", "fixed", {"points": "8", "events": "visit"}, promotion=offer, is_active=False)
    PromotionCode.objects.create(promotion=offer, code="SECRET7")
    answer = shop.get(f"{OFFERS}spring/")
    [sentence] = answer.said.pop("gives")
    assert "50" in sentence
    assert "web" in answer.said.pop("conditions")
    assert answer.said == {
        "code": "spring",
        "name": "Spring",
        "description": "Until the end.",
        "state": "running",
        "starts_on": day(-1).isoformat(),
        "ends_on": day(3).isoformat(),
        "opt_in": True,
        "needs_code": True,
    }
    assert b"SECRET7" not in answer.content


@pytest.mark.parametrize("path", [f"{OFFERS}off/", f"{OFFERS}nothing/", f"{OFFERS}off/codes/A/"])
def test_one_that_is_switched_off_is_none(shop, club, path):
    promotion(club, "off", is_active=False, uses_per_code=1)
    answer = shop.get(path)
    assert (answer.status_code, answer.said["code"]) == (404, "promotion_unknown")


def test_pages_follow_each_other_and_cost_the_same_whatever_there_is(shop, club):
    for number in range(3):
        promotion(club, f"p{number}")
    first = shop.get(OFFERS, page_size=2)
    with CaptureQueriesContext(connection) as few:
        assert codes_of(first) == ["p2", "p1"]
        rest = shop.get(first.said["next"].partition("testserver")[2])
    assert codes_of(rest) == ["p0"]
    for number in range(3, 9):
        promotion(club, f"p{number}")
    shop.get(OFFERS)
    with CaptureQueriesContext(connection) as many:
        assert len(codes_of(shop.get(OFFERS))) == 9
    assert len(many) <= len(few)


def test_a_partner_reads_those_of_its_program_and_of_no_other(shop, cafe, club):
    promotion(club)
    elsewhere = factories.program("elsewhere")
    promotion(elsewhere, "theirs")
    assert codes_of(cafe.get(OFFERS)) == ["spring"]
    stranger = Caller(elsewhere.owner)
    for path in (OFFERS, f"{OFFERS}spring/", f"{OFFERS}spring/codes/A/"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.said["code"]) == (404, "program_unknown")


def test_a_member_is_told_what_runs_what_comes_and_what_was_enrolled_in(shop, club, ada, all_kinds):
    assert list(mine(shop, ada)) == ["stopped_later", "upcoming", "open", "running"]
    over = club.promotions.get(code="over")
    PromotionEnrolment.objects.create(member=ada, promotion=over, enrolled_at=timezone.now())
    told = mine(shop, ada)
    assert (told["over"]["state"], told["over"]["is_enrolled"], told["over"]["can_enrol"]) == ("ended", True, False)
    assert (told["open"]["is_enrolled"], told["open"]["can_enrol"]) == (False, False)


def test_a_member_enrols_once_leaves_and_enrols_anew(shop, club, ada):
    promotion(club, opt_in=True)
    assert mine(shop, ada)["spring"]["can_enrol"] is True
    first, again = (shop.call("PUT", enrolment(ada)) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.said == again.said
    row = PromotionEnrolment.objects.get()
    assert first.said == {
        "promotion": "spring",
        "member": ada.number,
        "enrolled_at": row.enrolled_at.isoformat(),
        "left_at": None,
    }
    told = mine(shop, ada)["spring"]
    assert (told["is_enrolled"], told["can_enrol"]) == (True, False)
    assert shop.call("DELETE", enrolment(ada)).status_code == 204
    gone = shop.call("DELETE", enrolment(ada))
    assert (gone.status_code, gone.said["code"]) == (404, "not_enrolled")
    told = mine(shop, ada)["spring"]
    assert (told["is_enrolled"], told["can_enrol"], told["left_at"] is not None) == (False, True, True)
    assert shop.call("PUT", enrolment(ada)).status_code == 201
    assert PromotionEnrolment.objects.count() == 1


@pytest.mark.parametrize(
    "fields", [{}, {"opt_in": True, "ends_on": day(-2)}, {"opt_in": True, "stopped_from": timezone.now()}]
)
def test_nobody_enrols_where_that_would_give_nothing(shop, club, ada, fields):
    promotion(club, **fields)
    answer = shop.call("PUT", enrolment(ada))
    assert (answer.status_code, answer.said["code"]) == (409, "promotion_not_open")
    assert "errors" not in answer.said
    assert not PromotionEnrolment.objects.exists()


def test_enrolling_nobody_in_nothing_and_with_a_body_is_refused(shop, club, ada):
    promotion(club, opt_in=True)
    unknown = shop.call("PUT", "members/999/promotions/spring/enrolment/")
    assert (unknown.status_code, unknown.said["code"]) == (404, "member_unknown")
    for method in ("PUT", "DELETE"):
        nothing = shop.call(method, enrolment(ada, "nothing"))
        assert (nothing.status_code, nothing.said["code"]) == (404, "promotion_unknown")
    body = shop.call("PUT", enrolment(ada), b'{"since": "2026-01-01"}')
    assert (body.status_code, body.said["errors"][0]["code"]) == (400, "unknown_field")
    assert not PromotionEnrolment.objects.exists()


def test_a_number_of_somebody_who_was_merged_means_the_one_who_stays(shop, club, ada):
    promotion(club, opt_in=True)
    bob = factories.member(club)
    join(bob, ada)
    assert shop.call("PUT", enrolment(bob)).said["member"] == ada.number
    assert mine(shop, bob)["spring"]["is_enrolled"]


def test_who_is_left_out_is_not_told_so(shop, club):
    promotion(club, holdout_percent=50)
    promotion(club, "asked", holdout_percent=50, opt_in=True)
    out, inside = left_out_and_not(club, "spring")
    assert "spring" not in mine(shop, out)
    assert "spring" in mine(shop, inside)
    out, inside = left_out_and_not(club, "asked")
    for who in (out, inside):
        assert shop.call("PUT", enrolment(who, "asked")).status_code == 201
        assert mine(shop, who)["asked"]["is_enrolled"]


def test_a_quote_does_not_tell_either(shop, club):
    promotion(club, holdout_percent=50, conditions={"channels": ["web"]})
    out, inside = left_out_and_not(club, "spring")
    told = {}
    for who in (out, inside):
        basket = {"member": {"number": who.number}, "amount": "100.00", "channel": "web"}
        told[who] = shop.post("programs/club/quotes/", basket).said
    assert (told[out]["promotions"], told[out]["nearest"]) == ({}, None)
    assert told[inside]["promotions"] == {"spring": {"points": 50}}
    assert "left out" not in str(told[out])


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", OFFERS, "read"),
        ("GET", f"{OFFERS}spring/", "read"),
        ("GET", f"{OFFERS}spring/codes/A1/", "read"),
        ("POST", f"{OFFERS}spring/codes/", "adjust"),
        ("GET", "members/{number}/promotions/", "read"),
        ("PUT", "members/{number}/promotions/spring/enrolment/", "enrol"),
        ("DELETE", "members/{number}/promotions/spring/enrolment/", "enrol"),
    ],
)
def test_each_address_needs_its_scope(club, ada, method, path, scope):
    offer = promotion(club, opt_in=True, uses_per_code=1)
    enrolling.enrol(ada, offer, now=timezone.now())
    raw = b'{"codes": ["A1"]}' if method == "POST" else b""
    path = path.format(number=ada.number)
    others = [name for name in ALL_SCOPES if name != scope]
    refused = Caller(club.owner, others, name="Others").call(method, path, raw)
    assert (refused.status_code, refused.said["code"]) == (403, "scope_missing")
    assert Caller(club.owner, [scope], name="One").call(method, path, raw).status_code < 300


def test_a_purchase_its_dry_run_its_replay_and_its_quote_name_the_promotions_that_gave(shop, club, ada):
    promotion(club)
    promotion(club, "more", "30")
    promotion(club, "elsewhere", rule={"conditions": {"channels": ["web"]}})
    fact = {"activity": "purchase", "member": {"card": "C-1815"}, "amount": "100.00"}
    fact["external_id"] = "o-1"
    given = {"spring": {"points": 50}, "more": {"points": 30}}
    basket = {name: value for name, value in fact.items() if name in ("member", "amount")}
    assert shop.post("programs/club/quotes/", basket).said["promotions"] == given
    assert shop.post("transactions/", fact, dry_run="1").said["promotions"] == given
    posted, replayed = (shop.post("transactions/", fact) for _ in range(2))
    assert (posted.said["status"], replayed.said["status"]) == ("posted", "replayed")
    assert posted.said["promotions"] == replayed.said["promotions"] == given


def test_where_no_promotion_gave_anything_none_is_named(shop, ada):
    fact = {"activity": "purchase", "external_id": "o-1", "member": {"card": "C-1815"}, "amount": "100.00"}
    assert "promotions" not in shop.post("transactions/", fact).said
    assert shop.post("programs/club/quotes/", {"amount": "100.00"}).said["promotions"] == {}
