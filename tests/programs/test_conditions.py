"""When does a rule hold? Each condition met, and each missed with its reason."""

from datetime import UTC, datetime

import pytest

from programs import document
from programs.rules import conditions
from tests.support.examples import earn, line, nearest, points, program, purchase, rule

SHOES = purchase(1_000, line(600, "S1", category="shoes", quantity=2), line(400, "H1", category="hats"))
LABELLED = purchase(
    1_000,
    line(600, attributes={"colour": "red", "size": "42"}),
    line(400, labels=("sale", "last"), attributes={"colour": "red"}),
)
EVENING = {"hours": ["17:00", "19:00"]}
NIGHT = {"hours": ["22:00", "06:00"]}


def at(hour, minute=0, day=3):
    """A purchase of 10 euro at that time of March 2025 in Paris, which is UTC+1."""
    return purchase(1_000, activity_at=datetime(2025, 3, day, hour - 1, minute, tzinfo=UTC))


#: Conditions that ask what a program has, for which these rules have none.
OF_PROGRAM = {"sku_list", "segments", "only_if"}

MET = [
    ({"channels": ["web", "app"]}, purchase(1_000, channel="app"), 10),
    ({"stores": ["lyon"]}, purchase(1_000, store="lyon"), 10),
    ({"partners": ["bakery"]}, purchase(1_000, partner="bakery"), 10),
    pytest.param({"partners": ["shop"]}, purchase(1_000), 10, id="no partner means the owner"),
    ({"codes": ["SPRING"]}, purchase(1_000, code="SPRING"), 10),
    ({"tiers": ["gold"]}, purchase(1_000), 10),
    ({"birthday_month": True}, purchase(1_000), 10),
    ({"tags": ["press", "vip"]}, purchase(1_000), 10),
    ({"language": ["de"]}, purchase(1_000), 10),
    ({"purchase_number": {"least": 2, "most": 3}}, purchase(1_000), 10),
    pytest.param({"days_since_last": {"most": "14"}}, purchase(1_000), 10, id="the last day is inside, as a text"),
    ({"weekdays": [1]}, purchase(1_000), 10),
    pytest.param({"weekdays": [2]}, at(24, 30), 10, id="23:30 in London is Tuesday in Paris"),
    pytest.param(EVENING, at(17), 10, id="the first minute is inside"),
    pytest.param(EVENING, at(18, 59), 10, id="the last minute is inside"),
    pytest.param(NIGHT, at(23), 10, id="before midnight"),
    pytest.param(NIGHT, at(5, 59), 10, id="after midnight"),
    pytest.param({"products": ["S1"]}, SHOES, 6, id="only the lines of the product count"),
    pytest.param({"categories": ["hats", "coats"]}, SHOES, 4, id="only the lines of the category count"),
    pytest.param({"categories": ["shoes", "hats"]}, SHOES, 10, id="all lines count"),
    pytest.param({"labels": ["new", "sale"]}, LABELLED, 4, id="only lines with one of the labels count"),
    ({"line_attributes": {"colour": ["red"], "size": [42]}}, LABELLED, 6),
    pytest.param({"amount": {"least": "10.00"}}, purchase(1_000), 10, id="the least amount is inside"),
    pytest.param({"amount": {"most": "10"}}, purchase(1_000), 10, id="the largest amount is inside"),
    pytest.param({"amount": {"least": "9", "most": "11"}}, purchase(1_500, gift_card=500), 10, id="what may earn"),
    ({"quantity": {"least": 2, "most": 3}}, SHOES, 10),
    pytest.param({"categories": ["shoes"], "quantity": {"most": 2}}, SHOES, 6, id="units of the lines that count"),
    ({"attributes": {"cabin": ["first", "business"]}}, purchase(1_000, attributes={"cabin": "first"}), 10),
    pytest.param({"attributes": {"n": ["2.50"]}}, purchase(1_000, attributes={"n": "2.5"}), 10, id="numbers"),
    pytest.param({"attributes": {"n": [7]}}, purchase(1_000, attributes={"n": [5, 7]}), 10, id="one of a list"),
    pytest.param({"attributes": {"gift": [True]}}, purchase(1_000, attributes={"gift": True}), 10, id="booleans"),
    pytest.param({"dates": [["2025-03-01", "2025-03-03"]]}, purchase(1_000), 10, id="the last day is inside"),
    pytest.param({"dates": [["03-03", "03-31"]]}, purchase(1_000), 10, id="the first day of a season is inside"),
    pytest.param({"dates": [["12-01", "03-03"]]}, purchase(1_000), 10, id="a season over the new year"),
]


