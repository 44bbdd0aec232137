"""Does `check` name every problem of a document, at its path?"""

from decimal import Decimal

import pytest

from programs import document
from tests.support.examples import changed, example, tiers, without


def test_a_right_document_has_no_problems():
    assert document.check(example()) == []
    assert document.lint(example()) != []  # nobody earns status points in it


WRONG = [
    # path, value, problem
    (("format",), "loyalty-program/9", "format: must be “loyalty-program/1”"),
    (("colour",), 1, "colour: unknown field; known are format, program, partners, currencies, tier_groups, sku"),
    (("program",), None, "program: is missing"),
    (("program",), [], "program: must be an object"),
    (("program", "name"), 5, "program.name: must be a text"),
    (("program", "name"), "", "program.name: this field cannot be blank"),
    (("program", "name"), None, "program.name: must not be null"),
    (
        ("program", "name"),
        "x" * 121,
        "program.name: ensure this value has at most 120 characters (it has 121)",
    ),
    (("program", "nmae"), "x", "program.nmae: unknown field; did you mean name?"),
    (
        ("program", "time_zone"),
        "Paris",
        "program.time_zone: “Paris” is no IANA time zone; write it like Europe/Paris",
    ),
    (
        ("program", "money"),
        "euro",
        "program.money: use the three capital letters of ISO 4217, for example EUR; "
        "ensure this value has at most 3 characters (it has 4)",
    ),
    (("program", "language"), "English", "program.language: write a language like en or pt-BR"),
    (("program", "status"), "open", "program.status: must be one of draft, active, paused, closed"),
    (("program", "earns_on_tax"), 1, "program.earns_on_tax: must be true or false"),
    (("program", "max_backdate_days"), "9", "program.max_backdate_days: must be a whole number"),
    (("program", "max_backdate_days"), 1.5, "program.max_backdate_days: must be a whole number"),
    (("program", "max_backdate_days"), True, "program.max_backdate_days: must be a whole number"),
    (
        ("program", "max_backdate_days"),
        36_501,
        "program.max_backdate_days: ensure this value is less than or equal to 36500",
    ),
    (
        ("program", "max_backdate_days"),
        -1,
        "program.max_backdate_days: ensure this value is greater than or equal to 0",
    ),
    (("program", "number_prefix"), "A1", "program.number_prefix: only digits"),
    (("partners",), {}, "partners: must be a list"),
    (("partners", 0), 7, "partners[0]: must be a text"),
    (("partners",), ["bakery", "bakery"], "partners[1]: “bakery” stands already at partners[0]"),
    (("currencies",), [], "currencies: must hold at least one currency"),
    (("currencies", 0), "points", "currencies[0]: must be an object"),
    (("currencies", 0, "decimals"), 5, "currencies[0].decimals: ensure this value is less than or equal to 4"),
    (
        ("currencies", 0, "cost_per_point"),
        "-0.1",
        "currencies[0].cost_per_point: ensure this value is greater than or equal to 0",
    ),
    (
        ("currencies", 0, "cost_per_point"),
        "1e3",
        'currencies[0].cost_per_point: must be a decimal number, for example "1.5"',
    ),
    (
        ("currencies", 0, "cost_per_point"),
        "0.0000001",
        "currencies[0].cost_per_point: ensure that there are no more than 6 decimal places",
    ),
    (("currencies", 1, "code"), "points", "currencies[1].code: “points” stands already at currencies[0]"),
    (("currencies", 1, "is_primary"), True, "currencies[1].is_primary: currencies[0] is the primary one"),
    (
        ("currencies", 0, "kind"),
        "qualifying",
        "currencies[0].is_primary: only a spendable currency can be the primary",
    ),
    (("currencies", 0, "expiry"), [], "currencies[0].expiry: must be an object"),
    (("currencies", 0, "expiry"), {"perod": 3}, "currencies[0].expiry.perod: unknown field; did you mean period?"),
    (("currencies", 0, "expiry"), {"period": 0}, "currencies[0].expiry.period: a fixed expiry needs a period of at"),
    (
        ("currencies", 0, "expiry"),
        {"period": 101, "unit": "year"},
        "currencies[0].expiry.period: must not be longer than 100 years",
    ),
    (
        ("tier_groups", 0, "currency"),
        "points",
        "tier_groups[0].currency: tiers are measured in a qualifying currency",
    ),
    (("tier_groups", 0, "currency"), "miles", "tier_groups[0].currency: the document has no currency “miles”"),
    (("tier_groups", 0, "tiers"), None, "tier_groups[0].tiers: must be a list"),
    (("tier_groups", 0, "tiers", 0, "sequence"), 2, "tier_groups[0].tiers[1].sequence: “2” stands already at"),
    (("tier_groups", 0, "tiers", 0, "code"), "gold", "tier_groups[0].tiers[1].code: “gold” stands already at"),
    (
        ("tier_groups", 0, "tiers", 1, "threshold"),
        500,
        "tier_groups[0].tiers[1].threshold: must be more than the 500 of the tier below it, Silver",
    ),
    (
        ("tier_groups", 0, "tiers", 0, "threshold"),
        10**16,
        "tier_groups[0].tiers[0].threshold: ensure this value is less than or equal to 1000000000000000",
    ),
    (("tier_groups", 0, "tiers", 0, "multiplier"), -1, "tier_groups[0].tiers[0].multiplier: ensure this value is"),
    (("tier_groups", 0, "tiers", 0, "colour"), "red", "tier_groups[0].tiers[0].colour: write a colour like #c0a050"),
    (("tier_groups",), [tiers(), tiers()], "tier_groups[1].code: “main” stands already at tier_groups[0]"),
    (("rules", 0), 3, "rules[0]: must be an object"),
    (("rules", 1, "code"), "base", "rules[1].code: “base” stands already at rules[0]"),
    (("rules", 0, "code"), "a b", "rules[0].code: enter a valid “slug” consisting of letters"),
    (("rules", 0, "kind"), "magic", "rules[0].kind: must be one of discount, every_nth, fixed, formula,"),
    (("rules", 0, "currency"), "miles", "rules[0].currency: the document has no currency “miles”"),
    (("rules", 0, "priority"), 10_001, "rules[0].priority: ensure this value is less than or equal to 10000"),
    (("rules", 1, "ends_on"), "2024-12-31", "rules[1].ends_on: the last day must not lie before the first"),
    (("rules", 1, "ends_on"), "2025-02-30", "rules[1].ends_on: must be a date like 2026-12-31"),
    (("rules", 1, "ends_on"), "20250203", "rules[1].ends_on: must be a date like 2026-12-31"),
    (("rules", 0, "version"), 0, "rules[0].version: must be a whole number from 1"),
    (("rules", 0, "params"), [], "rules[0].params: must be an object"),
    (("rules", 0, "params", "points"), -1, "rules[0].params.points: must be positive"),
    (("rules", 0, "params", "points"), 0, "rules[0].params.points: must be positive"),
    (("rules", 0, "params", "points"), "x", "rules[0].params.points: enter a number"),
    (("rules", 0, "params", "points"), True, "rules[0].params.points: must be a single number or text"),
    (("rules", 0, "params", "points"), [1], "rules[0].params.points: must be a single number or text"),
    (("rules", 0, "params", "points"), 10**7, "rules[0].params.points: must be at most 1000000"),
    (("rules", 0, "params", "points"), None, "rules[0].params.points: is missing"),
    (("rules", 0, "params"), {"points": 1}, "rules[0].params.per: is missing"),
    (
        ("rules", 0, "params", "point"),
        1,
        "rules[0].params.point: unknown; a rule of this kind takes points, per, minimum",
    ),
    (("rules", 2, "params", "tier_group"), 1, "rules[2].params.tier_group: must be a text"),
    (("rules", 2, "params", "tier_group"), "b", "rules[2].params.tier_group: the program has no tier group “b”"),
    (("tier_groups",), [], "rules[2].params.tier_group: the program has no tier group"),
    (("rules", 0, "conditions"), [], "rules[0].conditions: must be an object"),
    (("rules", 0, "conditions"), {"moon": 1}, "rules[0].conditions.moon: unknown condition; known are channels"),
    (
        ("rules", 0, "conditions"),
        {"channels": []},
        "rules[0].conditions.channels: must be a list of 1 to 1000 channels",
    ),
    (("rules", 0, "conditions"), {"channels": [{}]}, "rules[0].conditions.channels: must be a list of 1 to 1000"),
    (("rules", 0, "conditions"), {"weekdays": [0]}, "rules[0].conditions.weekdays: must be a list of weekdays, 1"),
    (("rules", 0, "conditions"), {"weekdays": [True]}, "rules[0].conditions.weekdays: must be a list of weekdays, 1"),
    (("rules", 0, "conditions"), {"hours": ["9", "10"]}, "rules[0].conditions.hours: must be two times, like"),
    (
        ("rules", 0, "conditions"),
        {"hours": ["09:00", "09:00"]},
        "rules[0].conditions.hours: must be two different times; leave the condition out for the whole day",
    ),
    (
        ("rules", 0, "conditions"),
        {"partners": ["acme"]},
        "rules[0].conditions.partners: none called acme takes part in the program",
    ),
    (
        ("rules", 0, "conditions"),
        {"tiers": ["platinum", "gold"]},
        "rules[0].conditions.tiers: none called platinum is a tier of the program",
    ),
    (("program", "name"), "a\0b", "program.name: holds a character that cannot be stored"),
    (("program", "name"), "\ud800", "program.name: holds a character that cannot be stored"),
    (("program", "name"), "x" * 10**6, "program.name: is longer than 10000 characters"),
    (("program", "max_backdate_days"), 10**30, "program.max_backdate_days: is no number that can be meant here"),
    (("program", "max_backdate_days"), float("nan"), "program.max_backdate_days: is no number that can be meant"),
    (("program", "max_backdate_days"), float("inf"), "program.max_backdate_days: is no number that can be meant"),
    (
        ("rules", 0, "params", "points"),
        Decimal("1e-99"),
        "rules[0].params.points: is no number that can be meant here",
    ),
    (("rules", 0, "params", "a\0b"), 1, "rules[0].params: a name in it holds a character that cannot be stored"),
    (("rules", 0, "params", 5), 1, "rules[0].params: all names must be texts"),
    (("rules", 0, "params", "points"), object(), "rules[0].params.points: is not a JSON value"),
]


