"""What does each kind of rule give, and what does it say when it gives nothing?"""

import pytest

from programs import rules
from tests.support.examples import earn, line, nearest, points, purchase, rule

MINIMUM = {"points": "1", "per": "1", "minimum": "20"}

BANDS = {"bands": "100: 10, 250: 30"}
BIRTHDAY = {"occasion": "birthday", "points": "100"}

COFFEES = {"counts": "units", "every": "5", "points": "50"}
NTH = {"every": "10", "points": "50"}
STREAK = {"length": "7", "periods": "days", "points": "70"}

GIVES = [
    # kind, params, activity, points
    pytest.param("per_amount", {"points": "1", "per": "1"}, purchase(12_345), 123, id="a point for each whole euro"),
    pytest.param("per_amount", {"points": "1", "per": "10"}, purchase(10_500), 10, id="C2-X2: 105 at one per ten"),
    pytest.param("per_amount", {"points": "2.5", "per": "1"}, purchase(300), 7, id="two and a half for each euro"),
    pytest.param("per_amount", {"points": "1", "per": "0.001"}, purchase(1), 10, id="the finest money there is"),
    pytest.param("per_amount", MINIMUM, purchase(2_000), 20, id="the minimum itself is enough"),
    pytest.param("per_amount", {"points": "1", "per": "1"}, purchase(0), 0, id="a free purchase"),
    pytest.param("per_unit", {"points": "10"}, purchase(500, line(500, quantity=3)), 30, id="ten for each unit"),
    pytest.param(
        "per_unit",
        {"points": "0.5"},
        purchase(9, line(4, quantity=1), line(5, quantity=2)),
        1,
        id="half a point each",
    ),
    pytest.param("per_visit", {"points": "5"}, purchase(1), 5, id="a purchase is a visit"),
    pytest.param("per_visit", {"points": "5"}, purchase(kind="visit"), 5, id="a visit without a purchase"),
    pytest.param("per_visit", {"points": "5", "minimum": "2"}, purchase(200), 5, id="a visit with its minimum"),
    pytest.param("per_visit", {"points": "5", "counts": "lesson"}, purchase(kind="lesson"), 5, id="a named visit"),
    pytest.param("fixed", {"points": "50", "events": "review"}, purchase(kind="review"), 50, id="a review"),
    pytest.param("fixed", {"points": "7", "events": "a, b"}, purchase(kind="b"), 7, id="one of two events"),
    pytest.param("spend_bands", BANDS, purchase(25_000), 30, id="the band that is reached"),
    pytest.param("formula", {"formula": "eligible / 2"}, purchase(5_000), 25, id="half a point for each euro"),
    pytest.param("occasion", BIRTHDAY, purchase(kind="birthday"), 100, id="a birthday"),
    pytest.param("target", COFFEES, purchase(900, line(900, quantity=5)), 50, id="five coffees at once"),
]


@pytest.mark.parametrize(("kind", "params", "activity", "expected"), GIVES)
def test_a_rule_gives_its_points(kind, params, activity, expected):
    assert points(activity, rule(kind=kind, params=params)) == expected


SILENT = [
    ("per_amount", MINIMUM, purchase(1_999), "the eligible amount is below the minimum of 20"),
    ("per_amount", MINIMUM | {"minimum": "0.125"}, purchase(12), "the eligible amount is below the minimum of 0.125"),
    ("spend_bands", BANDS, purchase(9_999), "the eligible amount is below the first band, 100"),
    ("formula", {"formula": "1 / quantity"}, purchase(100), "the formula divides by zero"),
    ("per_unit", {"points": "1"}, purchase(100), "no unit of such a product was bought"),
    ("per_visit", {"points": "1", "minimum": "2"}, purchase(199), "less than the minimum was spent"),
    ("target", COFFEES, purchase(900, line(900, quantity=3)), "3 of 5 units, 2 to go"),
    ("target", COFFEES, purchase(900), "it has none of the units that it counts"),
    ("every_nth", NTH, purchase(900), "1 of 10 times, 9 to go"),
    ("streak", STREAK, purchase(900), "1 day in a row, 6 to go"),
    ("discount", {"percent": "10"}, purchase(0), "nothing that it counts costs anything"),
]


@pytest.mark.parametrize(("kind", "params", "activity", "why"), SILENT)
def test_a_rule_that_gives_nothing_says_why(kind, params, activity, why):
    earned = earn(activity, rule(kind=kind, params=params))
    assert earned.points == {}
    assert earned.trace["nearest"]["why"] == why


DEAF = [
    ("per_amount", {"points": "1", "per": "1"}, "visit"),
    ("per_unit", {"points": "1"}, "visit"),
    ("per_visit", {"points": "1"}, "review"),
    ("fixed", {"points": "1", "events": "b,a"}, "c"),
    ("no_points", {"events": "b,a"}, "c"),
    ("occasion", BIRTHDAY, "anniversary"),
]


@pytest.mark.parametrize(("kind", "params", "activity"), DEAF)
def test_a_rule_of_another_kind_of_activity_gives_nothing_and_is_not_named(kind, params, activity):
    earned = earn(purchase(1_000, line(1_000, quantity=1), kind=activity), rule(kind=kind, params=params))
    assert earned.points == {}
    assert "nearest" not in earned.trace


def test_a_tier_multiplies_what_the_base_rules_give():
    """C5-X1 without the promotion: 120 euro, Gold 1.5."""
    given = earn(purchase(12_000), rule(), rule("tier", "tier_multiplier"), tier="gold")
    assert given.points == {"points": 180}
    assert given.trace["rules"][0]["exact"] == "120"
    assert given.trace["rules"][0]["multiplied_by"][0]["factor"] == "1.5"


@pytest.mark.parametrize(
    ("tier", "why"), [("silver", "the tier Silver multiplies by 1"), (None, "the member holds no tier")]
)
def test_a_tier_that_multiplies_by_one_is_silent(tier, why):
    activity, both = purchase(12_000), [rule(), rule("tier", "tier_multiplier")]
    assert points(activity, *both, tier=tier) == 120
    assert nearest(activity, *both, tier=tier) == why


def test_a_multiplier_of_a_named_group_reads_the_tier_of_that_group():
    both = [rule(), rule("tier", "tier_multiplier", {"tier_group": "main"})]
    assert points(purchase(100_00), *both, tier="gold") == 150


#: test_multipliers.py is about them.
MULTIPLIERS = {"multiplier", "tier_multiplier"}
#: They give nothing to whom nothing was counted yet; test_counting_rules.py is about them.
COUNTING = {"every_nth", "streak"}


def test_every_kind_stands_in_the_tables():
    # test_discounts.py is about those that take money off.
    told = {row.values[0] for row in GIVES} | MULTIPLIERS | COUNTING | {"no_points", "discount"}
    assert told == set(rules.registry) == {slug for slug, _ in rules.choices()}
    assert {row[0] for row in SILENT + DEAF} | MULTIPLIERS == set(rules.registry)


def test_every_kind_has_a_label_and_explains_its_parameters():
    for kind in rules.registry.values():
        assert kind.label
        assert all(field.help_text for field in kind.Params().fields.values())
