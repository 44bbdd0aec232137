"""How is a purchase reported once its till has taken off what it was told?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from loyalty_site.lib import money
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.money import divide
from partners.activity import Activity, Line
from programs.configuration import Configuration
from transactions.batch import Opened
from transactions.quotes.trials import Trials


def earns_after(trials: Trials, opened: Opened, guise: int, answer: JsonObject) -> Mapping[str, int] | None:
    """The points by currency code that the purchase earns when what the `answer` tells is taken off; the `guise` is
    used up for it. None where nothing is told, or the lines say already what was taken off."""
    rows = cast("Sequence[JsonObject]", answer.get("discounts", ()))
    item = trials.items[guise]
    if not rows or any(line.discount for line in item.lines):
        return None
    trials.items[guise] = less(item, rows, trials.configuration)
    result = trials.run_apart(opened, guise).result
    return cast("dict[str, int]", (result.answer or {}).get("points", {})) if result.status == "posted" else None


def less(item: Activity, rows: Sequence[JsonObject], configuration: Configuration) -> Activity:
    """The purchase without the money that these rows of an answer take off; its tax falls in proportion."""
    exponent, lines = money.exponent(item.money or configuration.money), list(item.lines)
    left = item.paid
    for row in rows:
        amount = money.parse(cast(str, row["amount"]), exponent)
        places = cast("list[int] | None", row["lines"])
        own = range(len(lines)) if places is None else places
        prices = [lines[place].price for place in own]
        # Of a line that several discounts share, rounding may leave a unit less than the last of them takes off.
        amount = min(amount, sum(prices)) if lines else amount
        for place, share in zip(own, divide(amount, prices), strict=True):
            lines[place] = _line_less(lines[place], share)
        left = max(0, left - amount)
    tax = item.tax * left // item.paid if item.paid else 0
    gift_card = min(item.gift_card, left)
    points_value = min(item.points_value, left - gift_card)
    return replace(item, amount=left, tax=tax, lines=tuple(lines), gift_card=gift_card, points_value=points_value)


def _line_less(line: Line, share: int) -> Line:
    price = line.price - share
    return replace(line, discount=line.discount + share, tax=line.tax * price // line.price if line.price else 0)
