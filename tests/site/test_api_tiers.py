"""Where a member stands on each ladder, and stood, over HTTP: exact at any instant, night or no night."""

from datetime import timedelta

import pytest

from members.models import MemberBenefit, Standing
from programs.models import Participation, Tier, TierGroup
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.factories import at
from tests.support.ladders import benefit, earn, ladder, midnight, noon, second_currency, standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(club):
    return factories.member(club, enrolled_at=at(2024, 1, 10))


@pytest.fixture
def now_is(time_machine):
    def move(instant):
        time_machine.move_to(instant, tick=False)

    return move


def ladder_of(shop, who, group="main"):
    answer = shop.get(f"members/{who.number}/")
    assert answer.status_code == 200, answer.said
    return next(one for one in answer.said["tiers"] if one["group"] == group)


def iso(instant):
    return instant.isoformat()


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


class TestThen:
    def then(self, shop, who, **axes):
        answer = shop.get(f"members/{who.number}/", **{name: iso(value) for name, value in axes.items()})
        assert answer.status_code == 200, answer.said
        return [one["tier"] for one in answer.said["tiers"]]

    @pytest.fixture
    def lowered(self, club, who, now_is):
        """Gold until the end of 2025; nobody looks before 1 March 2026."""
        ladder(club, model="calendar", validity="rest_of_cycle")
        earn(club, who, 1000, noon(club, 2024, 6, 1))
        now_is(noon(club, 2026, 3, 1))

    def test_an_end_that_nobody_booked_is_told_of_any_instant_behind_it(self, shop, club, who, lowered):
        before, after = noon(club, 2025, 12, 31), noon(club, 2026, 1, 2)
        assert self.then(shop, who, at=after) == ["base"]
        assert standing(who).reason == "downgrade"
        assert self.then(shop, who, at=before) == ["gold"]

    def test_an_end_was_known_when_it_came_however_late_it_was_booked(self, shop, club, who, lowered):
        before, after = noon(club, 2025, 12, 31), noon(club, 2026, 1, 2)
        assert self.then(shop, who, known_at=after) == ["base"]
        assert self.then(shop, who, known_at=before) == ["gold"]
        assert self.then(shop, who, at=before, known_at=after) == ["gold"]
        assert self.then(shop, who, at=noon(club, 2026, 2, 1), known_at=before) == ["gold"]

    def test_what_was_superseded_counts_for_what_was_known_before(self, shop, club, who, now_is):
        ladder(club, model="calendar", validity="rest_of_cycle")
        earn(club, who, 1000, noon(club, 2024, 6, 1))
        earn(club, who, 960, noon(club, 2025, 6, 1))
        earn(club, who, 60, noon(club, 2025, 12, 28), now=noon(club, 2026, 1, 12))
        now_is(noon(club, 2026, 3, 1))
        day = noon(club, 2026, 1, 5)
        assert self.then(shop, who, at=day) == ["gold"]
        assert self.then(shop, who, at=day, known_at=noon(club, 2026, 1, 11)) == ["silver"]
        assert self.then(shop, who, at=day, known_at=noon(club, 2026, 1, 13)) == ["gold"]


