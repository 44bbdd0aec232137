"""Postings by hand over HTTP: with an end, pending, on behalf of a partner, below zero; or refused at their field."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from loyalty_site.lib import instants
from programs.models import Participation
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.api_life import parts, put

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
BY_HAND = {"external_id": "a-1", "member": {"card": "C-1815"}, "points": 50, "reason": "Late parcel"}


def day(days):
    return (timezone.now().astimezone(PARIS).date() + timedelta(days=days)).isoformat()


def test_a_credit_ends_with_its_last_usable_day_and_is_pending_until_its_first(shop, ada):
    body = BY_HAND | {"usable_through": day(90), "available_from": day(10)}
    answer = shop.post("adjustments/", body)
    assert answer.status_code == 201, answer.said
    end = datetime.fromisoformat(answer.said["expires"]["points"])
    assert instants.last_day(end, PARIS).isoformat() == day(90)
    free_at = datetime.fromisoformat(answer.said["pending"]["points"]["available_at"])
    assert free_at.astimezone(PARIS).date().isoformat() == day(10)
    assert parts(ada) == (0, 50, 0, 0)
    assert shop.post("adjustments/", body).said == answer.said | {"status": "replayed"}


def test_a_debit_falls_below_zero_where_the_currency_allows_arrears(shop, club, ada):
    body = BY_HAND | {"points": -30, "overdraw": True}
    refused = shop.post("adjustments/", body)
    assert (refused.status_code, refused.said["code"]) == (409, "insufficient_points")
    put(club, refund_policy="arrears")
    club.touch(club.pk)
    assert shop.post("adjustments/", body).said["balances"] == {"points": -30}
    assert parts(ada) == (0, 0, 0, 30)


def test_only_the_owner_posts_on_behalf_of_another_partner(shop, club, ada):
    cafe = factories.partner("cafe")
    assert shop.post("adjustments/", BY_HAND | {"partner": "cafe"}).said["code"] == "partner_unknown"
    Participation.objects.create(program=club, partner=cafe)
    assert shop.post("adjustments/", BY_HAND | {"partner": "cafe"}).status_code == 201
    guest = Caller(cafe).post(f"adjustments/?program={club.code}", BY_HAND | {"partner": club.owner.code})
    assert (guest.status_code, guest.said["code"]) == (403, "partner_not_allowed")


@pytest.mark.parametrize(
    ("fields", "status", "code", "field"),
    [
        ({"usable_through": "tomorrow"}, 400, "invalid_day", "usable_through"),
        ({"usable_through": "2026-02-30"}, 400, "invalid_day", "usable_through"),
        ({"available_from": 20270101}, 400, "invalid_day", "available_from"),
        ({"overdraw": "yes"}, 400, "invalid_type", "overdraw"),
        ({"overdraw": True}, 400, "invalid_value", "overdraw"),
        ({"points": -5, "usable_through": "2030-01-01"}, 400, "invalid_value", "usable_through"),
        ({"usable_through": "2020-01-01"}, 422, "invalid_date", "usable_through"),
        ({"usable_through": "2030-01-01", "available_from": "2030-02-01"}, 400, "invalid_value", "usable_through"),
    ],
)
def test_what_cannot_be_said_is_refused_at_its_field(shop, ada, fields, status, code, field):
    answer = shop.post("adjustments/", BY_HAND | fields)
    assert answer.status_code == status
    [error] = answer.said["errors"]
    assert (error["pointer"], error["code"]) == (f"#/{field}", code)
    assert not ada.balances.exists()
