"""What came back of an order, and what did taking it back move? As values, and as the trace keeps them.

A later refund counts on what earlier ones did. It reads that from their traces, which are the engine's own; what was
answered to the sender belongs to the API and may be worded anew.
"""

from dataclasses import dataclass, field

from partners.activity import Refunded
from transactions.books.columns import Json


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
        return not self.money and not any(line.quantity for line in self.lines)

    @classmethod
    def read(cls, values: Json) -> "Share":
        """The Share that the trace of a stored refund speaks of."""
        return cls(tuple(Refunded(**line) for line in values["lines"]), values["amount"])

    def trace(self) -> Json:
        lines = [{"position": x.position, "amount": x.amount, "quantity": x.quantity} for x in self.lines]
        return {"lines": lines, "amount": self.amount}


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
    def read(cls, trace: Json, answer: Json) -> "Refund":
        """From a stored journal. In journals of before the trace held what was moved, the answer holds it."""
        moved = _moved(trace, answer)
        return cls(
            Share.read(trace["share"]),
            points=moved["points"],
            clawback=moved["clawback"],
            shared=trace.get("shared", {}),
            reopened=trace.get("reopened", {}),
        )

    @staticmethod
    def moved(trace: Json, answer: Json) -> dict[str, int]:
        """{currency code: points} that any stored reversal moved the balances by."""
        return dict(_moved(trace, answer).get("points", {}))

    def trace(self) -> Json:
        """What the journal of the refund remembers."""
        trace: Json = {"share": self.share.trace(), "points": self.points, "clawback": self.clawback}
        trace |= {"shared": self.shared} if self.shared else {}
        return trace | ({"reopened": self.reopened} if self.reopened else {})


def _moved(trace: Json, answer: Json) -> Json:
    return trace if "points" in trace else answer
