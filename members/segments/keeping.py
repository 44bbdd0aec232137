"""Who is in which segment, as it is stored? Looked up again for some members at once, and read.

What is stored is what was looked up last: in the night, and when the segment was saved.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import OuterRef, QuerySet

from loyalty_site.lib.sql import Session
from members.models import Member, SegmentMembership
from members.segments.asking import Asking
from members.segments.finding import there_is
from programs import versions
from programs.models import Program, Segment


def segments_of(member: Member) -> QuerySet[SegmentMembership]:
    """The segments that a member is in, by name, and since when; read by one statement."""
    rows = SegmentMembership.objects.filter(member=member.pk, segment__is_active=True)
    return rows.select_related("segment").order_by("segment__name")


def leave(member_ids: Collection[int]) -> None:
    """Take members out of all segments at once: who was merged into another, or erased."""
    SegmentMembership.objects.filter(member__in=member_ids).delete()


def keep(program: Program, codes: Iterable[str], first: int, last: int, *, now: datetime) -> tuple[int, int]:
    """Look up anew who of the members with keys from `first` to `last` is in these segments.

    Inside a transaction. Returns how many came, and how many left. Whoever changes one of the segments meanwhile
    waits, or was before us.
    """
    # First, because compiling locks the program; whoever saves a segment has that lock when waiting for ours.
    configuration = versions.latest(program.pk)
    rows = hold(program, codes)
    asking = Asking(program, now, configuration)
    came = left = 0
    for segment in rows:
        inside = asking.members(segment.code).filter(pk__gte=first, pk__lte=last)
        left += _end(segment, inside, first, last)
        came += _begin(segment, inside, now)
    return came, left


def hold(program: Program, codes: Iterable[str]) -> list[Segment]:
    """The segments with these codes, which nobody changes before the end of the transaction."""
    found = Segment.objects.filter(program=program, code__in=list(codes)).order_by("pk")
    keys = list(found.values_list("pk", flat=True))
    session = Session()
    if session.is_postgresql and keys:
        # Shared, so that several workers look up the same segments; on SQLite only one writes anyway.
        session.run("SELECT id FROM programs_segment WHERE id {ids} ORDER BY id FOR SHARE", [keys]).fetchall()
    return list(found.filter(pk__in=keys))


def _end(segment: Segment, inside: QuerySet[Member], first: int, last: int) -> int:
    """Delete the rows of those who are not inside any more; returns of how many."""
    rows = SegmentMembership.objects.filter(segment=segment, member__gte=first, member__lte=last)
    gone, _ = rows.filter(~there_is(inside.filter(pk=OuterRef("member")))).delete()
    return gone


def _begin(segment: Segment, inside: QuerySet[Member], now: datetime) -> int:
    """Insert rows for those who are inside and have none; returns for how many."""
    known = SegmentMembership.objects.filter(segment=segment, member=OuterRef("pk"))
    new = inside.filter(~there_is(known)).values("id")
    try:
        sql, params = new.query.sql_with_params()
    except EmptyResultSet:
        # Django knows already that nobody can be inside.
        return 0
    since = connection.ops.adapt_datetimefield_value(now)
    table = SegmentMembership._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" (segment_id, member_id, since) '
            f"SELECT %s, found.id, %s FROM ({sql}) AS found WHERE true ON CONFLICT DO NOTHING",
            [segment.pk, since, *params],
        )
        return int(cursor.rowcount)
