"""The answer about a member tells how active they are, to whoever may be told who the member is."""

import pytest

from members.models import ActivityScore
from programs.models import Participation, Tier, TierGroup
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.segments import segment


def test_a_member_is_answered_with_the_score_or_without_one(shop, ada):
    assert shop.get(f"members/{ada.number}/").said["activity_score"] is None
    ActivityScore.objects.create(member=ada, score=63, recency=100, frequency=16, spend=75)
    assert shop.get(f"members/{ada.number}/").said["activity_score"] == 63


@pytest.mark.parametrize("scopes", [["read"], ["read", "personal"]])
def test_a_partner_is_told_it_only_where_the_owner_lets_it_know_who_it_is(club, ada, scopes):
    cafe = factories.partner("cafe")
    Participation.objects.create(program=club, partner=cafe)
    said = Caller(cafe, scopes).get(f"members/{ada.number}/").said
    assert ("activity_score" in said) is ("personal" in scopes)


def test_a_program_tells_which_segment_a_tier_follows(shop, club):
    vips = segment(club, "vips", {"tags": {"names": ["vip"]}})
    group = TierGroup.objects.create(program=club, code="circle", name="Circle", model="manual")
    Tier.objects.create(group=group, code="friend", name="Friend", sequence=2, threshold=None, segment=vips)
    groups = {one["code"]: one for one in shop.get("programs/club/").said["tier_groups"]}
    assert [tier["segment"] for tier in groups["circle"]["tiers"]] == ["vips"]
    assert [tier["segment"] for tier in groups["main"]["tiers"]] == ["", "", ""]


def test_nobody_may_send_a_tier_setting_that_says_it_follows_a_segment(shop, club, ada):
    body = {"external_id": "x", "member": {"card": "C-1815"}, "tier": "gold", "reason": "Me"}
    answer = shop.post("tier-settings/", body | {"reason_type": "segment"})
    assert (answer.status_code, answer.said["errors"][0]["pointer"]) == (400, "#/reason_type")
    answer = shop.post("tier-settings/", body | {"reason_type": "match", "replaces": 0})
    assert (answer.status_code, answer.said["errors"][0]["pointer"]) == (400, "#/replaces")
