"""Where a member stands on each ladder, over HTTP: exact at any instant, night or no night."""

from datetime import timedelta

import pytest

from members.models import MemberBenefit, Standing
from programs.models import Tier, TierGroup
from tests.support import factories
from tests.support.factories import at
from tests.support.ladders import benefit, earn, ladder, midnight, noon, second_currency

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(club):
    return factories.member(club, enrolled_at=at(2024, 1, 10))


def ladder_of(shop, who, group="main"):
    answer = shop.get(f"members/{who.number}/")
    assert answer.status_code == 200, answer.said
    return next(one for one in answer.said["tiers"] if one["group"] == group)


class TestWhereTheMemberStands:
    @pytest.fixture
    def main(self, club):
        return ladder(club, model="calendar", validity="rest_of_cycle_plus_next", tiers={"gold": {"retention": 800}})

    def test_c15_x7_points_to_the_next_tier(self, shop, club, who, main, now_is):
        earn(club, who, 620, noon(club, 2026, 3, 1))
        now_is(noon(club, 2026, 4, 1))
        told = ladder_of(shop, who)
        assert told["to_next"] == {
            "tier": "gold",
            "name": "Gold",
            "points": 380,
            "missing": {"status": 380},
            "by": "2026-12-31",
        }
        assert (told["tier"], told["points"], told["counted"]) == ("silver", 620, {"status": 620})
        assert told["cycle"] == {"first": "2026-01-01", "last": "2026-12-31"}
        assert told["until"] == "2027-12-31T23:00:00+00:00"

    def test_c15_x7_points_to_keep_the_tier_and_what_follows_without_them(self, shop, club, who, main, now_is):
        earn(club, who, 1000, noon(club, 2025, 6, 1))
        earn(club, who, 700, noon(club, 2026, 3, 1))
        now_is(noon(club, 2026, 4, 1))
        told = ladder_of(shop, who)
        assert told["to_keep"] == {
            "points": 100,
            "missing": {"status": 100},
            "counted": {"status": 700},
            "from": "2026-01-01",
            "by": "2026-12-31",
        }
        assert (told["tier"], told["projected_tier"], told["projected_name"]) == ("gold", "silver", "Silver")
        assert told["to_next"] is None
        earn(club, who, 100, noon(club, 2026, 4, 1))
        told = ladder_of(shop, who)
        assert (told["to_keep"]["missing"], told["projected_tier"]) == ({"status": 0}, "gold")

    def test_a_tier_that_ended_is_not_told_before_any_night(self, shop, club, who, main, now_is):
        earn(club, who, 1000, noon(club, 2025, 6, 1))
        now_is(midnight(club, 2027, 1, 1) - timedelta(microseconds=1))
        assert ladder_of(shop, who)["tier"] == "gold"
        now_is(midnight(club, 2027, 1, 1))
        told = ladder_of(shop, who)
        assert (told["tier"], told["until"], told["to_keep"]) == ("base", None, None)

    def test_grace_is_said_with_its_end(self, shop, club, who, now_is):
        ladder(club, model="calendar", validity="rest_of_cycle", grace=1)
        earn(club, who, 1000, noon(club, 2024, 6, 1))
        now_is(noon(club, 2026, 1, 10))
        told = ladder_of(shop, who)
        assert told["tier"] == "gold"
        assert told["grace_until"] == "2026-01-31T23:00:00+00:00"
        assert (told["to_keep"]["by"], told["to_keep"]["missing"]) == ("2026-01-31", {"status": 1000})

    def test_a_lock_puts_off_the_day_by_which_the_tier_is_to_be_kept(self, shop, club, who, main, now_is):
        earn(club, who, 1000, noon(club, 2025, 6, 1))
        Standing.objects.current().filter(member=who).update(
            locked_until=midnight(club, 2027, 4, 1), due_at=midnight(club, 2027, 4, 1)
        )
        now_is(noon(club, 2027, 2, 1))
        told = ladder_of(shop, who)
        assert (told["tier"], told["locked_until"]) == ("gold", "2027-03-31T22:00:00+00:00")
        assert told["to_keep"]["by"] == "2027-03-31"
        now_is(midnight(club, 2027, 4, 1))
        told = ladder_of(shop, who)
        assert (told["tier"], told["locked_until"]) == ("base", None)

    def test_a_downgrade_that_waits_is_said_with_what_it_would_be(self, shop, club, who, now_is):
        ladder(club, model="calendar", validity="rest_of_cycle", on_end="one_level", holds_downgrades=True)
        earn(club, who, 1000, noon(club, 2024, 6, 1))
        now_is(noon(club, 2026, 2, 1))
        told = ladder_of(shop, who)
        assert told["tier"] == "gold"
        assert told["waiting"] == {"since": "2025-12-31T23:00:00+00:00", "tier": "silver", "name": "Silver"}
        assert (told["to_keep"]["by"], told["projected_tier"]) == (None, "silver")

    @pytest.mark.parametrize(
        ("match", "tier", "missing"),
        [("any", "gold", {"status": 380, "segments": 10}), ("all", "silver", {"status": 0, "segments": 2})],
    )
    def test_several_currencies_each_say_what_is_missing(self, shop, club, who, main, now_is, match, tier, missing):
        second_currency(club, main, thresholds={"silver": (2, None), "gold": (10, None)})
        ladder(club, match=match)
        earn(club, who, 620, noon(club, 2026, 3, 1))
        now_is(noon(club, 2026, 4, 1))
        told = ladder_of(shop, who)
        assert (told["match"], told["counted"]) == (match, {"status": 620, "segments": 0})
        assert (told["to_next"]["tier"], told["to_next"]["missing"]) == (tier, missing)

    def test_one_of_several_currencies_that_keeps_the_tier_leaves_nothing_missing(
        self, shop, club, who, main, now_is
    ):
        second_currency(club, main, thresholds={"silver": (2, None), "gold": (10, None)})
        earn(club, who, 1000, noon(club, 2025, 6, 1))
        earn(club, who, 800, noon(club, 2026, 3, 1))
        now_is(noon(club, 2026, 4, 1))
        told = ladder_of(shop, who)
        assert told["to_keep"]["missing"] == {"status": 0, "segments": 0}
        assert told["projected_tier"] == "gold"

    def test_a_member_without_a_tier_reads_what_the_lowest_one_takes(self, shop, club, now_is):
        ladder(club, tiers={"base": {"threshold": 100}})
        nobody = factories.member(club, enrolled_at=at(2024, 1, 10))
        told = ladder_of(shop, nobody)
        assert (told["tier"], told["name"], told["since"], told["until"]) == (None, None, None, None)
        assert (told["to_next"]["tier"], told["to_next"]["points"]) == ("base", 100)
        assert (told["to_keep"], told["projected_tier"]) == (None, None)

    def test_a_ladder_of_paid_tiers_has_no_points(self, shop, club, who, now_is):
        paid = TierGroup.objects.create(program=club, code="plus", name="Plus", model="manual")
        tier = Tier.objects.create(group=paid, code="plus", name="Plus", sequence=1, threshold=None)
        Standing.objects.create(
            member=who,
            group=paid,
            tier=tier,
            since_at=noon(club, 2026, 1, 1),
            from_at=noon(club, 2026, 1, 1),
            valid_until=midnight(club, 2027, 1, 1),
            due_at=midnight(club, 2027, 1, 1),
            reason="manual",
        )
        now_is(noon(club, 2026, 2, 1))
        told = ladder_of(shop, who, "plus")
        assert (told["tier"], told["until"]) == ("plus", "2026-12-31T23:00:00+00:00")
        assert (told["currency"], told["points"], told["counted"], told["cycle"]) == ("", 0, {}, None)
        assert (told["to_next"], told["to_keep"], told["projected_tier"]) == (None, None, None)
        now_is(midnight(club, 2027, 1, 1))
        assert ladder_of(shop, who, "plus")["tier"] is None

    def test_benefits_are_told_on_the_days_on_which_they_can_be_used(self, shop, club, who, main, now_is):
        benefit(club, "gold", "lounge", text="Any lounge.", kind="access")
        benefit(club, "gold", "gift", starts_on="2026-05-01", ends_on="2026-05-31", kind="gift")
        earn(club, who, 1000, noon(club, 2026, 3, 1))
        lounge = {
            "code": "lounge",
            "name": "Lounge",
            "text": "Any lounge.",
            "kind": "access",
            "since": "2026-03-01T11:00:00+00:00",
            "until": None,
        }
        now_is(noon(club, 2026, 4, 1))
        assert ladder_of(shop, who)["benefits"] == [lounge]
        now_is(noon(club, 2026, 5, 31))
        told = {one["code"]: one for one in ladder_of(shop, who)["benefits"]}
        assert told["lounge"] == lounge
        assert (told["gift"]["since"], told["gift"]["until"]) == (
            "2026-04-30T22:00:00+00:00",
            "2026-05-31T22:00:00+00:00",
        )
        now_is(noon(club, 2026, 6, 1))
        assert ladder_of(shop, who)["benefits"] == [lounge]
        now_is(midnight(club, 2028, 1, 1))
        assert (ladder_of(shop, who)["tier"], ladder_of(shop, who)["benefits"]) == ("base", [])
        assert not MemberBenefit.objects.filter(member=who, withdrawn_at=None).exists()
