"""How do tests have rules that count, buy coffee, and look how far a member is?"""

from partners.activity import Refunded
from tests.support import factories
from tests.support.factories import line, purchase, reversal

COFFEES = {"counts": "units", "every": 5, "points": 50}


def coffee_shop(**params):
    """A program in which five coffees give 50 points, and nothing else gives anything."""
    made = factories.program(rules=False, max_backdate_days=3650)
    conditions = {"categories": ["coffee"]}
    factories.rule(made, "coffees", "target", COFFEES | params, group="coffees", conditions=conditions)
    return made


def coffees(who, quantity, external_id="", **fields):
    """A purchase of so many coffees for a euro each, and a cake."""
    lines = (line("", quantity * 100, quantity=quantity, category="coffee"), line("", 300, category="cake"))
    return purchase(who, quantity * 100 + 300, external_id, lines=lines, **fields)


def back(bought, quantity, **fields):
    """A refund of so many coffees of such a purchase."""
    lines = (Refunded(position=0, amount=quantity * 100, quantity=quantity),)
    return reversal(bought.journal_id, lines=lines, **fields)


def reached(who, rule="coffees"):
    """(counted, rewarded, used) of the one row of a rule; nothing without one. Units are counted in thousandths."""
    row = who.progress.filter(rule=rule).first()
    return (row.counted, row.rewarded, row.used) if row else (0, 0, 0)


def streak(who, rule="streak"):
    """(run, in_last, last_on) of the one row of a rule."""
    row = who.progress.get(rule=rule)
    return row.run, row.in_last, row.last_on and row.last_on.isoformat()
