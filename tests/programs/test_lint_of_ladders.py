"""Does the lint say which ladders are legal but surely not meant?"""

import pytest

from programs import document
from tests.support.examples import example, rule
from tests.support.sold_ladders import airline, hotel, ladder, membership, of, retailer, tier


def warnings(made):
    assert document.check(made) == []
    return list(map(str, document.lint(made)))


@pytest.mark.parametrize("make", [airline, hotel, retailer, membership])
def test_what_vendors_sell_is_no_reason_to_warn(make):
    assert warnings(make()) == []


@pytest.mark.parametrize(
    ("make", "changes", "path", "words"),
    [
        (airline, {"validity": "none"}, "validity", "a tier is kept for life, though the ladder counts in cycles"),
        (
            hotel,
            {"validity": "none", "grace": 0},
            "validity",
            "a tier is kept for life, though the ladder counts in cy",
        ),
        (
            retailer,
            {"validity": "none"},
            "validity",
            "a tier is kept for life, though the ladder counts a trailing win",
        ),
        (airline, {"on_end": "never"}, "validity", "decides nothing: a tier that never goes down is kept for life"),
        (airline, {"grace": 13}, "grace", "is longer than the cycle"),
        (airline, {"grace": 367, "grace_unit": "day"}, "grace", "is longer than the cycle"),
        (retailer, {"grace": 13}, "grace", "is longer than the validity"),
        (retailer, {"grace": 1, "validity": "none"}, "grace", "is never given: no tier ends"),
        (retailer, {"window": 11}, "window", "is shorter than the validity"),
        (airline, {"rollover": True, "validity": "none"}, "rollover", "opens the next cycle, but nobody has to keep"),
        (airline, {"rollover": True, "rollover_limit": 0}, "rollover_limit", "is 0, so no surplus opens"),
        (airline, {"rollover_limit": 5}, "rollover_limit", "limits nothing"),
        (airline, {"rounding": "month"}, "rounding", "rounds nothing: only the end of a period"),
        (airline, {"grace_to_month_end": True}, "grace_to_month_end", "rounds nothing: there is no grace"),
        (airline, {"holds_downgrades": True, "on_end": "never"}, "holds_downgrades", "holds nothing: no tier ends"),
        (airline, {"tiers": []}, "tiers", "is empty, so nobody can reach anything"),
        (airline, {"tiers": [tier("a", 1), tier("b", 2)]}, "tiers", "no points reach any of them"),
        (airline, {"tiers": [tier("a", 1, 5)]}, "tiers", "none asks for nothing, so who lost all of them holds none"),
        (
            airline,
            {"tiers": [tier("a", 1, 0), tier("b", 2, 5)]},
            "further_currencies[0]",
            "no tier asks for “segments”",
        ),
        (membership, {"validity": "period"}, "validity", "decides nothing: a tier that is granted has dates"),
        (
            airline,
            {
                "match": "all",
                "tiers": [
                    tier("a", 1, 0),
                    tier("b", 2, 5, further={"segments": {"threshold": 3, "retention": None}}),
                    tier("c", 3, 9),
                ],
            },
            "tiers[2]",
            "asks for no “segments”, though B below it does",
        ),
        (membership, {"tiers": [tier("plus", 1, None)]}, "tiers", "none asks for nothing"),
    ],
)
def test_what_is_surely_not_meant_is_a_warning(make, changes, path, words):
    made = make()
    made["tier_groups"][0] |= changes
    found = warnings(made)
    assert [one for one in found if one.startswith(f"tier_groups[0].{path}: {words}")], found


@pytest.mark.parametrize(
    "changes",
    [{"grace": 12}, {"grace": 366, "grace_unit": "day"}, {"rollover": True}, {"rollover": True, "rollover_limit": 5}],
)
def test_what_may_be_meant_is_no_warning(changes):
    made = airline()
    made["tier_groups"][0] |= changes
    assert warnings(made) == []


def switched_off(made, code):
    for one in made["rules"]:
        one["is_active"] = one["code"] != code
    return made


def test_a_tier_that_nobody_can_reach_is_a_warning():
    made = switched_off(airline(), "segments")
    made["tier_groups"][0]["match"] = "all"
    assert "tier_groups[0].tiers[2]: nobody can reach Gold: no active rule gives “segments”" in warnings(made)
    # Of any of the currencies, the other one is enough.
    made["tier_groups"][0]["match"] = "any"
    assert not [one for one in warnings(made) if "nobody can reach" in one]
    assert [one for one in warnings(made) if "gives “segments”; nobody can rise by it" in one]
    made["tier_groups"][0]["tiers"][2] |= {"threshold": None, "retention": None}
    assert "tier_groups[0].tiers[2]: nobody can reach Gold: no active rule gives “segments”" in warnings(made)


def test_one_tier_that_is_only_granted_is_no_warning():
    made = airline()
    made["tier_groups"][0]["tiers"].append(tier("honorary", 4))
    assert warnings(made) == []


def test_a_rule_that_feeds_no_tier_is_a_warning():
    made = example()
    made["rules"].append(rule("status", currency="status"))
    assert warnings(made) == []
    made["tier_groups"][0]["tiers"] = [tier("base", 1, 0)]
    assert "rules[3]: feeds no tier: none asks for “status”" in warnings(made)


def test_a_currency_that_feeds_two_ladders_is_a_warning():
    made = of(ladder(tier("a", 1, 0), tier("b", 2, 5)), rule("status", currency="status"))
    made["tier_groups"].append(ladder(tier("c", 1, 0), tier("d", 2, 9), code="second"))
    assert warnings(made) == [
        "tier_groups[1].currency: “status” feeds “Main” already; the same points count for both"
    ]


def test_members_who_never_lose_a_tier_need_none_that_asks_for_nothing():
    assert warnings(of(ladder(tier("a", 1, 5)), rule("status", currency="status"))) == []
