"""Whatever a segment asks, a range of members costs what these members have: no table is read from end to end."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from members.models import Consent, Tag
from members.promotions import enrol
from members.segments import keeping
from programs.segments import registry
from tests.support import factories, plans
from tests.support.promoting import promotion
from tests.support.segments import segment
from tests.support.stage import kept

EACH = {
    "tier": {"group": "main", "tiers": ["silver", "gold"]},
    "balance": {"currency": "points", "at_least": 1},
    "lifetime_earned": {"currency": "points", "at_most": 1},
    "lifetime_redeemed": {"currency": "points", "at_least": 1},
    "earned": {"currency": "points", "days": 30, "at_least": 1},
    "last_purchase": {"at_least": 3, "at_most": 30},
    "purchases": {"days": 30, "at_most": 2},
    "spent": {"days": 30, "at_least": 2},
    "activity_score": {"at_least": 1},
    "last_store": {"stores": ["lyon"]},
    "last_partner": {"partners": ["shop"]},
    "enrolled": {"first_day": "2020-01-01"},
    "enrolled_for": {"at_least": 3},
    "enrolled_over": {"channels": ["web"]},
    "home_store": {"stores": ["lyon"]},
    "birthday_month": {"months": ["3"]},
    "birthday_within": {"days": 7},
    "consent": {"channel": "email", "said": "given"},
    "tags": {"names": ["vip"]},
    "language": {"languages": ["fr"]},
    "promotion_enrolled": {"promotions": ["spring"]},
    "promotion_used": {"code": "spring", "at_least": 1, "days": 30},
    "segment": {"code": "base"},
}


@kept
def shop(db):
    """Members who have a little of everything."""
    owner = factories.partner("shop")
    factories.store(owner, "lyon")
    made = factories.program("club", owner=owner)
    offer = promotion(made, opt_in=True)
    for _ in range(12):
        who = factories.member(made, language="fr")
        Consent.objects.create(customer=who.customer, channel="email", is_given=True)
        Tag.objects.create(customer=who.customer, name="vip")
        enrol(who, offer, now=timezone.now() - timedelta(hours=1))
        factories.post_one(made, factories.purchase(who, 900, store="lyon"))
    segment(made, "base", {"purchases": {"days": 30, "at_least": 1}})
    return made


def test_each_condition_is_looked_at():
    assert EACH.keys() == registry.conditions().keys()


@pytest.mark.parametrize("key", EACH)
@pytest.mark.parametrize("combined", ["alone", "not", "any"])
def test_no_condition_reads_a_whole_table(shop, key, combined, monkeypatch):
    monkeypatch.setattr(plans, "_MANY", 10)
    one = {key: EACH[key]}
    others = {"any": [{"tags": {"names": ["gold"]}}, one]}
    segment(shop, "asked", {"alone": one, "not": {"not": one}, "any": others}[combined])
    keys = list(shop.members.order_by("pk").values_list("pk", flat=True))
    with transaction.atomic(), plans.full_scans() as found:
        keeping.keep(shop, ["asked"], keys[2], keys[5], now=timezone.now())
    assert not found
