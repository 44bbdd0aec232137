"""A rule that waits for what can never be is a warning."""

import pytest

from programs import document
from tests.support.examples import program, rule

FIXED = {"points": "5", "events": "purchase"}
VISIT = {"points": "5", "events": "visit"}
AT = "rules[0].conditions.only_if: "


def after(*others, kind="fixed", params=FIXED, **fields):
    conditions = {"conditions": {"only_if": list(others)}, "group": "more"}
    return rule("more", kind, params, **conditions | fields)


def warnings(*rules, off=()):
    wanted = program(*rules, rule("s", currency="status"), segments=("vip", "staff"))
    for segment in wanted["segments"]:
        segment["is_active"] = segment["code"] not in off
    assert document.check(wanted) == []
    return [str(problem) for problem in document.lint(wanted)]


SOUND = [
    [after("a"), rule("a", "fixed", FIXED)],
    [after("a", "b"), rule("a", "fixed", FIXED), rule("b", "fixed", FIXED, is_active=False)],
    [after("a", "b"), rule("a", "fixed", FIXED, group="more"), rule("b", "fixed", FIXED)],
    [after("a", choice="all"), rule("a", "fixed", FIXED, group="more")],
    [after("a", conditions={"not": {"only_if": ["a"]}}), rule("a", "fixed", VISIT)],
    [after("a", is_active=False), rule("a", "fixed", VISIT)],
    [after("a", kind="multiplier", params={"factor": "2"}), rule("a", "fixed", FIXED, group="more")],
]


@pytest.mark.parametrize("rules", SOUND)
def test_what_can_be_is_none(rules):
    assert warnings(*rules) == []


VAIN = [
    (
        [after("a"), rule("a", "fixed", FIXED, is_active=False)],
        "can never hold: the rules that it names are switched off",
    ),
    (
        [after("a"), rule("a", "fixed", VISIT)],
        "can never hold: none of the rules that it names is about the same activity",
    ),
    (
        [after("a"), rule("a", "fixed", FIXED, group="more")],
        "never counts beside the rules that it names: only one rule of their group does; take another group",
    ),
    (
        # What a discount says is of the discounts of the group, among which rules that give points are not.
        [
            after("a"),
            rule("a", "fixed", FIXED, group="more"),
            rule("d", "discount", {"percent": "10"}, group="more", choice="all"),
        ],
        "never counts beside the rules that it names: only one rule of their group does; take another group",
    ),
]


@pytest.mark.parametrize(("rules", "why"), VAIN)
def test_what_cannot_be_is_a_warning_at_its_place(rules, why):
    assert warnings(*rules) == [f"{AT}{why}"]


def test_segments_that_are_switched_off_have_nobody():
    asking = rule("a", "fixed", FIXED, conditions={"segments": ["vip"]})
    rates = rule("b", "fixed", FIXED | {"by_segment": "vip: 6, staff: 7"})
    assert warnings(asking, rates) == []
    assert warnings(asking, rates, off=["vip"]) == [
        "rules[0].conditions.segments: can never hold: nobody is in a segment that is switched off",
        "rules[1].params.by_segment: nobody gets the rate of “vip”, because that segment is switched off",
    ]
