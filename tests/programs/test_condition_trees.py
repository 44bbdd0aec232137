"""Conditions are put together by all, any and not; a rule counts the lines for which its whole tree holds."""

import pytest

from programs import document
from tests.support.examples import earn, line, nearest, points, program, purchase, rule

#: 5 euro of shoes, 3 of shoes on sale, 2 of hats.
BOUGHT = purchase(
    1_000,
    line(500, "S1", category="shoes", quantity=2),
    line(300, "S2", category="shoes", labels=("sale",)),
    line(200, "H1", category="hats", quantity=3),
)
SALE, SHOES, HATS = {"labels": ["sale"]}, {"categories": ["shoes"]}, {"categories": ["hats"]}
WEB, TILL = {"channels": ["web"]}, {"channels": ["till"]}
PAIR = {"quantity": {"least": 3}}

COUNTED = [
    pytest.param({"not": SALE}, 7, id="an exclusion"),
    pytest.param({**SHOES, "not": SALE}, 5, id="an exclusion beside a condition"),
    pytest.param({"not": {**SHOES, **SALE}}, 7, id="not is of all entries together"),
    pytest.param({"any": [SALE, HATS]}, 5, id="lines of either"),
    pytest.param({"any": [SHOES, SALE]}, 8, id="a line that is both counts once"),
    pytest.param({"all": [SHOES, SALE]}, 3, id="lines that are both"),
    pytest.param({**SHOES, **SALE}, 3, id="entries of one node"),
    pytest.param({"any": [SALE, TILL]}, 3, id="a basket that misses leaves the lines"),
    pytest.param({"any": [SALE, WEB]}, 10, id="a basket that fits takes all lines"),
    pytest.param({"any": [{**SALE, **TILL}, {**HATS, **WEB}]}, 2, id="each with its own"),
    pytest.param({"not": {"any": [SALE, HATS]}}, 5, id="neither of two"),
    pytest.param({"not": {"not": SALE}}, 3, id="not twice"),
    pytest.param({"not": TILL}, 10, id="not of the basket takes all lines"),
    pytest.param({"not": {"all": [SALE, TILL]}}, 10, id="not of both where one misses"),
    pytest.param({"any": [{"all": [{"not": SALE}, SHOES]}]}, 5, id="three deep"),
    pytest.param({**SHOES, **PAIR}, 8, id="a total of the lines beside it"),
    pytest.param({**PAIR, "any": [HATS]}, 2, id="a total of the lines that a tree keeps"),
    pytest.param({"all": [PAIR, HATS]}, 2, id="a total comes after what chooses, wherever it stands"),
    pytest.param({"any": [{**HATS, "quantity": {"least": 4}}, {**SHOES, **PAIR}]}, 8, id="a total inside its node"),
    pytest.param({**HATS, "any": [{"quantity": {"least": 4}}, WEB]}, 2, id="a total of the lines around it"),
    pytest.param({"not": {"quantity": {"least": 7}}}, 10, id="not of a total"),
]


@pytest.mark.parametrize(("given", "expected"), COUNTED)
def test_a_rule_counts_the_lines_for_which_its_tree_holds(given, expected):
    assert points(_web(BOUGHT), rule(conditions=given)) == expected


MISSED = [
    ({"not": WEB}, "it must not be by web"),
    ({"any": [TILL, {"labels": ["new"]}]}, "none of these: channel is web, needs till; no line with label new"),
    ({"all": [SALE, HATS]}, "no line with category hats"),
    ({**SALE, **HATS}, "no line is all that it asks for"),
    ({**SALE, "any": [{"quantity": {"least": 2}}]}, "none of these: units that count: 1, needs at least 2"),
    ({"not": {"any": [SALE, SHOES, HATS]}}, "it must not be (either on lines labelled sale or on shoes or on hats)"),
    ({"all": [HATS, {"quantity": {"least": 4}}]}, "units that count: 3, needs at least 4"),
]


@pytest.mark.parametrize(("given", "why"), MISSED)
def test_a_tree_that_does_not_hold_says_what_was_missing(given, why):
    assert earn(_web(BOUGHT), rule(conditions=given)).points == {}
    assert nearest(_web(BOUGHT), rule(conditions=given)) == why


@pytest.mark.parametrize(
    ("given", "expected"), [({"not": SALE}, 10), (SALE, 0), ({"any": [SALE, {"not": HATS}]}, 10)]
)
def test_where_there_are_no_lines_conditions_on_lines_do_not_hold_and_exclusions_do(given, expected):
    assert points(purchase(1_000), rule(conditions=given)) == expected


def test_what_stands_in_no_line_is_left_by_an_exclusion():
    shipped = purchase(1_000, line(300, labels=("sale",)), line(500))
    # 2 euro of the order are in no line.
    assert points(shipped, rule(conditions={"not": SALE})) == 7


def test_an_event_without_money_and_lines_is_asked_once():
    visit = purchase(0, kind="visit")
    given = rule("v", "per_visit", {"points": "5"}, conditions={"not": {"any": [SALE, TILL]}})
    assert points(visit, given) == 5


