"""What does a night tell members? Of points that will end, of tiers that would be lost, of the month that is over.

It is told on the day that begins when the day of the night has closed.
"""

from collections.abc import Iterator
from datetime import date

from loyalty_site.night.shared import Batch, SharedStep, cut
from loyalty_site.night.steps import Counts, Night
from programs.periods import ONE_DAY
from transactions.reminders import points, statements, tiers


def _begins(day: date) -> date:
    return day + ONE_DAY


def _whose_points(night: Night) -> Iterator[list[int]]:
    return cut(points.find(night.program.pk, _begins(night.day)))


def _remind_of_points(batch: Batch) -> Counts:
    return {**points.remind(batch.program_id, _begins(batch.day), batch.keys, batch.now)}


def _whose_tiers(night: Night) -> Iterator[list[int]]:
    return cut(tiers.find(night.program.pk, _begins(night.day)))


def _remind_of_tiers(batch: Batch) -> Counts:
    return {**tiers.remind(batch.program_id, _begins(batch.day), batch.keys, batch.now)}


def _whose_month(night: Night) -> Iterator[list[int]]:
    return cut(statements.find(night.program.pk, _begins(night.day)))


def _state(batch: Batch) -> Counts:
    return {**statements.state(batch.program_id, _begins(batch.day), batch.keys, batch.now)}


POINTS = SharedStep("reminders", _whose_points, _remind_of_points, is_of_a_day=True)
TIERS = SharedStep("tier warnings", _whose_tiers, _remind_of_tiers, is_of_a_day=True)
STATEMENTS = SharedStep("statements", _whose_month, _state, is_of_a_day=True)
STEPS = (POINTS, TIERS, STATEMENTS)
