"""What does a program look like that marketing has shaped for years? Fifty rules, and twenty promotions with theirs.

Everything runs inside a process that `databases.use` has prepared, hence the imports inside.
"""

from datetime import date

RULES, PROMOTIONS = 50, 20
#: Promotions with a budget for all members, those that members enrol in, and those that leave some out.
BUDGETS, OPT_IN, HOLDOUTS = 1, 3, 3

_CONDITIONS = (
    {"channels": ["web", "app"]},
    {"stores": ["lyon"]},
    {"codes": ["SPRING"]},
    {"tiers": ["gold"]},
    {"amount": {"least": "100.00"}},
    {"products": ["SKI-1", "SKI-2"]},
    {"categories": ["shoes"]},
    {"any": [{"weekdays": [2]}, {"tags": ["vip"]}], "channels": ["store"]},
)


def shape() -> None:
    """Add rules and promotions to the program of the benchmark until it has that many."""
    from programs import document
    from programs.models import Program

    wanted = document.export(Program.objects.get(code="benchmark"))
    wanted["promotions"] = [_promotion(n) for n in range(PROMOTIONS)]
    wanted["rules"] += [_rule(n) for n in range(RULES - len(wanted["rules"]))]
    wanted["rules"] += [_of_promotion(n) for n in range(PROMOTIONS)]
    wanted["caps"] = [_budget(n) for n in range(BUDGETS)]
    document.apply(wanted)


def check_shape() -> None:
    """Raises AssertionError unless promotions gave something, and each budget counted exactly that."""
    from django.db.models import Sum

    from programs.models import Program, Promotion
    from transactions.models import CapCounter, PromotionUse

    made = Program.objects.get(code="benchmark")
    assert (made.rules.count(), made.promotions.count()) == (RULES + PROMOTIONS, PROMOTIONS)
    given = dict(PromotionUse.objects.order_by().values_list("promotion__code").annotate(Sum("points")))
    assert given, "no promotion gave anything"
    counted = dict(CapCounter.objects.order_by().values_list("cap__promotion__code").annotate(Sum("used")))
    assert counted == {code: given[code] for code in counted}, (counted, given)
    assert len(counted) == min(BUDGETS, Promotion.objects.count())


def _rule(n: int) -> dict[str, object]:
    kind, params = (
        ("fixed", {"points": "20", "events": "purchase"}),
        ("per_amount", {"points": "1", "per": "1"}),
        ("per_unit", {"points": "2"}),
        ("multiplier", {"factor": "2"}),
    )[n % 4]
    conditions = _CONDITIONS[n % len(_CONDITIONS)]
    return _named("rule", n) | {"kind": kind, "params": params, "conditions": conditions}


def _of_promotion(n: int) -> dict[str, object]:
    params = {"factor": "2"} if n % 2 else {"points": "10", "events": "purchase"}
    return _named("offer", n) | {
        "kind": "multiplier" if n % 2 else "fixed",
        "params": params,
        "promotion": f"promotion-{n}",
    }


def _named(what: str, n: int) -> dict[str, object]:
    return {"code": f"{what}-{n}", "name": f"{what} {n}", "currency": "points", "group": f"{what}-{n}"}


def _promotion(n: int) -> dict[str, object]:
    """The one with a budget gives something for every purchase."""
    year = date.today().year
    return {
        "code": f"promotion-{n}",
        "name": f"Promotion {n}",
        "starts_on": f"{year - 1}-01-01",
        "ends_on": f"{year + 1}-12-31",
        "conditions": {} if n < BUDGETS else _CONDITIONS[n % len(_CONDITIONS)],
        "opt_in": BUDGETS <= n < BUDGETS + OPT_IN,
        "holdout_percent": 10 if n >= PROMOTIONS - HOLDOUTS else 0,
    }


def _budget(n: int) -> dict[str, object]:
    return {
        "code": f"budget-{n}",
        "name": f"Budget {n}",
        "currency": "points",
        "promotion": f"promotion-{n}",
        "scope": "program",
        "period": "ever",
        "limit": 10**12,
    }
