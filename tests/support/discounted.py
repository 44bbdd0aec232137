"""What the tests of discounts share: rules that take money off, and what tills are told of them."""

from datetime import timedelta

from django.db.models import Sum
from django.utils import timezone

from tests.support import examples, factories
from tests.support.factories import post_one, purchase
from transactions.models import Journal, PromotionUse


def discount(
    code="off", kind="discount", conditions=None, params=None, percent=None, amount=None, most=None, **fields
):
    """The rule as a document has it; 10 percent of all that is bought, unless said otherwise."""
    said = {"percent": percent, "amount": amount, "most": most}
    given = {name: str(value) for name, value in said.items() if value is not None}
    own = params if params is not None else given or {"percent": "10"}
    return examples.rule(code, kind, own, conditions=conditions or {}, **fields)


def off(made, code="off", promotion=None, conditions=None, **params):
    """The stored rule of a program, of a group of its own."""
    own = {"promotion": promotion, "conditions": conditions or {}, "group": code}
    factories.rule(made, code, "discount", params or {"percent": "10"}, **own)
    made.refresh_from_db()


def buy(made, who, *amounts, taken=None, **fields):
    """A purchase an hour ago, of lines that cost so much, off which the till took so much each."""
    taken = taken or [0] * len(amounts)
    lines = [
        factories.line(f"SKU-{place}", amount, discount=less)
        for place, (amount, less) in enumerate(zip(amounts, taken, strict=True))
    ]
    at = timezone.now() - timedelta(hours=1)
    given = {"activity_at": at, "lines": tuple(lines)} | fields
    return post_one(made, purchase(who, sum(amounts) - sum(taken), **given))


def told(result):
    """{rule: decimal text} of what the answer to a posting tells the till."""
    return {row["rule"]: row["amount"] for row in result.answer.get("discounts", ())}


def trace(result):
    return Journal.objects.get(pk=result.journal_id).trace


def spent(code="spring"):
    """The money in minor units that a promotion took off, less what came back."""
    rows = PromotionUse.objects.filter(promotion__code=code, currency=None)
    return rows.aggregate(sum=Sum("discount"))["sum"] or 0
