"""The card of a ladder on a member's page: what is held, until when, what raises and what keeps it."""

import pytest
from django.urls import reverse

from loyalty_site.lib.panels import Cards
from members.models import Standing
from programs.models import Tier, TierGroup
from tests.support import factories
from tests.support.factories import at
from tests.support.ladders import earn, ladder, midnight, noon, second_currency

pytestmark = pytest.mark.django_db


@pytest.fixture
def who(club):
    return factories.member(club, enrolled_at=at(2024, 1, 10))


@pytest.fixture
def main(club):
    return ladder(club, model="calendar", validity="rest_of_cycle_plus_next", tiers={"gold": {"retention": 800}})


@pytest.fixture
def drawn(client, marketing, now_is):
    """The card of a member at an instant; of the ladder at a place."""

    def page(member, at_, place=0):
        now_is(at_)
        client.force_login(marketing)
        response = client.get(reverse("admin:members_member_change", args=[member.pk]))
        assert response.status_code == 200
        return next(panel for panel in response.context["panels"] if isinstance(panel, Cards)).cards[place]

    return page


def marks(card):
    return [(bar.label, bar.share, [(mark.share, mark.label) for mark in bar.marks]) for bar in card.bars]


def test_points_to_the_next_tier_and_by_when(club, who, main, drawn):
    earn(club, who, 620, noon(club, 2026, 3, 1))
    card = drawn(who, noon(club, 2026, 4, 1))
    assert (card.label, card.value, card.note) == ("Main", "Silver", "until 31 December 2027")
    assert card.sentences[0] == "380 Status points to Gold by 31 December 2026."
    # Held until the end of 2027, so that points of 2027 decide whether it is kept.
    assert marks(card) == [
        ("620 Status points now", 62, [(100, "1000 Gold")]),
        ("0 Status points counted for keeping Silver", 0, [(100, "500 keeps Silver")]),
    ]
    assert card.sentences[1] == (
        "500 Status points to keep Silver by 31 December 2027, counted from 1 January 2027 on; else Base."
    )


def test_points_to_keep_the_tier_and_what_follows_without_them(club, who, main, drawn):
    earn(club, who, 1000, noon(club, 2025, 6, 1))
    earn(club, who, 700, noon(club, 2026, 3, 1))
    card = drawn(who, noon(club, 2026, 4, 1))
    assert (card.value, card.note) == ("Gold", "until 31 December 2026")
    assert card.sentences == [
        "This is the highest tier.",
        "100 Status points to keep Gold by 31 December 2026; else Silver.",
    ]
    assert marks(card) == [("700 Status points", 87, [(100, "800 keeps Gold")])]


def test_marks_for_keeping_and_for_the_next_tier_stand_on_one_bar(club, who, drawn):
    ladder(club, model="calendar", validity="rest_of_cycle")
    earn(club, who, 500, noon(club, 2025, 6, 1))
    earn(club, who, 250, noon(club, 2026, 3, 1))
    card = drawn(who, noon(club, 2026, 4, 1))
    assert marks(card) == [("250 Status points", 25, [(50, "500 keeps Silver"), (100, "1000 Gold")])]
    assert card.sentences == [
        "750 Status points to Gold by 31 December 2026.",
        "250 Status points to keep Silver by 31 December 2026; else Base.",
    ]


def test_a_tier_that_is_kept_already_says_so(club, who, main, drawn):
    earn(club, who, 1000, noon(club, 2025, 6, 1))
    earn(club, who, 800, noon(club, 2026, 3, 1))
    # Reached anew it would be renewed at once: 800 keep it only at the end.
    card = drawn(who, noon(club, 2026, 4, 1))
    assert "Gold is kept after 31 December 2026: enough is counted." in card.sentences


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ("any", "380 Status points or 10 Segments to Gold by 31 December 2026."),
        ("all", "2 Segments to Silver by 31 December 2026."),
    ],
)
def test_several_currencies_are_said_together(club, who, main, drawn, match, said):
    second_currency(club, main, thresholds={"silver": (2, None), "gold": (10, None)})
    ladder(club, match=match)
    earn(club, who, 620, noon(club, 2026, 3, 1))
    card = drawn(who, noon(club, 2026, 4, 1))
    assert card.sentences[0] == said
    assert [label for label, _, _ in marks(card)][-1].startswith("0 Segments")


