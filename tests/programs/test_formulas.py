"""What does a formula give, and which ones are refused?"""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import document
from programs.rules import expressions
from tests.support.examples import line, nearest, points, program, purchase, rule


def value(text, **names):
    return expressions.parse(text, names.__contains__)(lambda name: Fraction(names[name]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 2 - 3", 5),
        ("12 / 3 / 2", 2),
        ("1 / 3 * 3", 1),
        ("-2 * -3", 6),
        ("2 - -3", 5),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("min(3, 1, 2) + max(3, 1, 2)", 4),
        ("floor(1.9) + ceil(1.1) + round(1.5) + round(2.5)", 1 + 2 + 2 + 3),
        ("floor(-1.5)", -2),
        ("if(1 < 2, 3, 4)", 3),
        ("if(2 <= 1, 3, 4)", 4),
        ("if(2 = 2.0, if(1 != 1, 5, 6), 4)", 6),
        ("if(2 > 1, 3, 1 / 0)", 3),
        ("if(1 >= 2, 1 / 0, 7)", 7),
        ("1000000000 * 1000000000", 10**18),
    ],
)
def test_a_formula_is_worked_out_exactly(text, expected):
    assert value(text) == expected


def test_a_name_stands_for_its_number():
    assert value("a * (b + 1)", a=3, b=4) == 15


_NUMBERS = st.integers(0, 99).map(str)
_FORMULAS = st.recursive(
    _NUMBERS, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner), max_leaves=12
)


@given(_FORMULAS)
def test_it_counts_as_python_does(text):
    assert value(text) == eval(text)


def outcome(text):
    """What comes of any text at all: a number, or why there is none."""
    try:
        return expressions.parse(text, lambda name: False)(Fraction)
    except (expressions.Wrong, expressions.Undefined) as error:
        return str(error)


@given(st.text("0123456789.+-*/(),<>=! aeflimnorux", max_size=40))
def test_whatever_is_written_has_a_value_or_is_refused_with_its_place(text):
    found = outcome(text)
    known = "Character ", "the formula divides by zero"
    assert isinstance(found, Fraction) or found.startswith(known)


def formula(text, **fields):
    return rule("formula", "formula", {"formula": text} | fields)


BOUGHT = purchase(
    10_000, line(6_000, "S", category="shoes", quantity=2), line(3_000, "H", quantity=1), tax=2_000, channel="web"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("eligible", 80), ("amount", 100), ("quantity * 10", 30), ("lines * 10", 20), ("eligible / 3", 26)],
)
def test_it_knows_the_numbers_of_an_activity(text, expected):
    assert points(BOUGHT, formula(text)) == expected


def test_conditions_say_which_lines_it_counts():
    shoes = formula("eligible + quantity * 100 + lines * 1000") | {"conditions": {"categories": ["shoes"]}}
    assert points(purchase(9_000, *BOUGHT.lines), shoes) == 60 + 200 + 1_000


STAY = formula("max(50, eligible * if(attributes.nights >= 3, 2, 1))", events="stay")


@pytest.mark.parametrize(
    ("nights", "expected"), [(2, 100), (3, 200), ("3", 200), (2.5, 100), ("3.0", 200), (-1, 100)]
)
def test_it_knows_the_attributes_of_an_activity(nights, expected):
    assert points(purchase(10_000, kind="stay", attributes={"nights": nights}), STAY) == expected


@pytest.mark.parametrize("nights", [None, "three", True, [3], "", "1e3", 1e300, float("nan"), "9" * 40])
def test_an_attribute_that_is_no_number_gives_nothing_and_says_so(nights):
    stay = purchase(10_000, kind="stay", attributes={"nights": nights})
    assert points(stay, STAY) == 0
    assert nearest(stay, STAY) == "the attribute “nights” is no number that can be counted with"


def test_an_attribute_that_is_not_given_gives_nothing_and_says_so():
    assert nearest(purchase(10_000, kind="stay"), STAY) == "the attribute “nights” is not given"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 / (quantity - 3)", "the formula divides by zero"),
        ("eligible - 100", "the formula gives -20"),
        ("0 * eligible", "the formula gives 0"),
    ],
)
def test_without_a_value_above_zero_it_gives_nothing_and_says_so(text, why):
    assert points(BOUGHT, formula(text)) == 0
    assert nearest(BOUGHT, formula(text)) == why


def test_what_it_gives_is_of_no_line():
    shoes = rule("double", "multiplier", {"factor": "2"}, conditions={"categories": ["shoes"]})
    assert points(BOUGHT, formula("eligible"), shoes) == 80
    assert points(BOUGHT, formula("eligible"), shoes, round_per="line") == 80


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is missing"),
        ("2 *", "character 4: a number, a name or “(” is missing"),
        ("(1 + 2", "character 7: “)” is missing"),
        ("1 2", "character 3: “2” is too much"),
        ("1 + eligble", "character 5: “eligble” is no name that a formula knows"),
        ("attributes. + 1", "character 1: “attributes.” is no name that a formula knows"),
        ("attributes.a.b", "character 1: “attributes.a.b” is no name that a formula knows"),
        ("__import__", "character 1: “__import__” is no name that a formula knows"),
        ("2 ** 9", "character 4: a number, a name or “(” is missing"),
        ("2 ^ 9", "character 3: “^” has no meaning here"),
        ("1,5", "character 2: “,” is too much"),
        ("1 < 2", "character 3: a comparison stands only first in if(…)"),
        ("if(1, 2, 3)", "character 5: a comparison is missing, like eligible > 100"),
        ("if(1 < 2, 3)", "character 12: “,” is missing"),
        ("min(1)", "character 1: min takes 2 to 10 numbers"),
        (f"max({', '.join('1' * 11)})", "character 1: max takes 2 to 10 numbers"),
        ("1 + floor(1, 2)", "character 5: floor takes one number"),
        ("floor", "character 6: “(” is missing"),
        ("1000000001", "character 1: numbers are at most 1000000000, with at most 6 places"),
        ("1.1234567", "character 1: numbers are at most 1000000000, with at most 6 places"),
        ("9" * 60, "character 1: numbers are at most 1000000000, with at most 6 places"),
        ("(" * 21 + "1" + ")" * 21, "character 21: nested deeper than 20 levels"),
        ("-" * 21 + "1", "character 21: nested deeper than 20 levels"),
        ("1+" * 250 + "1", "ensure this value has at most 500 characters (it has 501)"),
    ],
)
def test_a_formula_that_cannot_be_read_is_refused_with_its_place(text, why):
    [problem] = document.check(program(formula(text)))
    assert str(problem) == f"rules[0].params.formula: {why}"


def test_the_longest_sum_is_worked_out():
    assert value("1+" * 249 + "1") == 250
