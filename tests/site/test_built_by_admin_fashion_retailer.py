"""Is a fashion retailer built in the back office alone, from an empty database, and is it the one of its document?"""

from tests.support import shop_stories as stories
from tests.support.documented import as_the_example


def build(browser):
    browser.add("partners.partner", name="Maison Lune", code="maison-lune")
    points = {"name": "Points", "code": "points", "is_primary": True, "cost_per_point": "0.04", "point_value": "0.05"}
    points["refund_policy"] = "Take all; the balance may fall below zero"
    program = browser.add(
        "programs.program",
        name="Maison Lune",
        code="fashion-retailer",
        owner="Maison Lune",
        country="FR",
        language="fr",
        time_zone="Europe/Paris",
        rows={
            "currencies": [points, {"name": "Status points", "code": "status", "kind": "Qualifying"}],
            "currencies-0-expiry_rule": [{"rounding": "To the end of the month"}],
        },
    )
    _tiers(browser, program)
    browser.add(
        "programs.segment",
        where={"program": program},
        name="Sleepers",
        code="sleepers",
        description="Bought before, but not for half a year.",
        last_purchase__at_least=180,
    )
    _rules(browser, program)
    _weekend(browser, program)
    _hello(browser, program)
    _back(browser, program)
    browser.change(program, status="Active")
    return program


def _tiers(browser, program):
    insider = {"sequence": 2, "name": "Insider", "code": "insider", "threshold": 1000, "multiplier": "1.5"}
    browser.change(
        program,
        rows={
            "tier_groups": [
                {
                    "name": "Circle",
                    "code": "circle",
                    "model": "Calendar: points of a year that begins on a fixed day",
                    "currency": "Status points",
                    "validity": "The rest of the cycle, and the next one",
                }
            ],
            "tier_groups-0-tiers": [
                {"sequence": 1, "name": "Guest", "code": "guest"},
                insider | {"colour": "#7c3aed"},
            ],
        },
    )


def _rules(browser, program):
    spend = {"kind": "Points per amount of money", "not_categories": "gift-card", "where": {"program": program}}
    browser.add("programs.rule", **spend, name="A point for each euro", code="spend", currency="Points")
    browser.add(
        "programs.rule", **spend, name="A status point for each euro", code="status", currency="Status points"
    )
    browser.add(
        "programs.rule",
        where={"program": program},
        name="Insiders earn half as much again",
        code="insider",
        kind="Multiplier of the tier",
        currency="Points",
        group="insider",
        tier_multiplier_groups="base",
    )


def _weekend(browser, program):
    """Double points that leave out what is on sale, with a budget, a limit for each, and a holdout."""
    offer = browser.add(
        "programs.promotion",
        where={"program": program},
        name="Double points weekend",
        code="weekend",
        description="Double points on everything that is not on sale.",
        starts_on="2028-03-04",
        ends_on="2028-03-05",
        not_labels="sale, outlet",
        holdout_percent=10,
    )
    twice = {"name": "Twice the points", "code": "twice", "kind": "Multiplier"}
    browser.gift(offer, **twice, currency="Points", multiplier_factor=2, multiplier_groups="base")
    limit = {"currency": "Points", "period": "For ever"}
    browser.limit(offer, **limit, name="Budget of the weekend", code="weekend-budget", limit="2000", alert_percent=80)
    each = {"name": "At most 1,500 for one member", "code": "weekend-each", "scope": "Each member"}
    browser.limit(offer, **limit, **each, limit="1500")


def _hello(browser, program):
    offer = browser.add(
        "programs.promotion",
        where={"program": program},
        name="The code of the newsletter",
        code="hello",
        ends_on="2028-12-31",
        when_codes="BONJOUR",
        when_amount="50 to",
    )
    gift = {"kind": "Fixed points per event", "currency": "Points", "fixed_events": "purchase"}
    browser.gift(offer, **gift, name="100 points for the code", code="hello", fixed_points=100)
    once = {"name": "The code once for each member", "code": "hello-once", "measure": "Times", "limit": 1}
    browser.limit(offer, **once, currency="Points", scope="Each member", period="For ever")


def _back(browser, program):
    offer = browser.add(
        "programs.promotion",
        where={"program": program},
        name="We have missed you",
        code="back",
        ends_on="2028-12-31",
        when_segments=["Sleepers"],
        when_amount="40 to",
    )
    gift = {"kind": "Fixed points per event", "currency": "Points", "fixed_events": "purchase"}
    browser.gift(offer, **gift, name="150 points for who comes back", code="back", fixed_points=150)
    once = {"name": "Once in half a year", "code": "back-once", "measure": "Times", "limit": 1}
    browser.limit(offer, **once, currency="Points", scope="Each member", period="trailing", trailing_days=180)


def test_it_is_the_one_of_the_document_and_its_members_earn_the_same(browser, time_machine):
    made = build(browser)
    as_the_example(made)
    stories.fashion_retailer(made, time_machine)
