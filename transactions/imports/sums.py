"""What do the amounts of a row come to: the total that was paid, its parts, and what came back of it?

Amounts are minor units by target, those that the row says; nothing stands for what it leaves empty.
"""

from collections.abc import Mapping

from loyalty_site.lib import money
from transactions.imports.amounts import below_zero
from transactions.imports.cells import Misread
from transactions.imports.mapping import BESIDE
from transactions.imports.mapping import Mapping as FileMapping
from transactions.imports.records import Refund

#: What a row may write below zero without being a refund.
_EITHER_SIGN = ("discount", "refund")


def refund_of(values: Mapping[str, str], said: Mapping[str, int], mapping: FileMapping) -> Refund | None:
    """What the row says came back. Raises Misread."""
    order = values.get("external_id", "")
    if said.get("amount", 0) < 0:
        if mapping.negative != "refund":
            raise Misread("A negative amount is no purchase: say in the mapping what it is.", field="amount")
        order = values.get("refund_of") or order
        if not order:
            raise Misread("The row does not say which purchase it refunds.", field="refund_of")
        return Refund(order, -said["amount"], is_own=True)
    return Refund(order, abs(said["refund"]), is_own=False) if said.get("refund") and order else None


def total(said: Mapping[str, int], mapping: FileMapping, *, is_refund: bool) -> dict[str, int]:
    """The amounts with the grand total as their `amount`. Raises Misread where one is negative in a purchase."""
    negative = [name for name, value in said.items() if value < 0 and name not in _EITHER_SIGN]
    if negative and not is_refund:
        raise below_zero(negative[0])
    found = {name: abs(value) for name, value in said.items()}
    if mapping.shipping_without_tax:
        found["shipping"] = found.get("shipping", 0) + found.get("shipping_tax", 0)
    if "amount" in found and not is_refund:
        found["amount"] += sum(found.get(name, 0) for name in mapping.amount_without)
        if {*BESIDE} <= {*mapping.amount_without}:
            # It stands in the tax and in the shipping, and was paid once.
            found["amount"] -= found.get("shipping_tax", 0)
        found["amount"] -= found.get("discount", 0)
        if found["amount"] < 0:
            raise Misread("The discount is larger than the amount that it is taken off.", field="discount")
    return found


def check_refund(refund: Refund | None, said: Mapping[str, int], iso: str, decimals: int) -> None:
    """Raises Misread where more came back than the same row says was paid, so that nothing of it is posted."""
    if refund and not refund.is_own and refund.total > said.get("amount", refund.total):
        most = f"{money.render(said['amount'], decimals)} {iso}"
        detail = f"More came back than was paid in the same row; refund at most {most}, or correct the amount."
        raise Misread(detail, field="refund", code="refund_too_large")


def shipping_tax(total: Mapping[str, int], mapping: FileMapping) -> int | None:
    """The tax on shipping; None where the file says nothing of it, or there is no shipping that could have any."""
    said = total.get("shipping_tax", 0)
    is_said = "shipping_tax" in mapping.targets and bool(said or total.get("shipping"))
    return said if is_said else None


def tax_of_goods(tax: int, shipping: int, of_shipping: int | None) -> int:
    """What of the tax is that on the lines.

    Nothing is said of theirs where it is not known how much is that on shipping: then the tax is assumed to be on the
    goods, and spread over the lines, as in every order whose lines say none (partners/paid.py).
    """
    if of_shipping is None:
        return 0 if shipping else tax
    return max(0, tax - of_shipping)
