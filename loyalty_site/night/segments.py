"""How do several workers share the segments of a night? Each takes a range of members, and looks up all of them."""

from collections.abc import Iterator, Sequence

from loyalty_site.night.shared import Batch, SharedStep
from loyalty_site.night.steps import Counts, Night
from transactions.segments import looking_up


def plan(night: Night) -> Iterator[Sequence[int]]:
    """The first and the last key of each range."""
    return iter(looking_up.plan(night.program))


def work(batch: Batch) -> Counts:
    """Look up the segments of the members of a range; returns how many came and left."""
    first, last = batch.keys
    came, left = looking_up.work(batch.program_id, first, last, now=batch.now)
    return {"came": came, "left": left}


#: A range has no single members.
STEP = SharedStep("segments", plan, work, is_divisible=False)
