"""From which state may a journal go to which? Source of the rule: semantics C3-R1.

The ledger asks `check` before it writes, and a trigger made from the same table refuses everything else.
"""

#: A state that is not a key is final. A failed retry leaves a journal failed, a further refund partly reversed.
TRANSITIONS = {
    "pending": ("processed", "failed", "held", "rejected"),
    "failed": ("processed", "rejected"),
    "held": ("processed", "failed", "rejected"),
    "processed": ("partially_reversed", "reversed"),
    "partially_reversed": ("reversed",),
}


class IllegalTransition(Exception):
    """A journal was about to go where no journal of its state goes: a defect of the caller."""


def check(was: str, to: str) -> None:
    """Raises IllegalTransition; staying where it is is no transition."""
    if was != to and to not in TRANSITIONS.get(was, ()):
        raise IllegalTransition(f"What is {was} never becomes {to}.")
