"""What is worked out once when a version is compiled, so that no posting has to?"""

from dataclasses import replace

import pytest

from programs import compiling, document
from programs.compiled_rules import Listening
from tests.support.examples import compiled, program, rule

RULES = [
    rule(),
    rule("visit", "per_visit", {"points": "5"}),
    rule("review", "fixed", {"points": "5", "events": "review, photo"}),
    rule("tier", "tier_multiplier"),
    rule("status-tier", "tier_multiplier", currency="status"),
]

HEARD = [
    ("purchase", ["base", "visit"], ["tier"]),
    ("visit", ["visit"], ["tier"]),
    ("review", ["review"], ["tier"]),
    ("photo", ["review"], ["tier"]),
    pytest.param("lesson", [], [], id="what no rule names"),
]


@pytest.mark.parametrize(("activity", "base", "multipliers"), HEARD)
def test_rules_are_listed_by_the_kind_of_activity(activity, base, multipliers):
    heard = compiled(*RULES).listening(activity)
    assert [each.code for each in heard.base] == base
    assert [each.code for each in heard.multipliers] == multipliers


def test_the_list_follows_when_the_rules_are_replaced():
    made = compiled(*RULES)
    assert replace(made, rules=made.rules[:1]).listening("visit").base == ()
    assert replace(made, rules=()).listening("purchase") == Listening()


PRIMARY = [
    pytest.param([{"is_primary": True}, {}], "a", id="the one that is marked"),
    pytest.param([{}, {"kind": "qualifying"}], "a", id="else the only one that can be spent"),
    pytest.param([{}, {}], None, id="none of two"),
    pytest.param([{"kind": "qualifying"}, {"kind": "qualifying"}], None, id="none that cannot be spent"),
]


@pytest.mark.parametrize(("fields", "expected"), PRIMARY)
def test_one_currency_is_meant_where_none_is_named(fields, expected):
    wanted = program(groups=[])
    wanted["currencies"] = [
        {"code": code, "name": code.title()} | each for code, each in zip("ab", fields, strict=True)
    ]
    assert document.check(wanted) == []
    made = compiling.build(document.normal(wanted))
    assert (made.primary.code if made.primary else None) == expected
