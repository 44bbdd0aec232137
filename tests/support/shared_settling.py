"""A step that is shared, for tests: what time did to members, booked in the general way, a few at a time."""

from loyalty_site.night.shared import SharedStep, cut
from programs import versions
from transactions import ledger
from transactions.expiry import sweep

#: Few, so that a handful of members makes many batches.
SIZE = 1


def due(program_id, now):
    """The keys of the members to whom something is due, in ascending order."""
    return list(sweep._due(versions.renew(program_id), now))


def plan(night):
    return cut(due(night.program.pk, night.now), SIZE)


def work(batch):
    ledger.refresh(batch.program_id, list(batch.keys), now=batch.now)
    return {"members": len(batch.keys)}


STEP = SharedStep("settle together", plan, work)
#: What a process that is started by the tests puts in place of the steps of the night.
STEPS = [STEP]