@pytest.mark.parametrize(("given", "activity", "expected"), MET)
def test_a_rule_fires_when_its_condition_is_met(given, activity, expected):
    seen = {"birthday": ["month"], "tags": ["vip"], "language": ["de"]}
    seen |= {"purchase_number": ["3"], "days_since_last": ["14"]}
    assert points(activity, rule(conditions=given), tier="gold", seen=seen) == expected


MISSED = [
    ({"channels": ["web", "app"]}, purchase(1_000, channel="till"), "channel is till, needs app, web"),
    ({"channels": ["web"]}, purchase(1_000), "channel is not given, needs web"),
    ({"stores": ["lyon"]}, purchase(1_000, store="nice"), "store is nice, needs lyon"),
    ({"partners": ["bakery"]}, purchase(1_000), "partner is shop, needs bakery"),
    ({"codes": ["SPRING"]}, purchase(1_000, code="spring"), "code is spring, needs SPRING"),
    ({"tiers": ["gold"]}, purchase(1_000), "tier is silver, needs gold"),
    ({"birthday_month": True}, purchase(1_000), "the birthday of the member is not known, or not in March"),
    ({"tags": ["vip", "press"]}, purchase(1_000), "the member has no such tag, needs press, vip"),
    ({"language": ["de"]}, purchase(1_000), "the member has no such language, needs de"),
    (
        {"purchase_number": {"most": 3}},
        purchase(1_000),
        "the number of the purchase is 4 or a later one, needs at most 3",
    ),
    ({"days_since_last": {"least": 15}}, purchase(1_000), "days since the last purchase: 14, needs at least 15"),
    ({"weekdays": [2, 7]}, purchase(1_000), "it was a Monday, needs Tuesday, Sunday"),
    (EVENING, at(16, 59), "it was 16:59, needs 17:00 to 19:00"),
    (EVENING, at(19), "it was 19:00, needs 17:00 to 19:00"),
    (NIGHT, at(6), "it was 06:00, needs 22:00 to 06:00"),
    (NIGHT, at(21, 59), "it was 21:59, needs 22:00 to 06:00"),
    ({"products": ["S2"]}, SHOES, "no line with sku S2"),
    ({"categories": ["coats"]}, SHOES, "no line with category coats"),
    ({"categories": ["shoes"]}, purchase(1_000), "no line with category shoes"),
    ({"labels": ["new"]}, LABELLED, "no line with label new"),
    ({"labels": ["sale"]}, purchase(1_000), "no line with label sale"),
    ({"line_attributes": {"colour": ["blue", "green"]}}, LABELLED, "no line with colour blue or green"),
    ({"amount": {"least": "10.01"}}, purchase(1_000), "10 of the amount may earn, needs at least 10.01"),
    ({"amount": {"least": 1, "most": 9}}, purchase(1_000), "10 of the amount may earn, needs 1 to 9"),
    ({"quantity": {"least": 4}}, SHOES, "units that count: 3, needs at least 4"),
    ({"categories": ["hats"], "quantity": {"least": 2}}, SHOES, "units that count: 1, needs at least 2"),
    ({"attributes": {"cabin": ["first"]}}, purchase(1_000), "the attribute cabin is not given, needs first"),
    (
        {"attributes": {"n": [7]}},
        purchase(1_000, attributes={"n": "007"}),
        "the attribute n is 007, needs 7",
    ),
    (
        {"attributes": {"gift": ["true"]}},
        purchase(1_000, attributes={"gift": True}),
        "the attribute gift is true, needs true",
    ),
    (
        {"dates": [["2025-03-01", "2025-03-02"], ["12-01", "12-24"]]},
        purchase(1_000),
        "it was 3 March 2025, needs from 1 March 2025 to 2 March 2025, each year from 1 December to 24 December",
    ),
]


@pytest.mark.parametrize(("given", "activity", "why"), MISSED)
def test_a_missed_condition_says_what_was_found_and_what_was_needed(given, activity, why):
    seen = {"purchase_number": ["4+"], "days_since_last": ["14"]}
    earned = earn(activity, rule(conditions=given), tier="silver", seen=seen)
    assert earned.points == {}
    assert earned.trace["nearest"]["why"] == why


