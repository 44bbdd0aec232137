"""The program that these tests speak of: a document as people write it, and what one purchase earns in it."""

import copy
from datetime import UTC, datetime

from partners.activity import Activity, Line
from programs import compiling, document, earning
from programs.rules.base import Facts

#: Monday 3 March 2025, 12:30 in Paris.
NOON = datetime(2025, 3, 3, 11, 30, tzinfo=UTC)


def rule(code="base", kind="per_amount", params=None, **fields):
    params = {"points": "1", "per": "1"} if params is None and kind == "per_amount" else params or {}
    return {"code": code, "name": code.title(), "kind": kind, "currency": "points", "params": params} | fields


def tiers(gold="1.5"):
    return {
        "code": "main",
        "name": "Main",
        "currency": "status",
        "tiers": [
            {"code": "silver", "name": "Silver", "sequence": 1, "threshold": 500, "multiplier": "1"},
            {"code": "gold", "name": "Gold", "sequence": 2, "threshold": 1000, "multiplier": gold},
        ],
    }


def program(*rules, points=None, partners=("bakery",), groups=None, segments=(), **fields):
    """A valid document. `points` changes the spendable currency, `fields` the program itself; `segments` by codes."""
    in_segments = [{"code": code, "name": code, "conditions": {"tags": {"names": [code]}}} for code in segments]
    return ({"segments": in_segments} if segments else {}) | {
        "format": document.FORMAT,
        "program": {
            "code": "club",
            "name": "Club",
            "owner": "shop",
            "time_zone": "Europe/Paris",
            "money": "EUR",
            "status": "active",
        }
        | fields,
        "partners": list(partners),
        "currencies": [
            {"code": "points", "name": "Points", "is_primary": True} | (points or {}),
            {"code": "status", "name": "Status points", "kind": "qualifying"},
        ],
        "tier_groups": [tiers()] if groups is None else groups,
        "rules": list(rules),
    }


def compiled(*rules, **options):
    wanted = program(*rules, **options)
    assert document.check(wanted) == []
    return compiling.build(document.normal(wanted))


def purchase(amount=0, *lines, **fields):
    """A purchase of `amount` minor units; `lines` are Line values."""
    given = {"kind": "purchase", "external_id": "1", "member": {}, "activity_at": NOON, "money": "EUR"} | fields
    return Activity(amount=amount, lines=lines, **given)


def line(amount, sku="", **fields):
    return Line(sku=sku, amount=amount, **fields)


def earn(activity, *rules, tier=None, category_of=None, seen=None, **options):
    """The Earned of one activity in the program of these rules, for a member of that tier of whom that is seen."""
    made = compiled(*rules, **options)
    basket = earning.basket(activity, made, category_of=category_of)
    return earning.evaluate(made, basket, Facts(tiers={"main": tier} if tier else {}, seen=seen or {}))


def points(*args, **options):
    """Smallest units of `points` earned."""
    return earn(*args, **options).points.get("points", 0)


def nearest(*args, **options):
    """Why the rule that came nearest did not fire."""
    return earn(*args, **options).trace["nearest"]["why"]


def example():
    """A valid document with an expiry rule and three rules."""
    return program(
        rule(),
        rule("shoes", conditions={"categories": ["shoes"]}, starts_on="2025-01-01", ends_on="2025-12-31"),
        rule("tier", "tier_multiplier"),
        points={"expiry": {"period": 12, "rounding": "month"}},
    )


def changed(path, value):
    """The example with one value replaced; `path` is a tuple of keys and places."""
    made = copy.deepcopy(example())
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return made


def without(*path):
    """The example with one value left out."""
    made = copy.deepcopy(example())
    place = made
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return made
