"""Who brings a shared step to its end? The process that runs the night: it plans, asks for help, works, and waits."""

import time

from loyalty_site.night import batches, bells
from loyalty_site.night.shared import SharedStep
from loyalty_site.night.steps import Counts, Night

#: After so many seconds in which no batch was finished, the others are waited for no more.
PATIENCE_S = 600

#: So often somebody who waits looks whether a batch has become free, in seconds.
LOOK_EVERY_S = 0.2


class NotAllDone(Exception):
    """Batches failed again and again, or those who are at work on them do not come to an end."""


def run(step: SharedStep, night: Night) -> Counts:
    """Plan the step, unless that was done; returns the counts of all batches when none is open any more.

    Raises NotAllDone; the next call goes on with what is open.
    """
    batches.write(step, night.run_id, night.now, lambda: step.plan(night))
    batches.give_another_chance(night.run_id)
    # For one batch nobody needs to be asked: it is ours.
    bells.ring(night.ring, times=batches.left(night.run_id).open - 1)
    patience = _Patience()
    while True:
        while batches.take(step, night.run_id):
            pass
        left = batches.left(night.run_id)
        if not left.open and not left.failed:
            return batches.counted(night.run_id)
        if not left.open:
            raise NotAllDone(f"{left.failed} of {left.all} batches failed, the first by {batches.why(night.run_id)}")
        # Somebody else has it under lock. A process that dies gives its lock back, and then we take it.
        patience.wait(left, night.run_id)


class _Patience:
    """Waits for others as long as batches are being finished."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._open: int | None = None

    def wait(self, left: batches.Left, run_id: int) -> None:
        """Sleep a moment. Raises NotAllDone when nothing was finished for PATIENCE_S."""
        if left.open != self._open:
            self._since, self._open = time.monotonic(), left.open
        if time.monotonic() - self._since > PATIENCE_S:
            workers = ", ".join(batches.workers(run_id))
            raise NotAllDone(f"{left.open} of {left.all} batches do not come to an end; at work are {workers}")
        time.sleep(LOOK_EVERY_S)
