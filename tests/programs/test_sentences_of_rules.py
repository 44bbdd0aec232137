"""A rule is said in one English sentence, made of its kind, its conditions and its dates."""

import pytest

from programs import document
from programs.rules import registry, sentences
from programs.rules.units import Units
from tests.support.examples import changed

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
    ({"segments": ["staff", "vip"]}, "for members of the segment staff or vip"),
    ({"purchase_number": {"least": 1, "most": 1}}, "on the first purchase"),
    ({"purchase_number": {"most": "1"}}, "on the first purchase"),
    ({"purchase_number": {"least": 12, "most": 12}}, "on the 12th purchase"),
    ({"purchase_number": {"least": 23, "most": 23}}, "on the 23rd purchase"),
    ({"purchase_number": {"most": 3}}, "on the first 3 purchases"),
    ({"purchase_number": {"least": 2, "most": 4}}, "on the purchases 2 to 4"),
    ({"purchase_number": {"least": 2}}, "from the second purchase on"),
    ({"days_since_last": {"least": 30}}, "at least 30 days after the last purchase"),
    ({"only_if": ["shoes"]}, "only if the rule shoes gives something"),
    ({"not": {"only_if": ["shoes", "hats"]}}, "not only if the rule hats or shoes gives something"),
    ({"moon": 1}, "under conditions that cannot be read"),
]


@pytest.mark.parametrize(("given", "expected"), SAID)
def test_conditions_are_said_as_a_part_of_a_sentence(given, expected):
    assert sentences.of_conditions(given) == expected


UNITS = Units("Points", "EUR")
TEN = "Members earn 10 points per visit"
DATED = [
    (None, None, f"{TEN}."),
    ("2026-01-01", None, f"{TEN}, from 1 January 2026."),
    (None, "2026-12-31", f"{TEN}, until 31 December 2026."),
    ("2026-01-01", "2026-12-31", f"{TEN}, from 1 January 2026 to 31 December 2026."),
]


@pytest.mark.parametrize(("starts_on", "ends_on", "expected"), DATED)
def test_the_dates_of_a_rule_end_its_sentence(starts_on, ends_on, expected):
    said = sentences.of_rule("per_visit", {"points": "10"}, {}, UNITS, starts_on=starts_on, ends_on=ends_on)
    assert said == expected


WHOLE = [
    (
        {"weekdays": [1, 2, 3, 4, 5], "tiers": ["gold"], "categories": ["shoes"]},
        "Gold members earn 2 points per EUR on shoes, Mon to Fri, until 31 December 2026.",
    ),
    ({"tiers": ["gold", "silver"]}, "Gold or silver members earn 2 points per EUR, until 31 December 2026."),
    (
        {"language": ["de"], "tags": ["vip"], "tiers": ["gold"]},
        "Gold members whose language is de with the tag vip earn 2 points per EUR, until 31 December 2026.",
    ),
    (
        {"any": [{"tiers": ["gold"]}, {"tags": ["vip"]}]},
        "Members earn 2 points per EUR, either for members of the tier gold or for members with the tag vip, "
        "until 31 December 2026.",
    ),
    (
        {"not": {"labels": ["sale"]}, "categories": ["shoes"]},
        "Members earn 2 points per EUR on shoes, not on lines labelled sale, until 31 December 2026.",
    ),
    (
        {"channels": ["web"], "any": [{"codes": ["X"]}, {"weekdays": [1]}]},
        "Members earn 2 points per EUR, by web, (either with the code X or on Monday), until 31 December 2026.",
    ),
    ({"moon": 1}, "Members earn 2 points per EUR, under conditions that cannot be read, until 31 December 2026."),
]


@pytest.mark.parametrize(("conditions", "expected"), WHOLE)
def test_a_rule_says_who_earns_what_on_which_lines_and_when(conditions, expected):
    said = sentences.of_rule("per_amount", {"points": "2", "per": "1"}, conditions, UNITS, ends_on="2026-12-31")
    assert said == expected


