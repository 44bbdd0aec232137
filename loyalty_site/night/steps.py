"""What does a night consist of? Its steps, each with what it counts."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TypeAlias

from programs.models import Program
from transactions import benefits
from transactions.expiry import redating, sweep
from transactions.policies import carrying, recounting, thresholds
from transactions.promoting import holdouts
from transactions.proof import seals
from transactions.proof.audit import audit
from transactions.reviews import decisions, downgrades
from transactions.segments import following, looking_up, scoring

#: So many differences, or members who could not be booked, are kept in the row of a step; all of them are logged.
LISTED = 20

logger = logging.getLogger(__name__)

#: What a step did, as its row keeps it: numbers by name, and texts where there is more to say.
Counts: TypeAlias = dict[str, int | str | list[str]]


@dataclass(frozen=True, slots=True)
class Night:
    """One step at work: `note` keeps its counts of so far, `before` are those of an attempt that ended early.

    `run_id` is the key of its NightRun; `ring` asks the workers to help with it.
    """

    program: Program
    day: date
    now: datetime
    before: Counts
    note: Callable[[Counts], object]
    run_id: int
    ring: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Step:
    """`run(night)` returns its counts. What looks at now only, not at a date, runs for the last of several days."""

    name: str
    run: Callable[[Night], Counts]
    is_of_a_day: bool = False


def redate(night: Night) -> Counts:
    """Finish jobs that bring live lots under new terms."""
    return {"lots": sum(redating.finish(night.program, now=night.now))}


def recount(night: Night) -> Counts:
    """Finish jobs that count anew what members have on a ladder that counts, or carries over, otherwise."""
    counted = recounting.finish(night.program, now=night.now)
    return {"members": counted + carrying.finish(night.program, now=night.now)}


def apply_thresholds(night: Night) -> Counts:
    """Finish jobs that bring new thresholds to members."""
    return {"moved": thresholds.finish(night.program, now=night.now)}


def bring_benefits(night: Night) -> Counts:
    """Finish jobs that assign or withdraw benefits that were changed."""
    done = list(benefits.finish(night.program, now=night.now))
    return {"assigned": sum(job["assigned"] for job in done), "withdrawn": sum(job["withdrawn"] for job in done)}


def settle(night: Night) -> Counts:
    """Book what time did to members whom nobody touched."""
    total = sweep.Swept(**{name: count for name, count in night.before.items() if isinstance(count, int)})
    for done in sweep.sweep(night.program.pk, now=night.now):
        total.add(done)
        night.note(asdict(total))
    return asdict(total)


def lower(night: Night) -> Counts:
    """Finish decisions about downgrades that were interrupted."""
    return {**downgrades.finish(night.program, now=night.now)}


def end_lookups(night: Night) -> Counts:
    """End jobs that look up, count or set what the next steps look up, count and set for all."""
    return {"ended": sum(of.KIND.end(night.program) for of in (scoring, looking_up, following))}


def measure_promotions(night: Night) -> Counts:
    """Compare who could have a promotion with those who were left out of it."""
    return {"promotions": holdouts.measure_due(night.program, now=night.now)}


def give_up(night: Night) -> Counts:
    """Reject refunds whose order never came."""
    return {"refunds": decisions.give_up(now=night.now)}


def seal(night: Night) -> Counts:
    """Seal the new entries."""
    sealed = seals.seal(night.program, night.day, now=night.now)
    return {"entries": sealed.entries, "last_entry": sealed.last_entry, "root": sealed.root}


def reconcile(night: Night) -> Counts:
    """Report what differs; never repair it (C4-R6)."""
    members, differences = 0, 0
    listed: list[str] = []

    def count(more: int) -> None:
        nonlocal members
        members += more

    for drift in audit(night.program, progress=count):
        logger.error("reconciliation: %s", drift, extra={"program": night.program.code})
        differences += 1
        if len(listed) < LISTED:
            listed.append(str(drift))
    return {"members": members, "differences": differences, "listed": listed}
