"""On which days do rules about birthdays and anniversaries give, and which of their settings are refused?"""

from datetime import date

import pytest

from partners.activity import Occasion
from programs import document, occasions
from tests.support.examples import compiled, earn, program, purchase, rule


def gift(code="gift", *, conditions=None, **params):
    params = {"occasion": "birthday", "points": "100"} | params
    return rule(code, "occasion", params, conditions=conditions or {})


DAYS = [
    # the day on which it is given, params, days of the year, the day itself
    ("2026-03-10", {}, {"03-10"}, "2026-03-10"),
    ("2026-03-10", {"lead_days": 7}, {"03-17"}, "2026-03-17"),
    ("2026-12-27", {"lead_days": 7}, {"01-03"}, "2027-01-03"),
    ("2026-12-31", {"lead_days": 60}, {"03-01"}, "2027-03-01"),
    ("2026-02-28", {}, {"02-28", "02-29"}, "2026-02-28"),
    ("2028-02-28", {}, {"02-28"}, "2028-02-28"),
    ("2028-02-29", {}, {"02-29"}, "2028-02-29"),
    ("2026-03-01", {}, {"03-01"}, "2026-03-01"),
    ("2026-02-28", {"leap_day": "03-01"}, {"02-28"}, "2026-02-28"),
    ("2026-03-01", {"leap_day": "03-01"}, {"03-01", "02-29"}, "2026-03-01"),
    ("2028-03-01", {"leap_day": "03-01"}, {"03-01"}, "2028-03-01"),
    ("2026-02-21", {"lead_days": 7}, {"02-28", "02-29"}, "2026-02-28"),
    ("2100-02-28", {}, {"02-28", "02-29"}, "2100-02-28"),
]


@pytest.mark.parametrize(("given_on", "params", "days", "on"), DAYS)
def test_a_rule_gives_to_those_whose_day_it_is(given_on, params, days, on):
    [due] = occasions.due(compiled(gift(**params)), date.fromisoformat(given_on))
    assert (due.rule.code, due.days, due.on.isoformat()) == ("gift", days, on)


def test_every_day_of_the_year_is_given_once_in_every_year():
    """29 February too, whichever day stands for it."""
    for leap_day in ("02-28", "03-01"):
        made = compiled(gift(leap_day=leap_day))
        for year in (2026, 2027, 2028):
            first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
            dues = [due for one in range(first, last + 1) for due in occasions.due(made, date.fromordinal(one))]
            days = [day for due in dues for day in due.days]
            assert (len(days), len(set(days))) == (366, 366)


def test_a_rule_out_of_season_gives_to_nobody():
    made = compiled(gift() | {"starts_on": "2026-03-10", "ends_on": "2026-03-11"})
    days = [date(2026, 3, day) for day in (9, 10, 11, 12)]
    assert [len(occasions.due(made, day)) for day in days] == [0, 1, 1, 0]


def test_other_rules_are_not_asked_where_the_night_names_one():
    activity = purchase(kind="birthday", occasion=Occasion(date(2026, 3, 10), 0, "second"))
    both = [gift("first") | {"group": "a"}, gift("second", points="7") | {"group": "b"}]
    assert earn(activity, *both).points == {"points": 7}


WRONG = [
    ({"occasion": "easter"}, "params.occasion"),
    ({"points": "0"}, "params.points: must be positive"),
    ({"lead_days": -1}, "params.lead_days"),
    ({"lead_days": 61}, "params.lead_days"),
    ({"leap_day": "02-27"}, "params.leap_day"),
    ({"occasion": "anniversary", "years": "1, x"}, "“x” is no anniversary: write whole years from 1 to 150"),
    ({"occasion": "anniversary", "years": "0"}, "“0” is no anniversary"),
    ({"occasion": "anniversary", "years": "151"}, "“151” is no anniversary"),
    ({"occasion": "anniversary", "years": ","}, "name at least one year"),
    ({"years": "5"}, "years are those of a membership"),
]


@pytest.mark.parametrize(("params", "words"), WRONG)
def test_what_cannot_be_meant_is_refused_at_its_place(params, words):
    [problem] = document.check(program(gift(**params)))
    assert words in str(problem)
    assert str(problem).startswith("rules[0].params.")


def test_a_rule_without_what_it_needs_is_refused():
    found = [str(problem) for problem in document.check(program(rule("gift", "occasion", {"points": "1"})))]
    assert found == ["rules[0].params.occasion: is missing"]


def lint(*given, **fields):
    return [str(problem) for problem in document.lint(program(*given, **fields))]


def test_conditions_that_the_night_never_meets_are_warned_of():
    found = lint(gift(conditions={"channels": ["web"], "tiers": ["gold"], "weekdays": [1]}))
    [warning] = [one for one in found if "conditions" in one]
    assert warning.startswith("rules[0].conditions.channels: can never hold")


def test_a_rule_of_another_kind_about_a_birthday_is_warned_of():
    found = lint(rule("old", "fixed", {"points": "50", "events": "birthday, review"}))
    [warning] = [one for one in found if one.startswith("rules[0]")]
    assert "“birthday” is reported by the night alone" in warning
    found = lint(gift(), activities="review, anniversary")
    assert any(one.startswith("program.activities: “anniversary”") for one in found)