def test_a_rule_that_asks_for_two_kinds_of_lines_counts_none_of_them_for_a_visit():
    """A rule whose lines are all left out gives nothing, also where its points do not depend on them."""
    visit = rule("v", "per_visit", {"points": "5"}, conditions={**SALE, **HATS})
    assert points(BOUGHT, visit) == 0


WRONG = [
    ({"any": []}, "any: must be a list of 1 to 100 objects with conditions"),
    ({"all": WEB}, "all: must be a list of 1 to 100 objects with conditions"),
    ({"any": [{}]}, "any[0]: must name at least one condition"),
    ({"not": {}}, "not: must name at least one condition"),
    ({"not": [WEB]}, "not: must be an object"),
    ({"any": [WEB, {"moon": 1}]}, "any[1].moon: unknown condition; known are channels"),
    ({"not": {"any": [{"labels": []}]}}, "not.any[0].labels: must be a list of 1 to 1000 labels of lines"),
    ({"labels": ["x" * 1_000]}, "labels: must be a list of 1 to 1000 labels of lines, like sale; “xxxx"),
    ({"not": {"not": {"not": {"not": WEB}}}}, "not.not.not.not: conditions lie at most 3 levels"),
    ({"any": [{"all": [{"not": {"any": [WEB]}}]}]}, "any[0].all[0].not.any: conditions lie at most 3 levels"),
    ({"not": {"tiers": ["iron"]}}, "not.tiers: none called iron is a tier of the program"),
    ({"any": [{"partners": ["acme"]}]}, "any[0].partners: none called acme takes part in the program"),
    ({"amount": {"least": "10", "most": "9.99"}}, "amount: least 10 is above most 9.99"),
    ({"amount": {}}, "amount: must be an object with least, most or both"),
    ({"amount": {"min": 1}}, "amount: must be an object with least, most or both"),
    ({"amount": "10"}, "amount: must be an object with least, most or both"),
    ({"amount": {"least": "ten"}}, "amount: least must be a number from 0 with at most three decimals"),
    ({"quantity": {"least": True}}, "quantity: least must be a number from 0 with at most three decimals"),
    ({"quantity": {"most": -1}}, "quantity: most must be a number from 0 with at most three decimals"),
    ({"attributes": {"cabin": "first"}}, "attributes: “cabin” must be a list of 1 to 1000 values"),
    ({"attributes": {"cabin": []}}, "attributes: “cabin” must be a list of 1 to 1000 values"),
    ({"attributes": {"cabin": [None]}}, "attributes: “cabin” must be a list of 1 to 1000 values"),
    ({"attributes": {"cabin": ["x" * 65]}}, "attributes: “cabin” must be a list of 1 to 1000 values"),
    ({"attributes": {}}, "attributes: must be an object of 1 to 20 attributes"),
    ({"attributes": ["cabin"]}, "attributes: must be an object of 1 to 20 attributes"),
    ({"line_attributes": {" ": [1]}}, "line_attributes: the name of an attribute has 1 to 64 characters"),
    ({"dates": [["2026-12-24", "2026-12-01"]]}, "dates: 2026-12-24 to 2026-12-01 ends before it begins"),
    ({"dates": [["2026-12-01", "12-24"]]}, "dates: “2026-12-01”, “12-24” are not two days like 2026-12-01"),
    ({"dates": [["02-30", "03-01"]]}, "dates: “02-30”, “03-01” are not two days like 2026-12-01"),
    ({"dates": [["2026-12-01"]]}, "dates: must be a list of 1 to 100 spans of days"),
    ({"birthday_month": False}, "birthday_month: must be true; leave the condition out"),
    ({"tags": "vip"}, "tags: must be a list of 1 to 1000 tags of customers"),
    ({"dates": []}, "dates: must be a list of 1 to 100 spans of days"),
    ({"dates": [[1, 2]]}, "dates: must be a list of spans of days"),
]


@pytest.mark.parametrize(("given", "expected"), WRONG)
def test_what_cannot_be_meant_is_refused_at_its_path(given, expected):
    [problem] = document.check(program(rule(conditions=given)))
    assert str(problem).startswith(f"rules[0].conditions.{expected}")


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("fixed", {"points": 5, "events": "registration"}),
        ("occasion", {"occasion": "birthday", "points": 5}),
    ],
)
def test_a_rule_about_what_has_no_lines_must_not_ask_for_them(kind, params):
    given = {"products": ["A"], "not": {"any": [SALE, {"quantity": {"least": 2}}]}}
    found = document.check(program(rule("r", kind, params, conditions=given)))
    assert [problem.path.removeprefix("rules[0].conditions.") for problem in found] == [
        "products",
        "not.any[0].labels",
        "not.any[1].quantity",
    ]
    assert "has none" in found[0].message
    both = params | {"events": "registration, purchase"} if kind == "fixed" else None
    if both:
        assert document.check(program(rule("r", kind, both, conditions=given))) == []


def _web(activity):
    return purchase(activity.amount, *activity.lines, channel="web")
