"""A rule is said in one English sentence, made of its kind, its conditions and its dates."""

import pytest

from programs.rules import sentences

SAID = [
    ({}, ""),
    ({"categories": ["shoes"], "weekdays": [1, 2, 3, 4, 5]}, "on shoes, Mon to Fri"),
    ({"weekdays": [6, 7]}, "on Saturday or Sunday"),
    (
        {"tiers": ["gold", "silver"], "hours": ["07:00", "10:00"]},
        "for members of the tier gold or silver, from 07:00 to 10:00",
    ),
    ({"channels": ["web"], "partners": ["cafe"]}, "by web, at cafe"),
    ({"stores": ["s1", "s2", "s3"], "codes": ["X"]}, "in the store s1, s2 or s3, with the code X"),
    ({"products": list("ABCDEFGH")}, "on the product A, B, C, D, E, F or 2 more"),
    ({"not": {"labels": ["sale"]}}, "not on lines labelled sale"),
    ({"any": [{"channels": ["web"]}, {"weekdays": [1]}]}, "either by web or on Monday"),
    (
        {"any": [{"channels": ["web"], "weekdays": [1]}, {"codes": ["X"]}]},
        "either (by web and on Monday) or with the code X",
    ),
    (
        {"not": {"any": [{"labels": ["sale"]}, {"products": ["A"]}]}},
        "not (either on lines labelled sale or on the product A)",
    ),
    ({"all": [{"channels": ["web"]}, {"codes": ["X"]}]}, "by web, with the code X"),
    ({"amount": {"least": "10.00", "most": "99.99"}}, "for 10.00 to 99.99 of money that may earn"),
    ({"amount": {"most": 5}}, "for at most 5 of money that may earn"),
    ({"quantity": {"least": 2}}, "for at least 2 units"),
    ({"attributes": {"cabin": ["first", "business"], "gift": [True]}}, "with cabin first or business and gift true"),
    ({"line_attributes": {"size": [42]}}, "on lines with size 42"),
    ({"dates": [["12-01", "12-24"]]}, "each year from 1 December to 24 December"),
    ({"dates": [["2026-12-01", "2026-12-24"]]}, "from 1 December 2026 to 24 December 2026"),
    ({"birthday_month": True, "tags": ["vip"]}, "in the month of the birthday, for members with the tag vip"),
    ({"language": ["de", "fr"]}, "for members whose language is de or fr"),
    ({"moon": 1}, "under conditions that cannot be read"),
]


@pytest.mark.parametrize(("given", "expected"), SAID)
def test_conditions_are_said_as_a_part_of_a_sentence(given, expected):
    assert sentences.of_conditions(given) == expected


DATED = [
    (None, None, "Points per visit: points 10."),
    ("2026-01-01", None, "Points per visit: points 10; from 1 January 2026."),
    (None, "2026-12-31", "Points per visit: points 10; until 31 December 2026."),
    ("2026-01-01", "2026-12-31", "Points per visit: points 10; from 1 January 2026 to 31 December 2026."),
]


@pytest.mark.parametrize(("starts_on", "ends_on", "expected"), DATED)
def test_the_dates_of_a_rule_end_its_sentence(starts_on, ends_on, expected):
    assert sentences.of_rule("per_visit", {"points": "10"}, {}, starts_on=starts_on, ends_on=ends_on) == expected


def test_a_rule_says_what_it_gives_under_which_conditions():
    said = sentences.of_rule("per_amount", {"points": "2", "per": "1"}, {"tiers": ["gold"], "categories": ["shoes"]})
    assert said == "Points per amount of money: points 2, per 1; for members of the tier gold, on shoes."
