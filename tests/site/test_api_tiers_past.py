"""Where a member stood on each ladder, as it was true and as it was known, and why, over HTTP."""

import pytest

from members.models import Standing
from programs.models import Participation, TierGroup
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.factories import at
from tests.support.ladders import earn, ladder, noon, settle, standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(club):
    return factories.member(club, enrolled_at=at(2024, 1, 10))


class TestThen:
    def then(self, shop, who, **axes):
        answer = shop.get(f"members/{who.number}/", **{name: value.isoformat() for name, value in axes.items()})
        assert answer.status_code == 200, answer.said
        return [one["tier"] for one in answer.said["tiers"]]

    @pytest.fixture
    def lowered(self, club, who, now_is):
        """Gold until the end of 2025; nobody looks before 1 March 2026."""
        ladder(club, model="calendar", validity="rest_of_cycle")
        earn(club, who, 1000, noon(club, 2024, 6, 1))
        # Nothing else is due then.
        settle(who, noon(club, 2025, 12, 30))
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
        # Nothing else is due then.
        settle(who, noon(club, 2025, 12, 30))
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
