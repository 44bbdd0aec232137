"""Does a rule per amount count whole steps of the money only, where it says so?"""

import pytest

from programs import document
from programs.admin.examples import example
from programs.admin.wording import describe
from programs.models import Rule
from tests.support import factories
from tests.support.examples import changed, compiled, earn, line, nearest, points, program, purchase, rule

STEPS = {"points": "10", "per": "100", "whole_steps": True}
PROPORTION = {"points": "10", "per": "100"}


@pytest.mark.parametrize(
    ("amount", "in_steps", "in_proportion"), [(150_00, 10, 15), (99_00, 0, 9), (100_00, 10, 10), (299_99, 20, 29)]
)
def test_c2_x6_whole_steps_or_in_proportion(amount, in_steps, in_proportion):
    assert points(purchase(amount), rule(params=STEPS)) == in_steps
    assert points(purchase(amount), rule(params=PROPORTION)) == in_proportion
    assert points(purchase(amount), rule(params=PROPORTION | {"whole_steps": False})) == in_proportion


def test_a_step_is_counted_over_all_lines_unless_the_program_rounds_each():
    basket = purchase(180_00, line(90_00), line(90_00))
    assert points(basket, rule(params=STEPS)) == 10
    assert points(basket, rule(params=STEPS), round_per="line") == 0
    assert points(purchase(290_00, line(190_00), line(100_00)), rule(params=STEPS), round_per="line") == 20


def test_a_step_counts_only_the_lines_that_the_rule_counts():
    basket = purchase(180_00, line(90_00, category="tea"), line(90_00, category="hats"))
    assert points(basket, rule(params=STEPS, conditions={"categories": ["tea"]})) == 0


def test_a_multiplier_multiplies_the_points_of_whole_steps():
    both = [rule(params=STEPS), rule("tier", "tier_multiplier")]
    assert points(purchase(199_00), *both, tier="gold") == 15


def test_less_than_a_step_leaves_the_group_to_another_rule_and_says_why():
    assert earn(purchase(99_00), rule(params=STEPS)).points == {}
    assert nearest(purchase(99_00), rule(params=STEPS)) == "the eligible amount is below a whole step of 100"
    why = nearest(purchase(99_00, line(99_00)), rule(params=STEPS), round_per="line")
    assert why == "each line is below a whole step of 100"
    least = STEPS | {"minimum": "200"}
    assert nearest(purchase(150_00), rule(params=least)) == "the eligible amount is below the minimum of 200"
    assert points(purchase(99_00), rule(params=STEPS), rule("b", params={"points": "1", "per": "50"})) == 1


@pytest.mark.parametrize("value", ["yes", "true", 1, 0, "", [True]])
def test_the_switch_is_true_or_false_in_a_document(value):
    made = changed(("rules", 0, "params"), STEPS | {"whole_steps": value})
    assert list(map(str, document.check(made))) == ["rules[0].params.whole_steps: must be true or false"]


def test_the_switch_comes_out_of_a_program_as_it_went_in(db):
    document.apply(program(rule(params=STEPS)), create_partners=True)
    stored = Rule.objects.get()
    assert document.export(stored.program)["rules"][0]["params"] == STEPS
    assert compiled(rule(params=STEPS)).rules[0].kind.whole_steps is True


@pytest.mark.parametrize(
    ("params", "options", "warning"),
    [
        (STEPS, {"round_per": "line"}, "rules[0].params.whole_steps: the program rounds each line"),
        (STEPS | {"minimum": "100"}, {}, "rules[0].params.minimum: is not above one whole step"),
    ],
)
def test_what_is_surely_not_meant_of_steps_is_a_warning(params, options, warning):
    def warnings(params, **options):
        return [text for text in map(str, document.lint(program(rule(params=params), **options))) if "params" in text]

    assert [text[: len(warning)] for text in warnings(params, **options)] == [warning]
    assert warnings(STEPS | {"minimum": "150"}) == []
    assert warnings(PROPORTION | {"minimum": "100"}, round_per="line") == []


def test_the_sentence_of_the_rule_says_so_and_its_example_buys_enough(db):
    made = factories.program(rules=False)
    stepped = factories.rule(made, "steps", "per_amount", {"points": "10", "per": "500", "whole_steps": True})
    assert describe(stepped) == "Members earn 10 points per full 500 EUR."
    made.refresh_from_db()
    (sentence,) = example(Rule.objects.get())
    assert "a purchase of 1000.00 EUR" in sentence
    assert sentence.endswith("gives a member 20 Points.")
    plain = factories.rule(made, "plain", "per_amount", {"points": "10", "per": "5", "whole_steps": False})
    assert describe(plain) == "Members earn 10 points per 5 EUR."
