"""What does the step `tiers` of a night do? It books the validities, grace, locks and cycles that ended."""

from collections.abc import Iterable, Sequence

from loyalty_site.night.shared import Batch, SharedStep, cut
from loyalty_site.night.steps import Counts, Night
from transactions.tiers import night as of_members


def plan(night: Night) -> Iterable[Sequence[int]]:
    """The members with a tier that is due, a batch at a time."""
    return cut(of_members.plan(night.program.pk, now=night.now))


def work(batch: Batch) -> Counts:
    """Book what is due to the tiers of a batch of members; returns counts by kind of change."""
    return of_members.work(batch.program_id, batch.keys, now=batch.now)


STEP = SharedStep("tiers", plan, work)
