"""Who is in a segment may get other points by the same rule."""

import pytest

from programs import document
from programs.rules.base import Facts
from programs.rules.per_visit import PerVisit
from tests.support.examples import compiled, line, points, program, purchase, rule

CODES = ("vip", "staff")
BY_SEGMENT = {"points": "1", "by_segment": "vip: 2, staff: 0.5"}


@pytest.mark.parametrize(
    ("kind", "params", "activity"),
    [
        ("per_amount", {"per": "1"}, purchase(1_000)),
        ("per_amount", {"per": "1", "whole_steps": True}, purchase(1_050)),
        ("per_unit", {}, purchase(1_000, line(1_000, quantity=10))),
    ],
)
def test_who_is_in_a_segment_gets_its_points(kind, params, activity):
    earning = rule(kind=kind, params=BY_SEGMENT | params)
    seen = [{}, {"segments": ["vip"]}, {"segments": ["staff"]}]
    assert [points(activity, earning, seen=one, segments=CODES) for one in seen] == [10, 20, 5]


@pytest.mark.parametrize(("kind", "params"), [("per_visit", {}), ("fixed", {"events": "purchase"})])
def test_so_it_is_for_visits_and_events(kind, params):
    earning = rule(kind=kind, params={"points": "10", "by_segment": "vip: 25"} | params)
    seen = [{}, {"segments": ["vip"]}]
    assert [points(purchase(100), earning, seen=one, segments=CODES) for one in seen] == [10, 25]


def test_of_all_rates_that_apply_the_one_that_gives_most_counts():
    visit = PerVisit({"points": 1, "by_segment": "vip: 3, staff: 5", "by_tier": "gold: 4, silver: 9"})
    both = {"segments": ["staff", "vip"]}
    assert visit.points(None, Facts(seen=both), None) == [5]
    assert visit.points(None, Facts(tiers={"main": "gold"}, seen={"segments": ["vip"]}), None) == [4]
    assert visit.points(None, Facts(tiers={"main": "silver"}, seen=both), None) == [9]


def test_what_its_rates_ask_is_read_with_what_conditions_ask():
    rules = rule(params=BY_SEGMENT | {"per": "1"}), rule("b", group="b", conditions={"segments": ["lapsed"]})
    made = compiled(*rules, segments=(*CODES, "lapsed"))
    assert made.asks == {"segments": {"vip", "staff", "lapsed"}}
    assert made.listening("visit").asks == {}


@pytest.mark.parametrize("kind", ["per_amount", "per_unit", "per_visit", "fixed"])
def test_a_segment_that_the_program_does_not_have_is_refused(kind):
    own = {"per": "1"} if kind == "per_amount" else {"events": "visit"} if kind == "fixed" else {}
    params = {"points": "1", "by_segment": "vip: 2, moon: 3"} | own
    [problem] = document.check(program(rule("a", kind, params), segments=CODES))
    assert str(problem) == "rules[0].params.by_segment: none called moon is a segment of the program"


def test_a_condition_on_one_is_refused_too():
    wanted = program(rule(conditions={"not": {"segments": ["vip", "moon"]}}), segments=CODES)
    [problem] = document.check(wanted)
    assert str(problem) == "rules[0].conditions.not.segments: none called moon is a segment of the program"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("vip", "“vip” cannot be read: write it like vip: 2, staff: 0.5"),
        ("v ip: 1", "“v ip” is no code of a segment"),
        ("vip: 0", "vip: must be positive"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_field(text, why):
    [problem] = document.check(program(rule("a", "per_visit", {"points": "1", "by_segment": text}), segments=CODES))
    assert str(problem) == f"rules[0].params.by_segment: {why}"
