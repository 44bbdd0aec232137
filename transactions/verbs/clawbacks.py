"""From where are points taken that were given too much? Source of the rules: semantics C14-R3."""

from collections.abc import Sequence

from transactions.books.balances import BalanceInHand, Cause
from transactions.books.lots import LotState, remaining
from transactions.books.originals import Original
from transactions.models import Entry


def claw_back(
    hand: BalanceInHand,
    original: Original,
    entry: int,
    points: int,
    cause: Cause,
    *,
    policy: str = "",
    owes: bool = True,
) -> int:
    """Take `points` that the entry of `original` gave from its own lot, then from others, then as the policy says.

    `policy` is another than the currency's; `owes` says whether the balance may fall into arrears for it. Returns
    how many were taken.
    """
    currency, policy = hand.currency, policy or hand.currency.refund_policy
    own = hand.descendant_lots(entry)
    was_pending = any(lot.is_pending for lot in own)
    lots = _reachable(hand, own, policy, was_pending=was_pending)
    taken = min(points, remaining(lots) + (0 if currency.is_spendable else hand.holding.available))
    if owes and policy == "arrears" and currency.is_spendable:
        taken = points
    if taken:
        hand.debit(taken, cause, lots, kind=Entry.Kind.REVERSAL_DEBIT, lifetime="reversed")
        if not was_pending:
            hand.count(-taken, original.activity_at)
    return taken


def _reachable(hand: BalanceInHand, own: Sequence[LotState], policy: str, *, was_pending: bool) -> list[LotState]:
    """The lots that may be taken from, those of the credit itself first."""
    now = hand.books.now
    lots = [lot for lot in own if lot.is_pending or lot.is_usable(now)]
    if not hand.currency.is_spendable:
        return lots
    if policy == "pending_only":
        return lots if was_pending else []
    return lots + [lot for lot in hand.usable_lots(now) if lot not in own]