GIVES = [
    ("per_amount", {"points": 2, "per": 1}, "2 points per EUR"),
    ("per_amount", {"points": "1", "per": "5"}, "1 point per 5 EUR"),
    ("per_amount", {"points": "1.50", "per": "0.5"}, "1.5 points per 0.50 EUR"),
    ("per_amount", {"points": "1", "per": "0.005"}, "1 point per 0.005 EUR"),
    ("per_amount", {"points": "10", "per": "100", "whole_steps": True}, "10 points per full 100 EUR"),
    ("per_amount", {"points": "1", "per": "1", "minimum": "20"}, "1 point per EUR, for at least 20 EUR"),
    (
        "per_amount",
        {"points": "2", "per": "1", "by_tier": "gold: 3, silver: 2.5"},
        "2 points per EUR (3 for gold and 2.5 for silver)",
    ),
    ("per_unit", {"points": "10", "by_tier": "gold: 20"}, "10 points per unit (20 for gold)"),
    ("per_unit", {"points": "10", "fractions": True}, "10 points per unit, parts of units in proportion"),
    ("per_visit", {"points": "10", "counts": "visit, purchase"}, "10 points per visit"),
    ("per_visit", {"points": "10", "counts": "visit"}, "10 points per visit (but not purchase)"),
    (
        "per_visit",
        {"points": "10", "counts": "booking, game", "minimum": "3.5", "by_tier": "gold: 20"},
        "10 points per booking or game of at least 3.50 EUR (20 for gold)",
    ),
    ("fixed", {"points": "1", "events": "app_download"}, "1 point per app download"),
    ("fixed", {"points": "50", "events": "review, feedback"}, "50 points per review or feedback"),
    ("discount", {"percent": "10.0"}, "10 % off"),
    ("discount", {"percent": "15", "most": "20"}, "15 % off, at most 20 EUR"),
    ("discount", {"amount": "3.5"}, "3.50 EUR off"),
    ("target", {"points": "50", "every": "5", "counts": "units"}, "50 points for every 5 units"),
    (
        "target",
        {"points": "10", "every": "500", "counts": "money", "times": 2},
        "10 points for every 500 EUR, at most 2 times for each member",
    ),
    (
        "target",
        {"points": "1", "every": "3", "counts": "purchases", "times": 1},
        "1 point for every 3 purchases, at most once for each member",
    ),
    ("every_nth", {"points": "100", "every": "10", "events": "visit"}, "100 points for every 10th visit"),
    (
        "streak",
        {"points": "30", "length": 4, "periods": "weeks", "events": "visit"},
        "30 points for a visit in each of 4 weeks in a row",
    ),
    ("formula", {"formula": "eligible / 2"}, "points per purchase by the formula “eligible / 2”"),
    ("formula", {"formula": "quantity", "events": "deal"}, "points per deal by the formula “quantity”"),
    ("multiplier", {"factor": "3"}, "3 times the points"),
    ("multiplier", {"factor": "1.5", "groups": "base"}, "1.5 times the points of the group base"),
    (
        "multiplier",
        {"factor": "2", "groups": "base, promo", "applies_to": "running"},
        "2 times the points of the groups base and promo, on top of what other multipliers give",
    ),
    ("tier_multiplier", {}, "the points times the multiplier of their tier"),
    (
        "tier_multiplier",
        {"tier_group": "main", "groups": "base"},
        "the points of the group base times the multiplier of their tier in main",
    ),
    ("spend_bands", {"bands": "100: 10, 250: 30"}, "10 points from 100 EUR, 30 from 250 EUR"),
    ("spend_bands", {"bands": "100: 10, 250: 30", "mode": "parts"}, "10 points from 100 EUR, 30 more from 250 EUR"),
    (
        "spend_bands",
        {"bands": "0: 1, 99.5: 2", "gives": "rate", "mode": "whole"},
        "1 point per EUR of the whole amount from 0 EUR, 2 from 99.50 EUR",
    ),
    (
        "spend_bands",
        {"bands": "100: 1, 250: 2", "gives": "rate", "mode": "parts"},
        "1 point per EUR of what is above 100 EUR, 2 above 250 EUR",
    ),
    ("occasion", {"occasion": "birthday", "points": "100"}, "100 points on their birthday"),
    (
        "occasion",
        {"occasion": "birthday", "points": "1", "lead_days": 7, "leap_day": "03-01"},
        "1 point 7 days before their birthday (in common years 1 March stands for 29 February)",
    ),
    (
        "occasion",
        {"occasion": "anniversary", "points": "500", "lead_days": 1},
        "500 points 1 day before each anniversary of their enrolment",
    ),
    (
        "occasion",
        {"occasion": "anniversary", "points": "500", "years": "1"},
        "500 points on their anniversary of 1 year",
    ),
    (
        "occasion",
        {"occasion": "anniversary", "points": "500", "years": "5, 10"},
        "500 points on their anniversaries of 5 and 10 years",
    ),
    ("no_points", {"events": "registration"}, "no points per registration, which counts as activity"),
]


