"""How is kept how active members are? Written for ranges of members, read by segments, pages and answers."""

from collections.abc import Collection, Mapping

from loyalty_site.lib.sql import Session
from members.models import ActivityScore, Member
from programs.scoring import Score

_COLUMNS = "score recency frequency spend"


def keep(program_id: int, found: Mapping[int, Score], first: int, last: int) -> int:
    """Let the members of a program with keys from `first` to `last` have these scores, and all others none.

    Inside a transaction; four statements at most. Returns of how many members the score, or a part of it, is another
    one than before.
    """
    rows = ActivityScore.objects.filter(member__program=program_id, member__gte=first, member__lte=last)
    stored = {key: Score(*parts) for key, *parts in rows.values_list("member_id", *_COLUMNS.split())}
    new = [(key, *one) for key, one in sorted(found.items()) if key not in stored]
    moved = [(key, *one) for key, one in sorted(found.items()) if stored.get(key, one) != one]
    gone = sorted(stored.keys() - found.keys())
    session = Session()
    if new:
        session.insert_new(ActivityScore, f"member_id {_COLUMNS}", new)
    session.change(ActivityScore, put=_COLUMNS, rows=moved)
    if gone:
        forget(gone)
    return len(new) + len(moved) + len(gone)


def of(member: Member) -> Score | None:
    """The score of a member as it was counted last, None where there is none; one statement."""
    row = ActivityScore.objects.filter(member=member.pk).values_list(*_COLUMNS.split()).first()
    return Score(*row) if row else None


def forget(member_ids: Collection[int]) -> None:
    """Take away the scores of members: who does nothing any more, was merged into another, or erased."""
    ActivityScore.objects.filter(member__in=list(member_ids)).delete()


def are_kept(program_id: int) -> bool:
    """Whether any member of a program has a score."""
    return ActivityScore.objects.filter(member__program=program_id).exists()
