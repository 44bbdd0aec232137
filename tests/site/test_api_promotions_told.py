"""Whoever listens is told that a member enrolled in a promotion, or left it; nobody, who is left out of one."""

import pytest
from django.utils import timezone

from members import promotions as enrolling
from members.models import Event, PromotionEnrolment
from programs.models import PromotionCode
from tests.support import factories
from tests.support.hooks import endpoint
from tests.support.promoting import buy, day, left_out_and_not, promotion
from tests.support.told import check_shape
from transactions.models import Journal

pytestmark = pytest.mark.django_db


def enrolment(who):
    return f"members/{who.number}/promotions/spring/enrolment/"


def test_who_listens_is_told_of_enrolments_and_of_who_left_once_each(shop, club, ada):
    promotion(club, opt_in=True, starts_on=day(-1))
    endpoint(club.owner, events=["promotion.enrolled", "promotion.left"])
    club.refresh_from_db()
    for _ in range(2):
        shop.call("PUT", enrolment(ada))
    for _ in range(2):
        shop.call("DELETE", enrolment(ada))
    enrolled, left = Event.objects.order_by("pk")
    row = PromotionEnrolment.objects.get()
    assert [enrolled.type, left.type] == ["promotion.enrolled", "promotion.left"]
    for event in (enrolled, left):
        check_shape(event)
        assert (event.member, event.partner_id) == (ada, club.owner_id)
        assert event.data["promotion"]["starts_on"] == day(-1).isoformat()
    assert enrolled.data["promotion"]["left_at"] is None
    assert left.data["promotion"]["left_at"] == row.left_at.isoformat().replace("+00:00", "Z")


def test_where_nobody_listens_nothing_is_written(club, ada):
    enrolling.enrol(ada, promotion(club, opt_in=True), now=timezone.now())
    assert not Event.objects.exists()


def test_a_transaction_does_not_tell_who_is_left_out(shop, club):
    promotion(club, holdout_percent=50, conditions={"channels": ["web"]})
    factories.rule(club, "visits", "fixed", {"points": "5", "events": "visit"})
    out, inside = left_out_and_not(club, "spring")
    for who, near in ((out, False), (inside, True)):
        sold = buy(club, who, channel="web" if who == out else "till")
        told = shop.get(f"transactions/{sold.journal_id}/")
        why = shop.get(f"entries/{told.said['entries'][0]['id']}/explanation/")
        for answer in (told, why):
            assert b"left" not in answer.content
        assert ("nearest" in told.said["explanation"]) is near
        assert told.said["explanation"].get("seen", {}) == {}
    assert "left_out" in str(Journal.objects.get(member=out).trace)


def test_a_transaction_does_not_tell_the_key_of_a_code(shop, club, ada):
    offer = promotion(club, uses_per_code=1)
    PromotionCode.objects.create(promotion=offer, code="A1")
    sold = buy(club, ada, code="a1")
    told = shop.get(f"transactions/{sold.journal_id}/").said["explanation"]
    assert (told["promotions"], "codes" in told) == ({"spring": {"points": 50}}, False)


def test_an_enrolment_needs_no_body_and_says_so(shop, club, ada):
    promotion(club, opt_in=True)
    answer = shop.call("PUT", enrolment(ada), b'{"from": "today"}')
    assert (answer.status_code, answer.said["errors"][0]["detail"]) == (400, "Known here are none.")
