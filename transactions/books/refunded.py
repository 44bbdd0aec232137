"""What came back of an order, and what did taking it back move? As values, and as the trace keeps them.

A later refund counts on what earlier ones did. It reads that from their traces, which are the engine's own; what was
answered to the sender belongs to the API and may be worded anew.
"""

from dataclasses import dataclass, field

from partners.activity import Refunded
from transactions.models.journal_traces import LineTrace, RefundTrace, ShareTrace


@dataclass(frozen=True, slots=True)
class Share:
    """What came back of an order: `lines` (Refunded) and `amount` of money beside them, in minor units."""

    lines: tuple[Refunded, ...]
    amount: int

    @property
    def money(self) -> int:
        return self.amount + sum(line.amount for line in self.lines)

    @property
    def is_empty(self) -> bool:
        """Neither money nor pieces."""
        return not self.money and not any(line.in_thousandths for line in self.lines)

    @classmethod
    def read(cls, values: ShareTrace) -> "Share":
        """The Share that the trace of a stored refund speaks of."""
        return cls(tuple(Refunded(**line) for line in values["lines"]), values["amount"])

    def trace(self) -> ShareTrace:
        return {"lines": [_line_trace(line) for line in self.lines], "amount": self.amount}


def _line_trace(line: Refunded) -> LineTrace:
    trace: LineTrace = {"position": line.position, "amount": line.amount, "quantity": line.quantity}
    if line.thousandths:
        trace["thousandths"] = line.thousandths
    return trace


@dataclass(slots=True)
class Refund:
    """What one refund of an order did, in smallest units of points.

    By currency code: `points` that the balances of the member and of groups moved by (below zero), `clawback` that
    the member should lose, recovered or not. `shared` is what groups should lose by the key of the entry that gave
    it to them, `reopened` what caps got back by their code.
    """

    share: Share
    points: dict[str, int] = field(default_factory=dict)
    clawback: dict[str, int] = field(default_factory=dict)
    shared: dict[str, int] = field(default_factory=dict)
    reopened: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, trace: RefundTrace) -> "Refund":
        """From the trace of a stored journal."""
        return cls(
            Share.read(trace["share"]),
            points=trace["points"],
            clawback=trace["clawback"],
            shared=trace.get("shared", {}),
            reopened=trace.get("reopened", {}),
        )

    def trace(self) -> RefundTrace:
        """What the journal of the refund remembers."""
        trace: RefundTrace = {"share": self.share.trace(), "points": self.points, "clawback": self.clawback}
        if self.shared:
            trace["shared"] = self.shared
        if self.reopened:
            trace["reopened"] = self.reopened
        return trace
