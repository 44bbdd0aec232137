"""What came back of an order, and what did taking it back move? As values, and as the trace keeps them.

A later refund counts on what earlier ones did. It reads that from their traces, which are the engine's own; what was
answered to the sender belongs to the API and may be worded anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from loyalty_site.lib import money, quantities
from loyalty_site.lib.refusals import Refused
from partners import paid
from partners.activity import Activity, Refunded, Reversal
from programs.progress import Advance, stood
from transactions.models.journal_traces import LineTrace, RefundTrace, ShareTrace


class RefundTooLarge(Refused):
    """More is given back than is left of the order."""

    code = "refund_too_large"


class RefundEmpty(Refused):
    """The refund is for nothing."""

    code = "refund_empty"


@dataclass(frozen=True, slots=True)
class Share:
    """What came back of an order, in minor units: `lines` (Refunded, each with the part of what was paid for it),
    `shipping` (with its tax, None where that was not said) and `amount` of money beside them."""

    lines: tuple[Refunded, ...]
    amount: int
    shipping: int = 0
    shipping_tax: int | None = None

    @property
    def money(self) -> int:
        return self.amount + self.shipping + sum(line.amount for line in self.lines)

    @property
    def is_empty(self) -> bool:
        """Neither money nor pieces."""
        return not self.money and not any(line.in_thousandths for line in self.lines)

    @classmethod
    def read(cls, values: ShareTrace) -> "Share":
        """The Share that the trace of a stored refund speaks of."""
        lines = tuple(Refunded(**line) for line in values["lines"])
        return cls(lines, values["amount"], values.get("shipping", 0), values.get("shipping_tax"))

    def trace(self) -> ShareTrace:
        trace: ShareTrace = {"lines": [_line_trace(line) for line in self.lines], "amount": self.amount}
        if self.shipping:
            trace["shipping"] = self.shipping
        if self.shipping_tax is not None:
            trace["shipping_tax"] = self.shipping_tax
        return trace


def _line_trace(line: Refunded) -> LineTrace:
    trace: LineTrace = {"position": line.position, "amount": line.amount, "quantity": line.quantity}
    if line.thousandths:
        trace["thousandths"] = line.thousandths
    return trace


def lines_of(shares: Iterable[Share]) -> list[Refunded]:
    """What came back of lines with all of `shares`."""
    return [line for share in shares for line in share.lines]


def wanted(item: Reversal, order: Activity, earlier: Sequence[Share], *, left: int, iso: str) -> Share:
    """The Share of `order` that a Reversal asks for, of which `left` minor units of the money `iso` have not come
    back with `earlier` ones. Raises RefundTooLarge, RefundEmpty."""
    if not item.is_part:
        return Share((), left)
    _check_shipping(item, order, earlier, iso)
    lines = _lines(item, order, earlier, iso)
    share = Share(lines, item.amount or 0, item.shipping or 0, item.shipping_tax)
    if share.is_empty and (order.paid or item.lines or item.amount is None):
        detail = "Nothing comes back: say how much does, or nothing at all for all that is left."
        field = "lines" if item.lines else "amount" if item.amount is not None else "shipping"
        raise RefundEmpty(detail, field=field)
    if share.money > left:
        detail = f"Less than that is left of the order; refund at most {_text(left, iso)}."
        raise RefundTooLarge(detail, field="shipping" if not item.lines and item.amount is None else "amount")
    return replace(share, lines=_whole(share.lines, order, earlier)) if share.money == left else share


def is_all(item: Reversal, order: Activity, shares: Sequence[Share]) -> bool:
    """Whether nothing is left of `order` after `shares`, of which `item` asked for the last.

    Its money and its pieces are back, or all that was left was asked for. Who tells no lines, and the last of the
    money as an amount, asks for all: an amount belongs to all that is left.
    """
    if not item.is_part:
        return True
    if sum(share.money for share in shares) < order.paid:
        return False
    if not item.lines and (item.amount is not None or any(share.amount for share in shares)):
        return True
    return not any(line.quantity for line in paid.left_of_lines(order, lines_of(shares)))


def _check_shipping(item: Reversal, order: Activity, earlier: Sequence[Share], iso: str) -> None:
    """Shipping and its tax come back no more than once. Raises RefundTooLarge."""
    left = order.shipping - sum(share.shipping for share in earlier)
    if (item.shipping or 0) > left:
        detail = f"Of the shipping of the order {_text(left, iso)} is left."
        raise RefundTooLarge(detail, field="shipping")
    taxes = sum(share.shipping_tax or 0 for share in earlier) + (item.shipping_tax or 0)
    if order.shipping_tax is not None and item.shipping_tax and taxes > order.shipping_tax:
        detail = f"All tax on the shipping of the order was {_text(order.shipping_tax, iso)}."
        raise RefundTooLarge(detail, field="shipping_tax")


def _lines(item: Reversal, order: Activity, earlier: Sequence[Share], iso: str) -> tuple[Refunded, ...]:
    """What comes back of the lines, each with the part of what was paid for it. Raises RefundTooLarge."""
    if not item.lines:
        return ()
    left, found = paid.left_of_lines(order, lines_of(earlier)), list[Refunded]()
    for number, named in enumerate(item.lines):
        if named.position >= len(left):
            raise RefundTooLarge("The order has no such line.", field=f"lines[{number}].position")
        line = left[named.position]
        back = replace(named, amount=line.counted(named))
        if line.means_all_pieces(named, order):
            back = _with_pieces(back, line)
        if back.amount > line.money or back.units > line.quantity:
            pieces = _pieces(line)
            detail = f"More than the line cannot come back: {_text(line.money, iso)}{pieces} are left of it."
            raise RefundTooLarge(detail, field=f"lines[{number}]")
        left[named.position] = line.less(back)
        found.append(back)
    return tuple(found)


def _pieces(line: paid.PaidLine) -> str:
    """How many pieces are left of a line, behind what money is; "" of one that is one piece or counts none."""
    if line.all_pieces == 1:
        return ""
    left = quantities.text_of(line.quantity)
    return f" and {left} of its pieces" if isinstance(line.line.units, int) else f" and {left} of its quantity"


def _whole(lines: Sequence[Refunded], order: Activity, earlier: Sequence[Share]) -> tuple[Refunded, ...]:
    """The `lines` that take the last money of the order: who told no pieces, but all the money that an amount had
    left of the line, means all of them."""
    left, found = paid.left_of_lines(order, lines_of(earlier)), list[Refunded]()
    for named in lines:
        line = left[named.position]
        left[named.position] = line.less(named)
        is_told = named.units or not named.amount
        found.append(named if is_told or not left[named.position].pieces else _with_pieces(named, line))
    return tuple(found)


def _with_pieces(back: Refunded, line: paid.PaidLine) -> Refunded:
    """The same of all pieces that are left of the line."""
    whole, part = quantities.split(int(line.quantity * quantities.UNIT))
    return replace(back, quantity=whole, thousandths=part)


def _text(units: int, iso: str) -> str:
    return f"{money.render(units, money.exponent(iso))} {iso}"


@dataclass(slots=True)
class Refund:
    """What one refund of an order did, in smallest units of points.

    By currency code: `points` that the balances of the member and of groups moved by (below zero), `clawback` that
    the member should lose, recovered or not. `shared` is what groups should lose by the key of the entry that gave
    it to them, `reopened` what caps got back by their code, `promotions` what was taken back of the points that
    promotions gave, by their codes and by currency code, `discounts` of the money that they took off, in minor units
    of the program's money, and `codes` the promotions whose code can be used again. `progress` is by the codes of
    rules what the order counted for the member before and after it.
    """

    share: Share
    points: dict[str, int] = field(default_factory=dict)
    clawback: dict[str, int] = field(default_factory=dict)
    shared: dict[str, int] = field(default_factory=dict)
    reopened: dict[str, int] = field(default_factory=dict)
    promotions: dict[str, dict[str, int]] = field(default_factory=dict)
    discounts: dict[str, int] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    progress: dict[str, Advance] = field(default_factory=dict)

    @classmethod
    def read(cls, trace: RefundTrace) -> "Refund":
        """From the trace of a stored journal."""
        return cls(
            Share.read(trace["share"]),
            points=trace["points"],
            clawback=trace["clawback"],
            shared=trace.get("shared", {}),
            reopened=trace.get("reopened", {}),
            promotions=trace.get("promotions_back", {}),
            discounts=trace.get("discounts_back", {}),
            codes=trace.get("codes_back", []),
            progress=stood(trace.get("progress", {})),
        )

    def trace(self) -> RefundTrace:
        """What the journal of the refund remembers."""
        trace: RefundTrace = {"share": self.share.trace(), "points": self.points, "clawback": self.clawback}
        if self.shared:
            trace["shared"] = self.shared
        if self.reopened:
            trace["reopened"] = self.reopened
        if self.promotions:
            trace["promotions_back"] = self.promotions
        if self.discounts:
            trace["discounts_back"] = self.discounts
        if self.codes:
            trace["codes_back"] = self.codes
        if self.progress:
            trace["progress"] = {code: advance.trace() for code, advance in self.progress.items()}
        return trace
