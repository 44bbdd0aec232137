"""In which promotions does a member take part who two members became? Source of the rules: semantics C21-R2."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from members.models import Member, PromotionEnrolment


class Taking(TypedDict):
    """Since when somebody takes part, and until when; ISO texts, None for still."""

    since: str
    until: str | None


class PassedOn(TypedDict):
    """What became of the enrolment of the source in one promotion: whether it was open, and that of the target before
    (None: there was none) and after."""

    promotion: int
    was_open: bool
    before: Taking | None
    after: Taking


def pass_on(source: Member, target: Member, now: datetime) -> list[PassedOn]:
    """Give the target what the source had enrolled in, and end that of the source; returns what undoing it needs.

    While one of two takes part, the member of both does, since the earlier enrolment. Which promotions a member is
    left out of stays as it is with the one who stays.
    """
    own = {row.promotion_id: row for row in PromotionEnrolment.objects.filter(member=target)}
    passed: list[PassedOn] = []
    for theirs in PromotionEnrolment.objects.filter(member=source).order_by("promotion_id"):
        mine = own.get(theirs.promotion_id)
        before = _taking(mine) if mine else None
        row = mine or PromotionEnrolment(
            member=target,
            promotion_id=theirs.promotion_id,
            enrolled_at=theirs.enrolled_at,
            left_at=theirs.left_at,
        )
        if mine and None in (mine.left_at, theirs.left_at):
            row.enrolled_at, row.left_at = min(mine.enrolled_at, theirs.enrolled_at), None
        row.save()
        was_open = theirs.left_at is None
        if was_open:
            theirs.end(now)
        passed.append(PassedOn(promotion=row.promotion_id, was_open=was_open, before=before, after=_taking(row)))
    return passed


def give_back(passed: Iterable[PassedOn], source: int, target: int) -> None:
    """Undo `pass_on`, by the keys of both members; what the target has said since about a promotion stays."""
    for one in passed:
        of_it = PromotionEnrolment.objects.filter(promotion=one["promotion"])
        if one["was_open"]:
            of_it.filter(member=source).update(left_at=None)
        mine, before = of_it.filter(member=target).first(), one["before"]
        if mine is None or _taking(mine) != one["after"]:
            continue
        if before is None:
            mine.delete()
            continue
        until = before["until"]
        mine.enrolled_at = datetime.fromisoformat(before["since"])
        mine.left_at = datetime.fromisoformat(until) if until else None
        mine.save()


def _taking(row: PromotionEnrolment) -> Taking:
    return {"since": row.enrolled_at.isoformat(), "until": row.left_at.isoformat() if row.left_at else None}
