"""What was computed of a night before, and does it still hold? Counts, one page, or all of it, read from rows."""

from collections.abc import Iterator

from django.db.models import QuerySet

from transactions.models import Journal, StoredComing, StoredOutlook
from transactions.outlook.coming import Coming
from transactions.outlook.tonight import Counts, Listed, Outlook, Wanted

#: Rows that are fetched at once.
_CHUNK = 2000


def listed(stored: StoredOutlook, wanted: Wanted, *, first: int, size: int) -> Listed:
    """The counts of all, how many are `wanted`, and `size` of these from the place `first` on."""
    rows = _wanted(stored, wanted)
    return Listed(Counts.from_json(stored.counts), rows.count(), [*map(_coming, rows[first : first + size])])


def comings(stored: StoredOutlook, wanted: Wanted) -> Iterator[Coming]:
    """All that are wanted, in the order in which they were computed."""
    yield from map(_coming, _wanted(stored, wanted).order_by("pk").iterator(chunk_size=_CHUNK))


def stale_because(stored: StoredOutlook, outlook: Outlook) -> list[str]:
    """Sentences about what has happened since it was computed, none where it still holds."""
    why = []
    if stored.version != outlook.configuration.version:
        why.append("The program has been changed since.")
    if Journal.objects.filter(program=stored.program_id, pk__gt=stored.last_journal).exists():
        why.append("Something has been posted since: who it concerns may be listed otherwise than now.")
    return why


def _wanted(stored: StoredOutlook, wanted: Wanted) -> QuerySet[StoredComing]:
    named = {"kind": wanted.kind, "group": wanted.group, "before": wanted.before, "after": wanted.after}
    rows = stored.comings.filter(**{name: value for name, value in named.items() if value})
    if wanted.by_missing:
        rows = rows.filter(can_be_saved=True).order_by("short_by", "pk")
    if wanted.most_missing is not None:
        rows = rows.filter(short_by__lte=wanted.most_missing)
    return rows


def _coming(row: StoredComing) -> Coming:
    short = [one.split(":") for one in row.missing.split()]
    return Coming(
        kind=row.kind,
        member_id=row.member_id,
        number=row.number,
        at=row.at,
        group=row.group,
        before=row.before,
        after=row.after,
        until=row.until,
        currency=row.currency,
        points=row.points,
        missing=tuple([(code, int(points)) for code, points in short]),
    )
