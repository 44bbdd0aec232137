"""Shops and desks set tiers over HTTP: sold, matched, locked; or refused at their field."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from loyalty_site.lib import instants
from tests.support.ladders import ladder, tier
from transactions.models import Journal

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
MATCH = {
    "external_id": "m-1",
    "member": {"card": "C-1815"},
    "tier": "gold",
    "reason_type": "match",
    "reason": "Gold at Sky Miles",
}


def day(days):
    return (timezone.now().astimezone(PARIS).date() + timedelta(days=days)).isoformat()


def test_a_tier_is_set_until_a_day_and_answered_with_all_tiers_and_repeated(shop, ada):
    body = MATCH | {"until": day(90), "locked_until": day(30)}
    answer = shop.post("tier-settings/", body)
    assert answer.status_code == 201, answer.said
    said = answer.said["set_tier"]
    assert (answer.said["tiers"], said["tier_group"], said["tier"]) == ({"main": "gold"}, "main", "gold")
    for name, days in (("until", 90), ("locked_until", 30)):
        assert instants.last_day(datetime.fromisoformat(said[name]), PARIS).isoformat() == day(days)
    again = shop.post("tier-settings/", body)
    assert (again.status_code, again.said) == (200, answer.said | {"status": "replayed"})
    assert Journal.objects.filter(kind="tier").count() == 1
    other = shop.post("tier-settings/", body | {"tier": "silver"})
    assert (other.status_code, other.said["code"]) == (409, "idempotency_conflict")


def test_an_end_may_be_an_instant(shop, ada):
    end = (timezone.now() + timedelta(days=3)).replace(microsecond=0)
    answer = shop.post("tier-settings/", MATCH | {"until": end.isoformat()})
    assert datetime.fromisoformat(answer.said["set_tier"]["until"]) == end


def test_no_tier_is_said_by_an_empty_code_and_a_setting_is_reversed_like_any_transaction(shop, ada):
    body = MATCH | {"tier": "", "reason_type": "penalty", "locked_until": day(30)}
    answer = shop.post("tier-settings/", body)
    assert (answer.said["tiers"], answer.said["set_tier"]["tier"]) == ({}, None)
    back = shop.post(f"transactions/{answer.said['id']}/reversal/", {})
    assert (back.status_code, back.said["tiers"]) == (201, {"main": "base"})
    listed = shop.get("transactions/?kind=tier").said["results"]
    assert [(one["kind"], one["activity"], one["status"]) for one in listed] == [("tier", "penalty", "reversed")]


@pytest.mark.parametrize(
    ("fields", "status", "code", "field"),
    [
        ({"tier": None}, 400, "field_missing", "tier"),
        ({"tier": "platinum"}, 422, "tier_unknown", "tier"),
        ({"tier_group": "club"}, 422, "tier_unknown", "tier_group"),
        ({"until": "tomorrow"}, 400, "invalid_day", "until"),
        ({"until": "2026-12-31T12:00:00"}, 400, "invalid_day", "until"),
        ({"until": "2020-01-01"}, 422, "invalid_date", "until"),
        ({"locked_until": "2020-01-01"}, 422, "invalid_date", "locked_until"),
        ({"locked_until": 20300101}, 400, "invalid_day", "locked_until"),
        ({"reason_type": "whim"}, 400, "invalid_choice", "reason_type"),
        ({"reason": "  "}, 400, "invalid_text", "reason"),
        ({"reason": "x" * 161}, 400, "text_too_long", "reason"),
        ({"tier": "base", "until": "2199-01-01"}, 400, "invalid_value", "until"),
        ({"lock": True}, 400, "unknown_field", "lock"),
    ],
)
def test_what_cannot_be_set_is_refused_at_its_field(shop, ada, fields, status, code, field):
    answer = shop.post("tier-settings/", MATCH | fields)
    errors = answer.said["errors"]
    assert (answer.status_code, errors[0]["code"], errors[0]["pointer"]) == (status, code, f"#/{field}")
    assert tier(ada) == "base"


def test_less_than_the_points_reach_asks_for_a_lock(shop, club, ada):
    ladder(club, tiers={"silver": {"threshold": 5}, "gold": {"threshold": 50}})
    body = {"external_id": "b", "member": {"card": "C-1815"}, "activity": "purchase", "amount": "10.00"}
    assert shop.post("transactions/", body).said["tiers"] == {"main": "silver"}
    errors = shop.post("tier-settings/", MATCH | {"tier": "base"}).said["errors"]
    assert errors[0]["pointer"] == "#/locked_until"
    assert "lock it" in errors[0]["detail"]
