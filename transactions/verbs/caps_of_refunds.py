"""What does a refund or an order edit do to the counters of the period of then? (semantics C8-R5)"""

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from programs import capping, versions
from programs.capping import Cap, Part
from programs.configuration import Configuration
from programs.earning import Earned
from programs.traces import DiscountTrace
from transactions.books.counters import Name
from transactions.books.originals import Original
from transactions.books.refunded import Refund
from transactions.books.unit_of_work import Books


def again(original: Original, then: Configuration, earned: Earned) -> Earned:
    """What the caps of then leave of `earned`, the points of what is left of an order: nobody loses by a refund
    more than the caps had let through. `then` is the configuration of then."""
    limits = original.trace.get("caps", {})
    if not limits:
        return earned
    parts = earned.parts
    for cap in then.caps:
        if cap.code in limits.get("rooms", {}):
            parts = capping.shorten(parts, cap.covers, limits["rooms"][cap.code])
    for code, most in limits.get("balances", {}).items():
        parts = capping.shorten(parts, capping.of_currency(code), most)
    return earned._replace(points=capping.totals(parts), parts=parts)


class Rest(NamedTuple):
    """What the rest of an order deserves: `points` by currency code, in smallest units; `parts` are the same by rule,
    None where only proportions are known. `off` is the money that is off it, by rule."""

    points: Mapping[str, int]
    parts: tuple[Part, ...] | None
    off: tuple[Part, ...]


def off_in_proportion(original: Original, left: Fraction) -> tuple[Part, ...]:
    """The money off what is left of an order, where so much of its money is `left`, rounded down."""
    rows = original.trace.get("discounts", ())
    return tuple(
        Part("", row["rule"], row["rule"], place, int(row["amount"] * left), (False, False, 0, ""), _offer(row))
        for place, row in enumerate(rows)
    )


def _offer(row: DiscountTrace) -> str:
    return row.get("promotion", "")


def reopen(books: Books, original: Original, refund: Refund, rest: Rest) -> None:
    """Give back to the counters what `refund` took back, and note that in it.

    Points that are not recovered stay used.
    """
    if not original.counted:
        return
    caps = {cap.code: cap for cap in versions.at(books.configuration.id, original.program_version).caps}
    for counted in original.counted:
        cap = caps[counted.cap]
        if cap.reopens:
            back = _returned(original, cap, counted.amount, refund, rest) - reopened(original, counted.cap)
            if back > 0:
                refund.reopened[counted.cap] = books.counters.give_back(counted.name, back)


def _returned(original: Original, cap: Cap, amount: int, refund: Refund, rest: Rest) -> int:
    """How much of the use `amount` of a cap is returned by all refunds of an order together."""
    if _is_of_money_off(original, cap):
        # It is back with the goods, whatever became of points.
        return max(0, amount - cap.use_of(rest.off))
    code = cap.currency
    # Where more is deserved than was given, nothing is taken back.
    if original.given(code) <= rest.points.get(code, 0):
        return 0
    left = cap.use_of(rest.parts) if rest.parts is not None else in_proportion(original, code, rest, amount)
    return recovered(original, code, refund, rest, max(0, amount - left))


def in_proportion(original: Original, code: str, rest: Rest, amount: int) -> int:
    """What stays of an `amount` that came with the points of a currency, where only proportions are known; rounded
    up."""
    return -(-amount * rest.points.get(code, 0) // original.given(code))


def recovered(original: Original, code: str, refund: Refund, rest: Rest, due: int) -> int:
    """How much of what is `due` back with points of a currency all refunds of an order recovered together."""
    wanted = original.given(code) - rest.points.get(code, 0)
    taken = -sum(one.points.get(code, 0) for one in (*original.refunds, refund))
    return due * min(taken, wanted) // wanted if wanted > 0 else 0


def _is_of_money_off(original: Original, cap: Cap) -> bool:
    """Whether what the cap counted of the order was money off alone."""
    rows = original.trace.get("discounts", ())
    named = any(cap.rule == row["rule"] or (cap.promotion and cap.promotion == _offer(row)) for row in rows)
    return cap.measure == capping.DISCOUNT or (named and cap.promotion not in original.trace.get("promotions", {}))


def reopened(original: Original, code: str) -> int:
    """How much earlier refunds gave back to the counter of a cap."""
    return sum(refund.reopened.get(code, 0) for refund in original.refunds)


def freed(original: Original) -> dict[Name, int]:
    """{counter: what comes back when `original` is taken back whole}."""
    return {counted.name: counted.amount - reopened(original, counted.cap) for counted in original.counted}
