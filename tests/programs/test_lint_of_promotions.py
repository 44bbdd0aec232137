"""Does the lint say which promotions are legal but surely not meant?"""

from datetime import date, timedelta

import pytest

from programs import document
from tests.support.examples import program, rule


def day(days):
    return (date.today() + timedelta(days=days)).isoformat()


def warnings(*rules, caps=(), points=None, beside=(), **offer):
    """What is said of a document with one promotion, "spring", which gives by `rules`, and those `beside` it."""
    given = [rule("gift", "fixed", {"points": "5", "events": "purchase"}, group="gift")] if rules == () else rules
    made = program(rule(), *({**one, "promotion": one.get("promotion", "spring")} for one in given), points=points)
    spring = {"code": "spring", "name": "Spring", "starts_on": day(-5), "ends_on": day(30)}
    made |= {"promotions": [spring | offer, *beside], "caps": list(caps)}
    assert document.check(made) == []
    kept = ("promotions", "rules[", "caps[")
    return [text for text in map(str, document.lint(made)) if text.startswith(kept)]


def budget(**fields):
    own = {"code": "budget", "name": "Budget", "currency": "points", "scope": "program", "period": "ever"}
    return own | {"limit": 1000, "promotion": "spring"} | fields


def one(found, begin, words):
    assert [text for text in found if text.startswith(begin) and words in text], found


def test_nothing_is_said_of_a_promotion_as_one_makes_it():
    assert warnings(caps=[budget()]) == []
    assert warnings(holdout_percent=10, conditions={"channels": ["web"]}) == []


def test_it_gives_nothing_without_a_rule_that_is_switched_on():
    one(warnings(rule("gift", is_active=False)), "promotions[0].code", "gives nothing: no rule")
    assert not warnings(rule("gift", is_active=False), is_active=False)


def test_one_without_an_end_needs_a_budget():
    one(warnings(ends_on=None), "promotions[0].ends_on", "never ends and has no budget")
    one(warnings(ends_on=None, caps=[budget(scope="member")]), "promotions[0].ends_on", "never ends")
    one(warnings(ends_on=None, caps=[budget(is_active=False)]), "promotions[0].ends_on", "never ends")
    assert warnings(ends_on=None, caps=[budget()]) == []


def test_one_that_ended_need_not_be_switched_on():
    one(warnings(ends_on=day(-3)), "promotions[0].ends_on", "ended on")
    assert warnings(ends_on=day(-3), is_active=False) == []


def test_who_is_left_out_for_nothing_is_named():
    one(warnings(holdout_percent=10, starts_on=None), "promotions[0].holdout_percent", "without a first day")
    found = warnings(holdout_percent=10, ends_on=None, caps=[budget()])
    one(found, "promotions[0].holdout_percent", "for good")


def test_a_purchase_cannot_bring_two_codes():
    found = warnings(uses_per_code=1, conditions={"codes": ["MAY"]})
    one(found, "promotions[0].uses_per_code", "a purchase has one code")
    assert warnings(uses_per_code=1) == []


def test_days_that_lie_outside_each_other_never_hold():
    found = warnings(rule("gift", starts_on=day(40), ends_on=day(50)))
    one(found, "rules[1]: never holds", "outside those of the promotion “spring”")
    found = warnings(conditions={"dates": [[day(40), day(50)], [day(-30), day(-20)]]})
    one(found, "promotions[0].conditions.dates", "none of these days")
    found = warnings(rule("gift", conditions={"all": [{"dates": [[day(31), day(50)]]}]}))
    one(found, "rules[1].conditions.all[0].dates", "none of these days")


@pytest.mark.parametrize(
    "conditions",
    [
        {"dates": [[day(30), day(50)]]},
        {"dates": [[day(-9), day(-5)]]},
        {"dates": [["01-01", "01-02"]]},
        {"any": [{"dates": [[day(40), day(50)]]}, {"channels": ["web"]}]},
        {"not": {"dates": [[day(40), day(50)]]}},
    ],
)
def test_days_that_may_come_are_not_named(conditions):
    assert warnings(conditions=conditions) == []
    assert warnings(rule("gift", conditions=conditions)) == []


def test_conditions_that_exclude_each_other_never_hold():
    found = warnings(rule("gift", conditions={"channels": ["app", "store"]}), conditions={"channels": ["web"]})
    one(found, "rules[1].conditions.channels", "the promotion “spring” asks for others")
    assert warnings(rule("gift", conditions={"channels": ["web"]}), conditions={"channels": ["WEB", "app"]}) == []
    assert warnings(rule("gift", conditions={"categories": ["a"]}), conditions={"categories": ["b"]}) == []


def test_promotions_that_give_back_most_of_a_sale_together_are_named():
    rich = rule("rich", params={"points": "3", "per": "1"}, group="rich")
    more = rule("more", params={"points": "3", "per": "1"}, group="more", promotion="autumn")
    autumn = {"code": "autumn", "name": "Autumn", "starts_on": day(10), "ends_on": day(40)}
    found = warnings(rich, more, beside=[autumn], points={"cost_per_point": "0.1"})
    one(found, "promotions:", "give back 60 % of a sale together, by the rules “rich”, “more”")
    later = autumn | {"starts_on": day(31)}
    assert warnings(rich, more, beside=[later], points={"cost_per_point": "0.1"}) == []
    assert warnings(rich, more, beside=[autumn], points={"cost_per_point": "0.05"}) == []
