"""When is a member left alone, and when do messages with all of a day leave? By the clock where the member is."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def quiet_until(now: datetime, zone: tzinfo, begins: time | None, ends: time | None) -> datetime | None:
    """When the quiet hours end in which `now` is on the clocks of `zone`; None outside of them.

    They last from `begins` to `ends`, past midnight where that is earlier.
    """
    if begins is None or ends is None:
        return None
    here = now.astimezone(zone)
    clock, is_overnight = here.time(), begins > ends
    is_late = clock >= begins
    if not (is_late or clock < ends if is_overnight else is_late and clock < ends):
        return None
    return next_at(now, zone, ends, first=here.date() + timedelta(days=is_overnight and is_late))


def next_at(now: datetime, zone: tzinfo, clock: time, *, first: date | None = None) -> datetime:
    """The next instant after `now`, on the day `first` at the earliest, at which it is `clock` in `zone`."""
    day = first or now.astimezone(zone).date()
    while True:
        for fold in (0, 1):
            found = _instant(day, clock.replace(fold=fold), zone)
            if found > now:
                return found
        day += timedelta(days=1)


def _instant(day: date, clock: time, zone: tzinfo) -> datetime:
    """When it is `clock`; where clocks are put forward over it, when that happens."""
    there = datetime.combine(day, clock, tzinfo=zone)
    found = there.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == there.replace(tzinfo=None):
        return found
    # Nothing is skipped but by a change of the offset, which lies between these.
    low, high = sorted(there.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high.replace(microsecond=0)
