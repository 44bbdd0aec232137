"""Is a service company for air conditioners built in the back office alone, and is it the one of its document?"""

from tests.support import shop_stories as stories
from tests.support.documented import as_the_example


def build(browser):
    browser.add("partners.partner", name="Polar Service", code="polar")
    points = {"name": "Points", "code": "points", "is_primary": True, "cost_per_point": "0.01", "point_value": "0.01"}
    program = browser.add(
        "programs.program",
        name="Polar Service",
        code="air-conditioning",
        owner="Polar Service",
        country="ES",
        language="es",
        time_zone="Europe/Madrid",
        rows={"currencies": [points], "currencies-0-expiry_rule": [{"period": 36}]},
    )
    _sales(browser, program)
    _service(browser, program)
    _letter(browser, program)
    _early(browser, program)
    browser.change(program, status="Active")
    return program


def _sales(browser, program):
    rule = {"where": {"program": program}, "currency": "Points"}
    browser.add(
        "programs.rule", **rule, name="A point for each euro", code="spend", kind="Points per amount of money"
    )
    browser.add(
        "programs.rule",
        **rule,
        name="200 points for each air conditioner",
        code="units",
        kind="Points per unit bought",
        group="units",
        per_unit_points=200,
        when_categories="air-conditioner",
    )


def _service(browser, program):
    rule = {"where": {"program": program}, "currency": "Points"}
    service = browser.add(
        "programs.rule",
        **rule,
        name="A maintenance appointment",
        code="service",
        kind="Fixed points per event",
        group="service",
        fixed_points=150,
        fixed_events="appointment",
        when_attributes="service: maintenance, inspection",
    )
    browser.add(
        "programs.rule",
        **rule,
        name="Years with us",
        code="jubilee",
        kind="Birthday or anniversary",
        group="jubilee",
        occasion_occasion="Anniversary of the enrolment",
        occasion_points=250,
        occasion_years="1, 2, 3, 5, 10",
    )
    browser.add(
        "programs.cap",
        where={"program": program},
        name="Two appointments a year",
        code="service-a-year",
        currency="Points",
        rule=service.name,
        measure="Times",
        scope="Each member",
        period="Each year",
        limit=2,
    )


def _letter(browser, program):
    """A promotion with codes of its own, which are pasted, and a budget in money."""
    offer = browser.add(
        "programs.promotion",
        where={"program": program},
        name="The code of the letter",
        code="letter",
        description="500 points more for an air conditioner, with the code that each customer got by post.",
        ends_on="2029-12-31",
        uses_per_code=1,
    )
    browser.gift(
        offer,
        name="500 points for the code",
        code="letter",
        kind="Fixed points per event",
        currency="Points",
        fixed_points=500,
        fixed_events="purchase",
        when_categories="air-conditioner",
    )
    budget = {"name": "Budget of the letter", "code": "letter-budget", "measure": "Money that the points cost"}
    browser.limit(offer, **budget, currency="Points", limit="1000.00", alert_percent=80)
    browser.paste_codes(offer, stories.CODES)


def _early(browser, program):
    offer = browser.add(
        "programs.promotion",
        where={"program": program},
        name="Serviced before summer",
        code="early",
        ends_on="2029-12-31",
        when_dates="02-01 to 04-30",
    )
    browser.gift(
        offer,
        name="50 points more before summer",
        code="early",
        kind="Fixed points per event",
        currency="Points",
        fixed_points=50,
        fixed_events="appointment",
        when_only_if=["A maintenance appointment"],
    )
    once = {"name": "Early once a year", "code": "early-once", "measure": "Times", "limit": 1}
    browser.limit(offer, **once, currency="Points", scope="Each member", period="Each year")


def test_it_is_the_one_of_the_document_and_its_members_earn_the_same(browser, time_machine):
    made = build(browser)
    as_the_example(made)
    stories.service_company(made, time_machine)