class TestHistory:
    def told(self, caller, who, **query):
        answer = caller.get(f"members/{who.number}/tiers/", **query)
        assert answer.status_code == 200, answer.said
        return answer.said["results"]

    @pytest.fixture
    def late(self, club, who, now_is):
        """Lowered on 1 January, restored on the 12th by what came late."""
        ladder(club, model="calendar", validity="rest_of_cycle")
        earn(club, who, 1000, noon(club, 2025, 6, 1))
        earn(club, who, 60, noon(club, 2025, 12, 28), now=noon(club, 2026, 1, 12))
        now_is(noon(club, 2026, 3, 1))

    def test_every_change_is_told_with_its_reason(self, shop, club, who, late):
        rows = self.told(shop, who)
        assert [(one["tier"], one["reason"]) for one in reversed(rows)][:2] == [
            ("base", "enrolment"),
            ("gold", "activity"),
        ]
        gold = rows[-2]
        assert (gold["counted"], gold["cycle"], gold["valid_until"]) == (
            {"status": 1000},
            "2025-01-01",
            "2025-12-31T23:00:00+00:00",
        )
        assert gold["transaction"]
        assert gold["until"]
        assert gold["superseded_at"] is None
        assert len(rows) == who.standings.count()

    def test_time_is_settled_before_the_history_is_told(self, shop, club, who, now_is):
        ladder(club, model="calendar", validity="rest_of_cycle")
        earn(club, who, 1000, noon(club, 2024, 6, 1))
        now_is(noon(club, 2026, 3, 1))
        last = self.told(shop, who)[0]
        assert (last["tier"], last["reason"], last["from"]) == ("base", "downgrade", "2025-12-31T23:00:00+00:00")
        assert last["until"] is None

    def test_what_should_not_have_been_stays_in_it(self, shop, club, who, now_is):
        ladder(club, model="calendar", validity="rest_of_cycle")
        earn(club, who, 1000, noon(club, 2024, 6, 1))
        earn(club, who, 960, noon(club, 2025, 6, 1))
        earn(club, who, 60, noon(club, 2025, 12, 28), now=noon(club, 2026, 1, 12))
        superseded = [one for one in self.told(shop, who) if one["superseded_at"]]
        assert [(one["tier"], one["reason"]) for one in superseded] == [("silver", "downgrade")]

    def test_it_is_paged_and_narrowed_to_a_ladder(self, shop, club, who, late):
        paid = TierGroup.objects.create(program=club, code="plus", name="Plus", model="manual")
        Standing.objects.create(
            member=who, group=paid, tier=None, since_at=at(2026, 1, 1), from_at=at(2026, 1, 1), reason="manual"
        )
        rows = self.told(shop, who, group="plus")
        assert [(one["group"], one["tier"], one["name"]) for one in rows] == [("plus", None, None)]
        assert {one["group"] for one in self.told(shop, who, group="main")} == {"main"}
        assert self.told(shop, who, group="none") == []
        page = shop.get(f"members/{who.number}/tiers/", page_size="1").said
        assert (len(page["results"]), page["previous"]) == (1, None)
        assert page["next"]

    def test_what_staff_wrote_is_between_the_owner_and_its_members(self, shop, club, who):
        Standing.objects.filter(member=who).update(note="A friend of the house", caused_by=7)
        guest = factories.partner("cafe")
        Participation.objects.create(program=club, partner=guest)
        club.refresh_from_db()
        assert [(one["note"], one["transaction"]) for one in self.told(shop, who)] == [("A friend of the house", 7)]
        rows = self.told(Caller(guest), who)
        assert [(one["tier"], one["reason"], one["note"], one["transaction"]) for one in rows] == [
            ("base", "enrolment", None, None)
        ]

    def test_a_member_of_another_program_is_unknown(self, shop, club):
        other = factories.member(factories.program("other"))
        answer = shop.get(f"members/{other.number}/tiers/")
        assert (answer.status_code, answer.said["code"]) == (404, "member_unknown")

    @pytest.mark.parametrize(
        ("query", "code"),
        [({"tier": "gold"}, "unknown_parameter"), ({"page_size": "0"}, "invalid_number")],
    )
    def test_a_query_that_is_none(self, shop, who, query, code):
        answer = shop.get(f"members/{who.number}/tiers/", **query)
        assert (answer.status_code, answer.said["errors"][0]["code"]) == (400, code)

    def test_a_key_that_may_not_read_learns_nothing(self, club, who):
        answer = Caller(club.owner, scopes=["earn"]).get(f"members/{who.number}/tiers/")
        assert (answer.status_code, answer.said["code"]) == (403, "scope_missing")