@pytest.mark.parametrize(("path", "value", "expected"), WRONG)
def test_a_wrong_value_is_named_at_its_path(path, value, expected):
    found = [str(problem) for problem in document.check(changed(path, value))]
    assert [text for text in found if text.startswith(expected)], found


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("program",), "program: is missing"),
        (("program", "code"), "program.code: is missing"),
        (("program", "owner"), "program.owner: is missing"),
        (("currencies",), "currencies: is missing; a program needs at least one"),
        (("currencies", 1, "name"), "currencies[1].name: is missing"),
        (("tier_groups", 0, "currency"), "tier_groups[0].currency: is missing"),
        (("tier_groups", 0, "tiers", 1, "sequence"), "tier_groups[0].tiers[1].sequence: is missing"),
        (("rules", 0, "kind"), "rules[0].kind: is missing"),
        (("rules", 0, "params"), "rules[0].params.points: is missing"),
    ],
)
def test_what_has_no_default_must_be_there(path, expected):
    assert expected in [str(problem) for problem in document.check(without(*path))]


@pytest.mark.parametrize(
    "path",
    [
        ("partners",),
        ("program", "status"),
        ("program", "time_zone"),
        ("currencies", 0, "is_primary"),
        ("tier_groups", 0, "tiers", 0, "multiplier"),
        ("rules", 1, "ends_on"),
        ("rules", 1, "conditions"),
    ],
)
def test_what_has_a_default_may_be_left_out(path):
    assert document.check(without(*path)) == []