def test_who_bought_nothing_before_is_told_so():
    bought = {"days_since_last": {"least": 15}}
    assert nearest(purchase(100), rule(conditions=bought)) == "there was no purchase before it"
    first = {"purchase_number": {"most": 1}}
    assert (
        nearest(purchase(100), rule(conditions=first)) == "the number of the purchase is not known, needs at most 1"
    )


def test_a_member_is_in_one_of_the_segments_or_told_in_which_they_are_not():
    asking = rule(conditions={"segments": ["vip", "staff"]})
    options = {"segments": ("vip", "staff", "lapsed")}
    assert points(purchase(1_000), asking, seen={"segments": ["staff"]}, **options) == 10
    why = nearest(purchase(1_000), asking, seen={"segments": ["lapsed"]}, **options)
    assert why == "the member is in none of these segments: staff, vip"


UNREADABLE = [
    ({"purchase_number": {"least": 0}}, "purchase_number: least must be a whole number from 1 to 1000"),
    ({"purchase_number": {"most": "1.5"}}, "purchase_number: most must be a whole number from 1 to 1000"),
    ({"purchase_number": {"most": 1001}}, "purchase_number: most must be a whole number from 1 to 1000"),
    ({"purchase_number": {"least": 3, "most": 2}}, "purchase_number: least 3 is above most 2"),
    (
        {"purchase_number": 1},
        "purchase_number: must be an object with least, most or both, "
        'like {"least": 1, "most": 1}, the first purchase',
    ),
    ({"days_since_last": {"least": 40_000}}, "days_since_last: least must be a whole number from 0 to 36500"),
    ({"segments": "vip"}, "segments: must be a list of 1 to 1000 codes of segments"),
]


@pytest.mark.parametrize(("given", "why"), UNREADABLE)
def test_what_cannot_be_meant_of_a_member_is_refused_at_its_place(given, why):
    [problem] = document.check(program(rule(conditions=given), segments=("vip",)))
    assert str(problem) == f"rules[0].conditions.{why}"


def test_a_member_without_a_tier_is_told_so():
    assert earn(purchase(100), rule(conditions={"tiers": ["gold"]})).trace["nearest"]["why"] == (
        "tier is nothing, needs gold"
    )


def test_two_line_conditions_narrow_together():
    both = {"products": ["S1", "H1"], "categories": ["hats"]}
    assert points(SHOES, rule(conditions=both)) == 4


def test_a_category_may_come_from_the_catalogue():
    bare = purchase(1_000, line(600, "S1"), line(400, "H1", category="hats"))
    known = {"S1": "shoes", "H1": "shoes"}
    only_shoes = rule(conditions={"categories": ["shoes"]})
    # What the sender says of a line wins over the catalogue.
    assert points(bare, only_shoes, category_of=known) == 6


def test_the_minimum_counts_only_the_lines_that_the_rule_counts():
    params = {"points": "1", "per": "1", "minimum": "5"}
    assert points(SHOES, rule(params=params, conditions={"categories": ["shoes"]})) == 6
    assert points(SHOES, rule(params=params, conditions={"categories": ["hats"]})) == 0


def test_every_condition_stands_in_both_tables_but_one_that_asks_what_the_program_has():
    met = {key for row in MET for key in (row.values if hasattr(row, "values") else row)[0]}
    assert met == {key for row in MISSED for key in row[0]} == set(conditions.registry) - OF_PROGRAM


DATES = [
    ("2025-03-03", None, 10),
    ("2025-03-04", None, 0),
    (None, "2025-03-03", 10),
    (None, "2025-03-02", 0),
    ("2025-03-03", "2025-03-03", 10),
]


@pytest.mark.parametrize(("starts_on", "ends_on", "expected"), DATES)
def test_both_dates_of_a_rule_are_inclusive(starts_on, ends_on, expected):
    """C1-R3"""
    assert points(purchase(1_000), rule(starts_on=starts_on, ends_on=ends_on)) == expected


def test_the_day_of_a_rule_is_the_day_of_the_program():
    """C1-R1: 23:10Z on 2 March is 3 March in Paris."""
    late = purchase(1_000, activity_at=datetime(2025, 3, 2, 23, 10, tzinfo=UTC))
    assert points(late, rule(starts_on="2025-03-03")) == 10
    assert points(late, rule(starts_on="2025-03-03"), time_zone="UTC") == 0