@pytest.mark.parametrize(("kind", "params", "expected"), GIVES)
def test_each_kind_says_in_plain_english_what_it_gives(kind, params, expected):
    verb = "get" if kind == "discount" else "earn"
    assert sentences.of_rule(kind, params, {}, UNITS) == f"Members {verb} {expected}."


def test_every_kind_says_what_it_gives_in_words_of_its_own():
    assert {kind for kind, _, _ in GIVES} == set(registry)
    assert [slug for slug, kind in registry.items() if "gives" not in vars(kind)] == []


@pytest.mark.parametrize("kind", registry)
def test_what_a_new_rule_of_a_kind_offers_can_be_said(kind):
    fields = registry[kind].Params.base_fields
    offered = {name: field.initial for name, field in fields.items() if field.initial is not None}
    said = sentences.of_rule(kind, offered, {}, UNITS)
    assert "cannot be read" not in said
    assert registry[kind].label not in said


@pytest.mark.parametrize(
    ("currency", "count", "expected"),
    [
        ("Points", 1, "1 point"),
        ("Status points", "1.0", "1 Status point"),
        ("Status points", 0, "0 Status points"),
        ("MILES", "2.50", "2.5 miles"),
        ("Avios", 1, "1 Avios"),
        ("Treuepunkte", 1, "1 Treuepunkte"),
        ("Points", "1000", "1000 points"),
    ],
)
def test_points_are_called_by_the_name_of_their_currency(currency, count, expected):
    assert Units(currency, "EUR").points(count) == expected


@pytest.mark.parametrize(
    ("money", "of", "expected"),
    [
        ("EUR", "3.5", "3.50 EUR"),
        ("EUR", "100.00", "100 EUR"),
        ("JPY", "100", "100 JPY"),
        ("JPY", "0.5", "0.5 JPY"),
        ("KWD", "0.25", "0.250 KWD"),
    ],
)
def test_money_is_said_with_the_decimals_of_its_currency(money, of, expected):
    assert Units("Points", money).amount(of) == expected


@pytest.mark.parametrize(
    ("kind", "params", "expected"),
    [
        ("lottery", {}, "Members earn points by rules of a kind that there is no more, “lottery”."),
        ("fixed", {"points": "5"}, "Members earn points by parameters that cannot be read (Fixed points per event)."),
        (
            "per_visit",
            {"points": "many"},
            "Members earn points by parameters that cannot be read (Points per visit).",
        ),
        (
            "spend_bands",
            {"bands": "100 10"},
            "Members earn points by parameters that cannot be read (Bands of money spent).",
        ),
    ],
)
def test_what_no_check_would_let_pass_is_said_all_the_same(kind, params, expected):
    assert sentences.of_rule(kind, params, {}, UNITS) == expected


def test_a_rule_of_a_document_says_its_own_currency_and_the_money_of_the_program():
    written = document.normal(changed(("program", "money"), "CHF"))
    said = [sentences.of_spec(rule, written) for rule in written["rules"]]
    assert said[0] == "Members earn 1 point per CHF."
