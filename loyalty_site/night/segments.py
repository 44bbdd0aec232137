"""How do several workers share the segments of a night, the scores before them, and the tiers that follow them?

For scores and segments each takes a range of members, for tiers those whose tier is another one.
"""

from collections.abc import Iterable, Iterator, Sequence

from loyalty_site.night.shared import Batch, SharedStep, cut
from loyalty_site.night.steps import Counts, Night
from transactions.segments import following, looking_up, scoring


def plan(night: Night) -> Iterator[Sequence[int]]:
    """The first and the last key of each range."""
    return iter(looking_up.plan(night.program))


def work(batch: Batch) -> Counts:
    """Look up the segments of the members of a range; returns how many came and left."""
    first, last = batch.keys
    came, left = looking_up.work(batch.program_id, first, last, now=batch.now)
    return {"came": came, "left": left}


def _plan_scores(night: Night) -> Iterator[Sequence[int]]:
    return iter(scoring.plan(night.program))


def _score(batch: Batch) -> Counts:
    first, last = batch.keys
    return {"changed": scoring.work(batch.program_id, first, last, now=batch.now)}


def _plan_tiers(night: Night) -> Iterable[Sequence[int]]:
    return cut(following.plan(night.program.pk, now=night.now))


def _follow(batch: Batch) -> Counts:
    return {**following.work(batch.program_id, batch.keys, now=batch.now)}


#: A range has no single members.
SCORES = SharedStep("scores", _plan_scores, _score, is_divisible=False)
STEP = SharedStep("segments", plan, work, is_divisible=False)
TIERS = SharedStep("segment tiers", _plan_tiers, _follow)
STEPS = (SCORES, STEP, TIERS)
