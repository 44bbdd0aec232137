"""Is a coffee shop built in the back office alone, from an empty database, and is it the one of its document?"""

from tests.support import shop_stories as stories
from tests.support.documented import as_the_example


def build(browser):
    browser.add("partners.partner", name="Corner Coffee", code="corner-coffee")
    program = browser.add(
        "programs.program",
        name="Corner Coffee",
        code="coffee-shop",
        owner="Corner Coffee",
        country="AT",
        time_zone="Europe/Vienna",
        rows={
            "currencies": [
                {
                    "name": "Beans",
                    "code": "beans",
                    "is_primary": True,
                    "cost_per_point": "0.03",
                    "point_value": "0.04",
                }
            ],
            "currencies-0-expiry_rule": [
                {"model": "Activity: everything after a period without activity", "period": 6}
            ],
        },
    )
    _rules(browser, program)
    _caps(browser, program)
    browser.change(program, status="Active")
    return program


def _rules(browser, program):
    rule = {"where": {"program": program}, "currency": "Beans"}
    browser.add(
        "programs.rule",
        **rule,
        name="Beans for each visit",
        code="visit",
        kind="Points per visit",
        per_visit_points=5,
        per_visit_minimum="2.50",
        per_visit_counts="purchase",
    )
    browser.add(
        "programs.rule",
        **rule,
        name="Double on Tuesday mornings",
        code="tuesday",
        kind="Multiplier",
        group="tuesday",
        multiplier_factor=2,
        multiplier_groups="base",
        when_weekdays=["2"],
        when_hours="07:00-11:00",
    )
    browser.add(
        "programs.rule",
        **rule,
        name="The tenth visit",
        code="tenth",
        kind="Every n-th time",
        group="tenth",
        every_nth_every=10,
        every_nth_points=50,
        every_nth_events="purchase",
        when_amount="2.50 to",
    )
    browser.add(
        "programs.rule",
        **rule,
        name="Welcome",
        code="welcome",
        kind="Fixed points per event",
        group="welcome",
        fixed_points=20,
        fixed_events="registration",
    )


def _caps(browser, program):
    cap = {"where": {"program": program}, "currency": "Beans", "measure": "Times", "scope": "Each member"}
    browser.add(
        "programs.cap",
        **cap,
        name="Two visits a day",
        code="visits-a-day",
        rule="Beans for each visit",
        period="Each day",
        limit=2,
    )
    browser.add(
        "programs.cap", **cap, name="Welcome once", code="welcome-once", rule="Welcome", period="For ever", limit=1
    )


def test_it_is_the_one_of_the_document_and_its_members_earn_the_same(browser, time_machine):
    made = build(browser)
    as_the_example(made)
    stories.coffee_shop(made, time_machine)
