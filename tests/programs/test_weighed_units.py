"""What does a rule per unit give for what was weighed?"""

import pytest

from programs import document
from programs.admin.wording import describe
from programs.models import Currency, Program, Rule
from tests.support.examples import changed, line, nearest, points, purchase, rule

WHOLE = {"points": "10"}
PARTS = {"points": "10", "fractions": True}


def weighed(whole, thousandths, **fields):
    return line(100, quantity=whole, thousandths=thousandths, **fields)


@pytest.mark.parametrize(
    ("whole", "thousandths", "whole_units", "with_parts"),
    [(1, 500, 10, 15), (0, 999, 0, 9), (2, 0, 20, 20), (0, 1, 0, 0), (12, 345, 120, 123)],
)
def test_whole_units_count_unless_the_rule_counts_parts(whole, thousandths, whole_units, with_parts):
    basket = purchase(100, weighed(whole, thousandths))
    assert points(basket, rule(kind="per_unit", params=WHOLE)) == whole_units
    assert points(basket, rule(kind="per_unit", params=PARTS)) == with_parts


def test_units_of_several_lines_are_whole_together_or_by_line_where_the_program_rounds_each():
    basket = purchase(200, weighed(1, 600), weighed(0, 500))
    assert points(basket, rule(kind="per_unit", params=WHOLE)) == 20
    assert points(basket, rule(kind="per_unit", params=WHOLE), round_per="line") == 10
    assert points(basket, rule(kind="per_unit", params=PARTS), round_per="line") == 16 + 5


def test_less_than_a_unit_is_said():
    basket = purchase(100, weighed(0, 999))
    assert nearest(basket, rule(kind="per_unit", params=WHOLE)) == "no whole unit of such a product was bought"
    nothing = purchase(100, weighed(0, 0))
    for params in (WHOLE, PARTS):
        assert nearest(nothing, rule(kind="per_unit", params=params)) == "no unit of such a product was bought"


def test_the_switch_is_true_or_false_and_said_in_the_sentence_of_the_rule():
    wrong = changed(("rules", 0), rule(kind="per_unit", params={"points": "1", "fractions": "no"}))
    assert list(map(str, document.check(wrong))) == ["rules[0].params.fractions: must be true or false"]
    weighed = Rule(kind="per_unit", params=PARTS, currency=Currency(name="Points"), program=Program(money="EUR"))
    assert describe(weighed) == "Members earn 10 points per unit, parts of units in proportion."
