"""Who is about to lose a tier, and who is to be told? Whoever would lose it by what was counted so far.

Nobody is told whose tier is locked or waits for somebody's word, in a group whose downgrades are held, or while its
counts are made anew: there time alone takes nothing away.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import cast

from loyalty_site.lib import instants
from loyalty_site.lib.arrays import Fragment, Value
from loyalty_site.lib.json_types import Json
from members import looking, progress, snapshots, telling
from members.ladder import Reason
from members.ladder_rows import LockedStanding
from members.models import Member
from members.progress import Step
from members.snapshots import Sayer
from members.telling import Telling
from programs import versions
from programs.configuration import Configuration
from programs.models import Program
from transactions.outlook import coming
from transactions.reminders import triggers

EVENT = "tier.will_drop"

_ENDING = (
    "SELECT member_id FROM members_standing WHERE is_current AND group_id = %s "
    "AND valid_until > %s AND valid_until <= %s ORDER BY valid_until"
)


def find(program_id: int, day: date) -> list[int]:
    """The keys of the members with a tier whose validity ends a trigger's number of days after the local `day`, in
    ascending order. By the index of what ends, so it costs who is found."""
    configuration = versions.latest(program_id)
    groups = [one.id for one in configuration.tier_groups.values() if not one.holds_downgrades]
    return triggers.members(triggers.windows(configuration, EVENT, day), (_ENDING,), groups)


def remind(program_id: int, day: date, member_ids: Collection[int], now: datetime) -> dict[str, int]:
    """Tell of the tiers of these members that end a trigger's number of days after the local `day` and would be lost.

    Nothing is told that has ended by `now`, or was told before. To be called in a transaction; returns how many were
    told of, as `warned`.
    """
    configuration = versions.latest(program_id)
    program = Program.objects.get(pk=program_id)
    wanted = triggers.coming(program, configuration, EVENT, day, now)
    if not wanted:
        return {"warned": 0}
    accounts = looking.accounts(program_id, member_ids).values()
    sayer = Sayer(configuration)
    tellings = [
        _telling(configuration, sayer.say_all(account), account.id, step, held, window.days, now)
        for account in accounts
        if account.status == Member.Status.ACTIVE
        for step in progress.steps(configuration, account, now=now)
        for held in _lost(step, now)
        for window in wanted
        if window.holds(held.valid_until)
    ]
    return {"warned": telling.tell_many(program, EVENT, tellings)}


def _lost(step: Step, now: datetime) -> Iterator[LockedStanding]:
    """The standing that ends and takes the tier with it, if it does."""
    held, group = step.held, step.group
    if held is None or held.valid_until is None or held.valid_until <= now or held.waits_from:
        return
    if group.holds_downgrades or group.recounts or held.is_locked(held.valid_until):
        return
    if step.tier and step.ends and not step.is_kept:
        yield held


def _telling(
    configuration: Configuration,
    member: bytes,
    member_id: int,
    step: Step,
    held: LockedStanding,
    days: int,
    now: datetime,
) -> Telling:
    zone = configuration.zone
    last = instants.last_day(cast(datetime, held.valid_until), zone)
    before, after = step.tier, step.projected
    counted = tuple(one.kept or 0 for one in step.measures)
    lacking: list[Json] = [
        {"currency": code, "points": points} for code, points in coming.missing(step.group, before, counted)
    ]
    data: dict[str, Value] = {
        "member": Fragment(member),
        "tier": {
            "group": step.group.code,
            "group_name": step.group.name,
            "before": before.code if before else None,
            "before_name": before.name if before else None,
            "tier": after.code if after else None,
            "name": after.name if after else None,
            "since_at": snapshots.text(held.since_at),
            "valid_until": last.isoformat(),
            "reason": Reason.DOWNGRADE.value,
        },
        "missing": {"by": (step.keep_by or last).isoformat(), "currencies": lacking},
    }
    return Telling(member_id, data, now, once=telling.reminder(days, f"standing {held.id}"))
