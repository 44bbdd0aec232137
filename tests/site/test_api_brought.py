"""What members brought from other systems is read through the API, apart from what they earned here."""

from datetime import timedelta

import pytest

from members.models import Consent, Tag
from partners.opening import Opening
from programs.models import Participation
from tests.support import factories
from tests.support.api_caller import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def club():
    return factories.program("club", owner=factories.partner("shop"))


@pytest.fixture
def ada(club):
    return factories.member(club, birthday="12-25")


def test_balances_and_tiers_say_what_was_brought(shop, club, ada):
    end = factories.at(2097, 3, 21, 7)
    fields = {"points": 70, "earned_before": 900, "redeemed_before": 830, "tier": "gold", "tier_until": end}
    opening = Opening(external_id="x-1", member={"number": ada.number}, source="x", **fields)
    factories.post_one(club, opening)
    said = shop.get(f"members/{ada.number}/").said
    points = next(one for one in said["balances"] if one["currency"] == "points")
    assert (points["balance"], points["lifetime_earned"], points["lifetime_opening"]) == (70, 0, 70)
    assert (points["earned_before"], points["redeemed_before"]) == (900, 830)
    assert (said["tiers"][0]["tier"], said["tiers"][0]["until"]) == ("gold", "2097-03-21T07:00:00+00:00")
    listed = shop.get("transactions/?member=" + ada.number).said["results"]
    assert [one["kind"] for one in listed] == ["opening"]


def test_people_have_a_birthday_tags_and_the_last_word_about_each_channel(shop, club, ada):
    said_at = factories.at(2026, 1, 2)
    Tag.objects.create(customer=ada.customer, name="vip")
    for channel, is_given, days in [("email", True, 0), ("sms", True, 3), ("email", False, 2), ("email", True, 1)]:
        at = said_at + timedelta(days=days)
        Consent.objects.create(customer=ada.customer, channel=channel, is_given=is_given, said_at=at)
    said = shop.get(f"members/{ada.number}/").said
    assert (said["birthday"], said["birth_date"], said["tags"]) == ("12-25", None, ["vip"])
    assert said["consents"] == [
        {"channel": "email", "given": False, "said_at": "2026-01-04T12:00:00+00:00"},
        {"channel": "sms", "given": True, "said_at": "2026-01-05T12:00:00+00:00"},
    ]


@pytest.mark.parametrize("scopes", [["read"], ["read", "personal"]])
def test_a_partner_is_told_what_people_said_of_themselves_only_where_the_owner_lets_it_know(club, ada, scopes):
    Tag.objects.create(customer=ada.customer, name="vip")
    Consent.objects.create(customer=ada.customer, channel="email", is_given=True)
    cafe = factories.partner("cafe")
    Participation.objects.create(program=club, partner=cafe)
    said = Caller(cafe, scopes).get(f"members/{ada.number}/").said
    personal = {"birthday", "tags", "consents"}
    assert personal & said.keys() == (personal if "personal" in scopes else set())
    assert said["balances"][0]["lifetime_opening"] == 0
