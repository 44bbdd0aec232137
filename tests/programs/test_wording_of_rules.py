"""How does a page say what a rule gives?"""

from programs.admin.wording import describe
from programs.models import Rule


def said(kind, params):
    return describe(Rule(kind=kind, params=params))


def test_a_choice_is_said_as_its_page_calls_it():
    words = "bands 100: 1, gives points for each unit of money, mode each band for its own part"
    params = {"bands": "100: 1", "gives": "rate", "mode": "parts"}
    assert said("spend_bands", params) == f"Bands of money spent: {words}."


def test_how_a_rule_stands_to_others_is_said():
    alone = Rule(kind="fixed", params={"points": "5"}, stacking="exclusive", group="promo", choice="lowest")
    words = "If it gives, no other rule of the currency does. Of the group promo: the one that gives least."
    assert describe(alone) == f"Fixed points per event: points 5. {words}"
    stopping = Rule(kind="multiplier", params={"factor": "2"}, stacking="stops")
    words = "If it gives, no multiplier of the currency with a higher priority number does."
    assert describe(stopping) == f"Multiplier: factor 2. {words}"


def test_points_by_tier_are_said_by_tier():
    params = {"points": "1", "by_tier": "gold: 2, silver: 1.5", "per": "1"}
    words = "Points per amount of money: points 1, per 1, by tier 2 for gold and 1.5 for silver."
    assert said("per_amount", params) == words


def test_a_choice_that_there_is_no_more_is_said_as_it_is_stored():
    assert said("spend_bands", {"bands": "1: 1", "gives": "gold"}) == "Bands of money spent: bands 1: 1, gives gold."
