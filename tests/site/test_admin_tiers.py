"""What staff see of the tiers that a member holds and held, on pages and in lists, and why."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from loyalty_site.lib.panels import Cards
from members.models import Standing
from programs.models import Tier, TierGroup
from tests.support import factories
from tests.support.factories import at
from tests.support.ladders import benefit, earn, ladder, midnight, noon, settle, standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(club):
    return factories.member(club, enrolled_at=at(2024, 1, 10), last_name="Hamilton")


@pytest.fixture
def main(club):
    return ladder(club, model="calendar", validity="rest_of_cycle_plus_next", tiers={"gold": {"retention": 800}})


@pytest.fixture
def office(client, marketing, now_is, club):
    """Signs in at the instant of which a page is asked for, as sessions end."""

    def page(row, at_):
        now_is(at_)
        client.force_login(marketing)
        model = row._meta
        return client.get(reverse(f"admin:{model.app_label}_{model.model_name}_change", args=[row.pk]))

    return page


@pytest.fixture
def listed(client, marketing, now_is):
    def page(model, at_):
        now_is(at_)
        client.force_login(marketing)
        response = client.get(reverse(f"admin:members_{model}_changelist"))
        assert response.status_code == 200
        return words(response)

    return page


def words(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", unescape(text))


def card(response, place=0):
    panels = response.context["panels"]
    assert response.status_code == 200
    return next(panel for panel in panels if isinstance(panel, Cards)).cards[place]


class TestWhatIsDue:
    @pytest.fixture
    def ended(self, club, who):
        ladder(club, model="calendar", validity="rest_of_cycle")
        earn(club, who, 1000, noon(club, 2024, 6, 1))
        # Nothing else is due then.
        settle(who, noon(club, 2025, 12, 30))
        return midnight(club, 2026, 1, 1)

    def test_the_page_of_a_member_shows_the_tier_of_its_instant(self, club, who, ended, office):
        assert card(office(who, ended - timedelta(seconds=1))).value == "Gold"
        assert card(office(who, ended)).value == "Base"

    def test_the_list_of_members_shows_the_tiers_of_its_instant(self, club, who, ended, listed):
        assert "Gold" in listed("member", ended - timedelta(seconds=1))
        shown = listed("member", ended)
        assert "Base" in shown
        assert "Gold" not in shown

    def test_the_list_of_standings_shows_what_time_has_done(self, club, who, ended, listed):
        assert "Not kept" in listed("standing", ended)
        assert standing(who).reason == "downgrade"

    def test_the_page_of_a_standing_that_has_ended_says_when(self, club, who, ended, office):
        gold = standing(who)
        assert "Until now" in words(office(gold, ended - timedelta(seconds=1)))
        assert "Until 1 Jan 2026, 00:00" in words(office(gold, ended))

    def test_the_page_of_any_instant_knows_of_an_end_that_nobody_booked(self, client, marketing, now_is, who, ended):
        now_is(ended + timedelta(days=60))
        client.force_login(marketing)
        address = reverse("admin:members_member_as_of", args=[who.pk])
        shown = words(client.get(address, {"true_at": "2026-01-15 12:00"}))
        assert "Tier: Main Base" in shown
        assert "Tier: Main Gold" in words(client.get(address, {"true_at": "2025-12-31 12:00"}))
        assert "Tier: Main Base" in words(client.get(address, {"known_at": "2026-01-15 12:00"}))

    def test_a_list_of_whom_time_has_changed_nothing_writes_nothing(self, club, who, ended, listed):
        settle(who, ended)
        rows = Standing.objects.count()
        listed("member", ended)
        assert Standing.objects.count() == rows


class TestWhatThereWas:
    def test_standings_are_told_with_reasons_and_what_was_superseded_is_struck(self, club, who, office):
        ladder(club, model="calendar", validity="rest_of_cycle")
        earn(club, who, 1000, noon(club, 2024, 6, 1))
        earn(club, who, 960, noon(club, 2025, 6, 1))
        earn(club, who, 60, noon(club, 2025, 12, 28), now=noon(club, 2026, 1, 12))
        response = office(who, noon(club, 2026, 3, 1))
        table = next(one for one in response.context["panels"] if getattr(one, "title", "") == "Tiers held")
        assert [row[4].split(";")[0] for row in table.rows] == [
            "Assessed again",
            "Not kept",
            "Renewed",
            "Reached by activity",
            "Enrolment",
        ]
        lowered = table.rows[1]
        assert lowered[0].startswith("<s>")
        assert lowered[4] == "Not kept; superseded 12 Jan 2026, 12:00"
        assert lowered[5] == "960 Status points"
        assert not table.rows[0][0].startswith("<s>")

    def test_no_tier_is_a_row_too(self, club, office):
        ladder(club, model="calendar", validity="rest_of_cycle", tiers={"base": {"threshold": 100}})
        nobody = factories.member(club, enrolled_at=at(2024, 1, 10))
        earn(club, nobody, 100, noon(club, 2024, 6, 1))
        shown = words(office(nobody, noon(club, 2026, 3, 1)))
        assert "No tier 1 Jan 2026, 00:00 now" in shown

    def test_benefits_are_listed_with_their_days(self, club, who, main, office, listed):
        benefit(club, "gold", "lounge")
        benefit(club, "gold", "gift", ends_on="2026-03-31")
        earn(club, who, 1000, noon(club, 2026, 3, 1))
        shown = words(office(who, noon(club, 2026, 4, 1)))
        assert "Lounge Gold 1 Mar 2026, 12:00 usable now always" in shown
        assert "Gift Gold 1 Mar 2026, 12:00 over through 31 March 2026" in shown
        assert "Lounge" in listed("memberbenefit", noon(club, 2026, 4, 1))
        shown = words(office(who, noon(club, 2028, 4, 1)))
        assert "Lounge Gold 1 Mar 2026, 12:00 1 Jan 2028, 00:00 always" in shown


class TestWhy:
    def test_a_tier_that_was_reached_leads_to_its_transaction(self, club, who, main, office):
        earn(club, who, 400, noon(club, 2026, 2, 1), external_id="first")
        earn(club, who, 220, noon(club, 2026, 3, 1), external_id="second")
        response = office(standing(who), noon(club, 2026, 4, 1))
        why = next(one for one in response.context["panels"] if getattr(one, "title", "") == "Why").sentences
        assert why[0] == "Reached: 620 Status points counted from 1 January 2026 on."
        assert "By accrual second." in why[2]
        assert "/transactions/journal/" in why[2]
        assert "In place of Base" in why[3]

    def test_what_corrected_it_and_what_it_corrected_lead_to_each_other(self, club, who, office):
        ladder(club, model="calendar", validity="rest_of_cycle")
        earn(club, who, 1000, noon(club, 2024, 6, 1))
        earn(club, who, 960, noon(club, 2025, 6, 1))
        earn(club, who, 60, noon(club, 2025, 12, 28), now=noon(club, 2026, 1, 12))
        lowered, restored = who.standings.get(reason="downgrade"), standing(who)
        shown = words(office(lowered, noon(club, 2026, 3, 1)))
        assert "Superseded on 12 Jan 2026, 12:00: it counts only for what was known before." in shown
        assert "Corrected by Gold, held from 1 Jan 2026, 00:00 on." in shown
        shown = words(office(restored, noon(club, 2026, 3, 1)))
        assert "Assessed again: 1020 Status points counted from 1 January 2025 on." in shown
        assert "It corrected Silver, held from 1 Jan 2026, 00:00 on." in shown
        assert "In place of Gold" in shown

    def test_a_paid_tier_says_who_set_it_and_nothing_counted(self, club, who, office):
        paid = TierGroup.objects.create(program=club, code="plus", name="Plus", model="manual")
        tier = Tier.objects.create(group=paid, code="plus", name="Plus", sequence=1, threshold=None)
        row = Standing.objects.create(
            member=who,
            group=paid,
            tier=tier,
            since_at=at(2026, 1, 1),
            from_at=at(2026, 1, 1),
            reason="manual",
            note="Paid at the counter",
        )
        shown = words(office(row, noon(club, 2026, 4, 1)))
        assert "Set by staff. Staff wrote: Paid at the counter" in shown