@pytest.mark.parametrize("whole", [None, [], "x", 5, True, {}])
def test_what_is_no_document_at_all_is_refused(whole):
    assert document.check(whole)


def test_all_problems_are_told_at_once():
    made = changed(("program", "money"), 5)
    made["rules"][0]["params"]["points"] = 0
    del made["rules"][1]["currency"]
    assert [problem.path for problem in document.check(made)] == [
        "program.money",
        "rules[0].params.points",
        "rules[1].currency",
    ]


def test_a_nameless_multiplier_needs_exactly_one_tier_group():
    made = example()
    made["currencies"].append({"code": "trips", "name": "Trips", "kind": "qualifying"})
    made["tier_groups"].append(tiers() | {"code": "air", "currency": "trips"})
    assert [str(problem) for problem in document.check(made)] == [
        "rules[2].params.tier_group: must name a tier group"
    ]
    made["rules"][2]["params"] = {"tier_group": "air"}
    assert document.check(made) == []


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_endless_nesting_is_refused(wrap):
    deep = 1
    for _ in range(100_000):
        deep = wrap(deep)
    (problem,) = document.check(deep)
    assert str(problem).startswith("document: is nested deeper than")


def test_endless_lists_are_refused():
    assert "200000 values" in str(document.check(changed(("partners",), ["x"] * 200_001))[0])


def test_numbers_may_be_written_in_any_way():
    written = [document.normal(changed(("tier_groups", 0, "tiers", 1, "multiplier"), value)) for value in NUMBERS]
    assert [made["tier_groups"][0]["tiers"][1]["multiplier"] for made in written] == ["1.5"] * len(NUMBERS)


NUMBERS = ["1.5", 1.5, "1.500", Decimal("1.50")]


def test_an_empty_expiry_is_one_with_defaults_and_null_is_none():
    expiry = document.normal(changed(("currencies", 0, "expiry"), {}))["currencies"][0]["expiry"]
    wanted = {"model": "fixed", "period": 12, "unit": "month", "rounding": "none", "min_validity_days": 30}
    assert expiry.items() >= wanted.items()
    assert document.normal(changed(("currencies", 0, "expiry"), None))["currencies"][0]["expiry"] is None
