"""How does a page say what a rule gives?"""

from programs.admin.wording import describe
from programs.models import Currency, Program, Rule


def said(kind, params, **told):
    program = Program(money="CHF")
    return describe(Rule(kind=kind, params=params, program=program, currency=Currency(name="Miles"), **told))


def test_the_currency_and_the_money_are_those_of_the_rule():
    assert said("per_amount", {"points": "1", "per": "1"}) == "Members earn 1 mile per CHF."


def test_how_a_rule_stands_to_others_is_said():
    alone = said("fixed", {"points": "5", "events": "visit"}, stacking="exclusive", group="promo", choice="lowest")
    words = "If it gives, no other rule of the currency does. Of the group promo: the one that gives least."
    assert alone == f"Members earn 5 miles per visit. {words}"
    words = "If it gives, no multiplier of the currency with a higher priority number does."
    assert said("multiplier", {"factor": "2"}, stacking="stops") == f"Members earn 2 times the miles. {words}"


def test_a_choice_that_there_is_no_more_is_said_as_the_usual_one():
    assert said("spend_bands", {"bands": "1: 1", "gives": "gold"}) == "Members earn 1 mile from 1 CHF."