def test_a_lifetime_ladder_has_no_days(club, who, drawn):
    earn(club, who, 620, noon(club, 2026, 3, 1))
    card = drawn(who, noon(club, 2026, 4, 1))
    assert (card.value, card.note) == ("Silver", "for life")
    assert card.sentences == ["380 Status points to Gold."]


def test_the_base_tier_has_no_end(club, who, main, drawn):
    card = drawn(who, noon(club, 2026, 4, 1))
    assert (card.value, card.note, card.warning) == ("Base", "", "")
    assert card.sentences == ["500 Status points to Silver by 31 December 2026."]


def test_the_top_of_a_lifetime_ladder_says_what_is_counted(club, who, drawn):
    earn(club, who, 1200, noon(club, 2026, 3, 1))
    card = drawn(who, noon(club, 2026, 4, 1))
    assert card.sentences == ["This is the highest tier.", "1200 Status points counted."]
    assert card.bars == []


def test_a_member_without_a_tier(club, drawn):
    ladder(club, tiers={"base": {"threshold": 100}})
    nobody = factories.member(club, enrolled_at=at(2024, 1, 10))
    card = drawn(nobody, noon(club, 2026, 4, 1))
    assert (card.value, card.note, card.colour) == ("No tier", "", "")
    assert card.sentences == ["100 Status points to Base."]


def test_a_paid_tier_says_when_it_ends_and_what_is_then(club, who, drawn):
    paid = TierGroup.objects.create(program=club, code="plus", name="Plus", model="manual")
    tier = Tier.objects.create(group=paid, code="plus", name="Plus", sequence=1, threshold=None)
    start, end = noon(club, 2026, 1, 1), midnight(club, 2027, 1, 1)
    Standing.objects.create(
        member=who,
        group=paid,
        tier=tier,
        since_at=start,
        from_at=start,
        valid_until=end,
        due_at=end,
        reason="manual",
    )
    card = drawn(who, noon(club, 2026, 4, 1), 1)
    assert (card.label, card.value, card.note) == ("Plus", "Plus", "until 31 December 2026")
    assert (card.sentences, card.bars) == (["Plus ends with 31 December 2026; then no tier."], [])


def test_grace_is_said(club, who, drawn):
    ladder(club, model="calendar", validity="rest_of_cycle", grace=1)
    earn(club, who, 1000, noon(club, 2024, 6, 1))
    card = drawn(who, noon(club, 2026, 1, 10))
    assert (card.value, card.warning) == ("Gold", "In grace through 31 January 2026.")
    assert card.sentences[-1] == "1000 Status points to keep Gold by 31 January 2026; else Base."


def test_a_lock_is_said(club, who, main, drawn):
    earn(club, who, 1000, noon(club, 2025, 6, 1))
    end = midnight(club, 2027, 4, 1)
    Standing.objects.current().filter(member=who).update(locked_until=end, due_at=end)
    card = drawn(who, noon(club, 2026, 4, 1))
    assert card.warning == "Locked through 31 March 2027: nothing raises or lowers it before."
    assert card.sentences[-1] == "800 Status points to keep Gold by 31 March 2027; else Base."


def test_a_downgrade_that_waits_is_said(club, who, drawn):
    ladder(club, model="calendar", validity="rest_of_cycle", on_end="one_level", holds_downgrades=True)
    earn(club, who, 1000, noon(club, 2024, 6, 1))
    card = drawn(who, noon(club, 2026, 2, 1))
    assert card.warning == ("It was not kept: since 1 January 2026 the step to Silver waits for somebody who agrees.")
    assert card.sentences[-1] == "1000 Status points to keep Gold; else Silver."
