"""Who holds a tier may get other points by the same rule."""

import pytest

from programs import document
from programs.rules.base import Facts
from programs.rules.per_visit import PerVisit
from tests.support.examples import line, points, program, purchase, rule

BY_TIER = {"points": "1", "by_tier": "silver: 1.5, gold: 2"}


@pytest.mark.parametrize(
    ("kind", "params", "activity"),
    [
        ("per_amount", {"per": "1"}, purchase(1_000)),
        ("per_amount", {"per": "1", "whole_steps": True}, purchase(1_050)),
        ("per_unit", {}, purchase(1_000, line(1_000, quantity=10))),
        ("per_unit", {"fractions": True}, purchase(1_000, line(1_000, quantity=10))),
    ],
)
def test_who_holds_a_tier_gets_its_points(kind, params, activity):
    earning = rule(kind=kind, params=BY_TIER | params)
    assert [points(activity, earning, tier=tier) for tier in (None, "silver", "gold")] == [10, 15, 20]


@pytest.mark.parametrize(("kind", "params"), [("per_visit", {}), ("fixed", {"events": "purchase"})])
def test_so_it_is_for_visits_and_events(kind, params):
    earning = rule(kind=kind, params={"points": "10", "by_tier": "gold: 25"} | params)
    assert [points(purchase(100), earning, tier=tier) for tier in (None, "silver", "gold")] == [10, 10, 25]


def test_lines_that_are_rounded_each_have_the_rate_of_the_tier():
    earning = rule(params=BY_TIER | {"per": "1"})
    assert points(purchase(398, line(199), line(199)), earning, tier="silver", round_per="line") == 2 + 2


def test_it_may_be_less_than_what_others_get():
    assert points(purchase(1_000), rule(params={"points": "2", "per": "1", "by_tier": "gold: 1"}), tier="gold") == 10


def test_of_the_tiers_of_several_ladders_the_one_that_gives_most_counts():
    visit = PerVisit({"points": 1, "by_tier": "gold: 3, friend: 5, silver: 7"})
    assert visit.points(None, Facts(tiers={"main": "gold", "club": "friend"}), None) == [5]


@pytest.mark.parametrize("kind", ["per_amount", "per_unit", "per_visit", "fixed"])
def test_a_tier_that_the_program_does_not_have_is_refused(kind):
    own = {"per": "1"} if kind == "per_amount" else {"events": "visit"} if kind == "fixed" else {}
    params = {"points": "1", "by_tier": "gold: 2, iron: 3, tin: 4"} | own
    [problem] = document.check(program(rule("a", kind, params)))
    assert str(problem) == "rules[0].params.by_tier: none called iron, tin is a tier of the program"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("gold", "“gold” cannot be read: write it like gold: 2, silver: 1.5"),
        ("gold: 2; silver: 3", "“2; silver: 3” is no number: write digits, and a point before up to 4 places"),
        ("gold: 2, gold: 3", "“gold” stands there twice"),
        ("gold: 0", "gold: must be positive"),
        ("go ld: 1", "“go ld” is no code of a tier"),
        ("gold: 1.23456", "“1.23456” is no number: write digits, and a point before up to 4 places"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_field(text, why):
    [problem] = document.check(program(rule("a", "per_visit", {"points": "1", "by_tier": text})))
    assert str(problem) == f"rules[0].params.by_tier: {why}"
