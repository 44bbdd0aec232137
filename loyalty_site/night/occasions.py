"""How do several workers share the occasions of a night?"""

from collections.abc import Iterator
from datetime import date

from loyalty_site.night.shared import Batch, SharedStep, cut
from loyalty_site.night.steps import Counts, Night
from programs.periods import ONE_DAY
from transactions.occasions import giving


def _whose_occasions(night: Night) -> Iterator[list[int]]:
    return cut(giving.find(night.program.pk, _begins(night.day)))


def _give_for_occasions(batch: Batch) -> Counts:
    return {**giving.work(batch.program_id, _begins(batch.day), batch.keys, batch.now)}


def _begins(day: date) -> date:
    """The day that begins when the day of the night has closed: its points are there in the morning."""
    return day + ONE_DAY


STEP = SharedStep("occasions", _whose_occasions, _give_for_occasions, is_of_a_day=True)
