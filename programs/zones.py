"""When does a live program move to another time zone? On the day that was announced (semantics C1)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from programs.models import Program
from programs.periods import start_of_day


def switch(program: Program, *, now: datetime) -> bool:
    """Move `program` to its next time zone if the first day of that has begun there; says whether it did."""
    if not is_due(program, now):
        return False
    with transaction.atomic():
        program.refresh_from_db(from_queryset=Program.objects.select_for_update(no_key=True))
        if not is_due(program, now):
            return False
        program.time_zone, program.next_time_zone, program.next_time_zone_on = program.next_time_zone, "", None
        program.save()
    return True


def is_due(program: Program, now: datetime) -> bool:
    """Whether the first day of the announced zone has begun there."""
    first = program.next_time_zone_on
    return first is not None and now >= start_of_day(first, ZoneInfo(program.next_time_zone))
