"""How does the night give points for birthdays and anniversaries, each once, whatever happens in between?

`find` says who is due on a local day, `work` gives to some of them: batches may be done in any order, by several
processes, and again. What makes a fact one is its name (member, rule, calendar year).
"""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial

from django.db import IntegrityError

from loyalty_site.lib.refusals import Refused
from partners.activity import Activity, Occasion
from partners.models import Connection, Partner
from programs import versions
from programs.configuration import Configuration
from transactions import ledger
from transactions.books.items import Result
from transactions.occasions import alike, planning
from transactions.occasions.planning import Day, Plan

GIVEN = "given"

logger = logging.getLogger(__name__)


def find(program_id: int, day: date) -> list[int]:
    """Keys of the members who may have an occasion on the local `day`, in ascending order.

    Nobody where the program is not active: what falls into a pause is not given later.
    """
    configuration = versions.latest(program_id)
    return planning.find(planning.day_of(configuration, day)) if configuration.status == "active" else []


def work(program_id: int, day: date, member_ids: Sequence[int], now: datetime) -> dict[str, int]:
    """Give these members what is due on the local `day`; returns its counts.

    "given" and "refused" in all, and "RULE: given", "RULE: CODE" for each rule and reason. What was given or
    refused by the ledger before is not counted again; done twice, it gives nothing more.
    """
    configuration = versions.latest(program_id)
    if configuration.status != "active":
        return {}
    done = Counter({"given": 0, "refused": 0})
    on = planning.day_of(configuration, day)
    wanted = planning.plans(on, member_ids)
    for plan in wanted:
        if plan.refusal:
            _count(done, plan, plan.refusal.code)
    allowed = [plan for plan in wanted if not plan.refusal]
    for first in range(0, len(allowed), ledger.LARGEST_BATCH):
        part = allowed[first : first + ledger.LARGEST_BATCH]
        for plan, outcome in zip(part, _post(configuration, on, part, now), strict=True):
            if outcome:
                _count(done, plan, outcome)
    return dict(done)


def _count(done: Counter[str], plan: Plan, outcome: str) -> None:
    done["given" if outcome == GIVEN else "refused"] += 1
    done[f"{' + '.join(plan.wish.codes)}: {outcome}"] += 1


def _post(configuration: Configuration, day: Day, plans: Sequence[Plan], now: datetime) -> list[str]:
    """What became of each plan: GIVEN, the code of a refusal, "" where it was known. None stops the others."""
    via = Connection.of(Partner.objects.get(code=configuration.owner), Connection.Platform.TIMETABLE)
    copied = _post_alike(configuration, day, plans, via, now)
    done = {place: GIVEN if gives else "no_points" for place, gives in copied.items()}
    places = [place for place in range(len(plans)) if place not in done]
    items = [_activity(plans[place], day) for place in places]
    done |= zip(places, _post_each(configuration, items, via, now), strict=True)
    return [done[place] for place in range(len(plans))]


def _post_alike(
    configuration: Configuration, day: Day, plans: Sequence[Plan], via: Connection, now: datetime
) -> dict[int, bool]:
    """What `alike.give` has given. Whatever stops it, nothing is written, and the general way finds out why."""
    try:
        return alike.give(configuration, day, plans, make=partial(_activity, day=day), via=via, now=now)
    except IntegrityError:
        return {}  # Somebody else has just given some of it.
    except Exception:
        logger.warning("points for occasions could not be given to many at once", exc_info=True)
        return {}


def _post_each(configuration: Configuration, items: Sequence[Activity], via: Connection, now: datetime) -> list[str]:
    """What became of each fact, in the general way."""
    if not items:
        return []
    try:
        results = ledger.record(items, program_id=configuration.id, via=via, now=now)
    except Refused:
        raise
    except Exception:
        return [_post_one(configuration, item, via, now) for item in items]
    return [_outcome(result) for result in results]


def _post_one(configuration: Configuration, item: Activity, via: Connection, now: datetime) -> str:
    try:
        [result] = ledger.record([item], program_id=configuration.id, via=via, now=now)
    except Exception:
        logger.exception("points for an occasion could not be given", extra={"fact": item.external_id})
        return "failed"
    return _outcome(result)


def _activity(plan: Plan, day: Day) -> Activity:
    """The fact, dated on the first instant of its own local day, whenever the night comes to it."""
    leader = plan.wish.leader
    return Activity(
        kind=leader.kind.occasion,
        external_id=plan.name,
        member={"number": plan.person.number},
        activity_at=day.starts_at,
        occasion=Occasion(leader.on, plan.wish.years, ", ".join(plan.wish.codes)),
    )


def _outcome(result: Result) -> str:
    if result.refusal:
        return result.refusal.code
    if result.status == "posted":
        return GIVEN if result.answer and result.answer.get("points") else "no_points"
    return "" if result.status == "replayed" else "kept"
