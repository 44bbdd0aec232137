"""Who hears of what a night found, or of why it did not go on? People of the staff, by events of its steps.

Written in the transaction that stores what became of a step. Of a day and step there is one event of each kind, how
often the step is tried again until it succeeds.
"""

from datetime import date, datetime

from django.db.models import Exists, OuterRef
from django.urls import reverse

from loyalty_site.lib.json_types import Json
from loyalty_site.night import tiers
from members.models import StaffSubscription, Standing
from members.telling import tell
from programs import periods
from programs.models import Program, TierGroup
from transactions.models import NightRun
from transactions.reviews import downgrades

#: So many differences are told one by one, and so long is what is said of each.
FIRST, LONGEST = 5, 400
#: The step that looks for differences, and what a night is said to fail at that could not begin.
RECONCILE, BEGIN = "reconcile", "begin"


def of_step(run: NightRun, *, now: datetime, is_end: bool) -> None:
    """Tell what is to be told of a step that ended or failed; `is_end` says whether it is the last one of all."""
    if run.finished_at is None:
        _failed(run)
    elif run.step == RECONCILE and run.counts.get("differences"):
        _drift(run)
    elif run.step == tiers.STEP.name:
        _held_downgrades(run.program, now)
    if run.finished_at and is_end:
        _finished(run)


def not_run(program: Program, day: date, why: str) -> None:
    """Tell that the night behind a day could not begin; once a day."""
    said = {"night": _night(program, day, BEGIN, why[:300])}
    tell(program, "night.failed", said, once=f"night.failed:{day}:{BEGIN}")


def _failed(run: NightRun) -> None:
    """Once for a day, whatever the step fails with next time."""
    tell(
        run.program,
        "night.failed",
        {"night": _night(run.program, run.day, run.step, run.error)},
        once=f"night.failed:{run.day}:{run.step}",
    )


def _drift(run: NightRun) -> None:
    """Differences in what is stored, or under the seals."""
    first: list[Json] = [str(one)[:LONGEST] for one in run.counts.get("listed", [])[:FIRST]]
    said: dict[str, Json] = {
        "night": _night(run.program, run.day, run.step),
        "differences": {"count": run.counts["differences"], "first": first},
    }
    tell(run.program, "reconcile.drift", said, once=f"reconcile.drift:{run.day}")


def _held_downgrades(program: Program, now: datetime) -> None:
    """Lists that are complete: each once, with how many wait on it when it is told."""
    waits = Standing.objects.filter(group=OuterRef("pk"), waits_from__isnull=False)
    today = periods.local_date(now, program.zone)
    for group in TierGroup.objects.filter(Exists(waits), program=program).select_related("program").order_by("pk"):
        for waiting in downgrades.lists(group):
            if waiting.day <= today:
                address = _list_of(group, waiting.day)
                said: dict[str, Json] = {"group": group.code, "count": waiting.members, "address": address}
                once = f"downgrades.held:{group.pk}:{waiting.day}"
                tell(program, "downgrades.held", {"downgrades": said}, once=once)


def _finished(run: NightRun) -> None:
    """Written down only where somebody wants to hear that all is well."""
    if StaffSubscription.objects.filter(event="night.finished", user__is_active=True).exists():
        night = {"night": _night(run.program, run.day)}
        tell(run.program, "night.finished", night, once=f"night.finished:{run.day}")


def _night(program: Program, day: date, step: str = "", error: str = "") -> dict[str, Json]:
    return {"program": program.code, "day": day.isoformat(), "step": step, "error": error}


def _list_of(group: TierGroup, day: date) -> str:
    return f"{reverse('admin:programs_tiergroup_downgrades', args=[group.pk])}?day={day.isoformat()}"
