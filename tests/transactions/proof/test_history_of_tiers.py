"""Which tier was held at any instant, as it was true and as we knew it, is told after it was assessed again."""

import pytest

from tests.support import factories
from tests.support.factories import at
from tests.support.ladders import earn, ladder, midnight, noon, settle
from transactions.proof import history


@pytest.fixture
def made(db):
    made = factories.program(max_backdate_days=900)
    ladder(made, model="calendar", validity="rest_of_cycle")
    return made


@pytest.fixture
def who(made):
    """C16-X1: gold through 2025, lowered to silver on 1 January 2026, gold after all as came out on 12 January."""
    who = factories.member(made, enrolled_at=at(2024, 1, 10))
    who.standings.update(recorded_at=at(2024, 1, 10))
    earn(made, who, 1000, noon(made, 2024, 6, 1))
    settle(who, midnight(made, 2025, 1, 1))
    earn(made, who, 960, noon(made, 2025, 6, 1))
    settle(who, midnight(made, 2026, 1, 1))
    earn(made, who, 60, noon(made, 2025, 12, 28), now=noon(made, 2026, 1, 12))
    return who


@pytest.mark.parametrize(
    ("true_at", "known_at", "code"),
    [
        ((2025, 12, 31), None, "gold"),
        ((2026, 1, 5), None, "gold"),
        ((2026, 1, 20), None, "gold"),
        (None, (2025, 12, 31), "gold"),
        (None, (2026, 1, 1), "silver"),
        (None, (2026, 1, 11), "silver"),
        (None, (2026, 1, 12), "gold"),
        ((2026, 1, 5), (2026, 1, 5), "silver"),
        ((2026, 1, 5), (2026, 1, 12), "gold"),
        ((2025, 12, 31), (2026, 1, 5), "gold"),
        ((2024, 3, 1), (2026, 1, 12), "base"),
        ((2024, 3, 1), None, "base"),
        (None, None, "gold"),
    ],
)
def test_a_downgrade_that_was_superseded_is_told_only_for_what_was_known_meanwhile(
    made, who, true_at, known_at, code
):
    true_at, known_at = (noon(made, *day, hour=13) if day else None for day in (true_at, known_at))
    tiers = history.as_of(who.pk, true_at=true_at, known_at=known_at).tiers
    group = made.tier_groups.get()
    assert tiers == {group.pk: group.tiers.get(code=code).pk}


def test_a_tier_that_ended_without_another_is_told_as_none(made):
    ladder(made, tiers={"base": {"threshold": 100}})
    who = factories.member(made, enrolled_at=at(2024, 1, 10))
    assert history.as_of(who.pk).tiers == {}
    earn(made, who, 500, noon(made, 2024, 6, 1))
    settle(who, midnight(made, 2026, 1, 1))
    group = made.tier_groups.get()
    silver = group.tiers.get(code="silver").pk
    assert history.as_of(who.pk, true_at=noon(made, 2025, 6, 1)).tiers == {group.pk: silver}
    assert history.as_of(who.pk, true_at=midnight(made, 2026, 1, 1)).tiers == {}
    assert history.as_of(who.pk, known_at=noon(made, 2024, 12, 1)).tiers == {group.pk: silver}


def test_what_time_does_is_true_and_known_at_its_instant_however_late_it_is_booked(made):
    who = factories.member(made, enrolled_at=at(2024, 1, 10))
    earn(made, who, 1000, noon(made, 2024, 6, 1))
    settle(who, noon(made, 2026, 3, 1))
    group = made.tier_groups.get()
    tier = {code: group.tiers.get(code=code).pk for code in ("base", "gold")}
    for axes, code in (
        ({"true_at": noon(made, 2025, 12, 31)}, "gold"),
        ({"true_at": midnight(made, 2026, 1, 1)}, "base"),
        ({"known_at": noon(made, 2025, 12, 31)}, "gold"),
        ({"known_at": midnight(made, 2026, 1, 1)}, "base"),
    ):
        assert history.as_of(who.pk, **axes).tiers == {group.pk: tier[code]}
