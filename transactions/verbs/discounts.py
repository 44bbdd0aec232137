"""What is said of the money that a till takes off, or has taken off? In the money of the purchase."""

from decimal import Decimal

from loyalty_site.lib import money
from loyalty_site.lib.json_types import JsonObject
from partners.activity import Activity
from programs.traces import DiscountTrace
from transactions.books.posting import Posting
from transactions.models.journal_traces import StoredTrace
from transactions.verbs.baskets import in_base, in_own_money


def told(posting: Posting[Activity], trace: StoredTrace, rate: Decimal | None) -> JsonObject:
    """What is answered of the discounts of each rule and of their sum, as decimal texts; nothing where there is none.
    Lets the trace say what the lines say that the till took off."""
    item, configuration = posting.item, posting.configuration
    rows, said = trace.get("discounts", ()), sum(line.discount for line in item.lines)
    if item.lines and (said or rows):
        trace["taken_off"] = {"amount": in_base(said, item, configuration, rate), "money": configuration.money}
    if not rows:
        return {}
    amounts = [in_own_money(row["amount"], item, configuration, rate) for row in rows]
    exponent = money.exponent(item.money or configuration.money)
    said_of = [_row(row, money.render(amount, exponent)) for row, amount in zip(rows, amounts, strict=True)]
    return {"discounts": said_of, "discount_total": money.render(sum(amounts), exponent)}


def _row(row: DiscountTrace, amount: str) -> JsonObject:
    said: JsonObject = {"rule": row["rule"], "name": row["name"], "promotion": row.get("promotion") or None}
    return {**said, "amount": amount, "lines": list(row["lines"]) if "lines" in row else None}
