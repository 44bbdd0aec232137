"""What does an import of a program's document do to the tiers that members hold?

Thresholds that change are for the next assessment, unless the caller wants upgrades at once. A ladder that counts
otherwise is refused while members have points counted on it, unless the caller wants them counted anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from django.db import transaction
from django.utils import timezone

from loyalty_site.lib.json_types import ExactJson
from programs import document, versions
from programs.configuration import Configuration
from programs.document import Change
from programs.ladders import TierGroup as Ladder
from programs.models import Program, TierGroup
from transactions.jobs import Kind
from transactions.models import NightRun
from transactions.policies import previewing, recounting, thresholds

Effect: TypeAlias = Literal["next", "upgrade"]


@dataclass(slots=True)
class Applied:
    """What became of the program, and sentences about the tiers that members hold."""

    changes: list[Change]
    said: list[str] = field(default_factory=list)
    jobs: list[tuple[Kind, NightRun]] = field(default_factory=list)


def apply(
    wanted: ExactJson,
    *,
    reason: str,
    tiers: Effect = "next",
    recounts: bool = False,
    is_check: bool = False,
    now: datetime | None = None,
    **options: bool,
) -> Applied:
    """Make the stored program what the document `wanted` says, and bring members along; `is_check` only tells.

    `options` are those of `document.apply`. Raises Invalid, and Refused where members would lose something; then
    nothing is written.
    """
    now, before = now or timezone.now(), _stored(wanted)
    with transaction.atomic():
        done = Applied(document.apply(wanted, recounts=recounts, **options))
        if before and done.changes:
            after = versions.renew(before.id)
            for code, (was, will) in _changed(before, after).items():
                group = TierGroup.objects.get(program=before.id, code=code)
                if was.counting != will.counting and group.has_counted():
                    recounting.compare(before, after, code, now).refuse()
                    done.jobs.append((recounting.KIND, recounting.begin(group, reason=reason, now=now)))
                    done.said.append(f"{code}: what members have counted is counted anew; they keep their tiers")
                else:
                    _apply_thresholds(done, group, reason, tiers, now)
        if is_check:
            transaction.set_rollback(True)
    for kind, job in () if is_check else done.jobs:
        kind.advance(job)
    return done


def _stored(wanted: ExactJson) -> Configuration | None:
    """The program that the document is about, as it is before; None for a new one."""
    terms: Any = wanted.get("program") if isinstance(wanted, dict) else None
    code = terms.get("code") if isinstance(terms, dict) else None
    found = Program.objects.filter(code=code).first() if isinstance(code, str) else None
    return versions.of(found) if found else None


def _changed(before: Configuration, after: Configuration) -> dict[str, tuple[Ladder, Ladder]]:
    """{code: (before, after)} of the ladders that ask for something else, or count otherwise."""
    both = before.tier_groups.keys() & after.tier_groups.keys()
    pairs = {code: (before.tier_groups[code], after.tier_groups[code]) for code in sorted(both)}
    return {code: (was, will) for code, (was, will) in pairs.items() if _terms(was) != _terms(will)}


def _terms(ladder: Ladder) -> tuple[object, ...]:
    return ladder.asks, ladder.counting


def _apply_thresholds(done: Applied, group: TierGroup, reason: str, tiers: Effect, now: datetime) -> None:
    code = group.code
    if tiers == "next":
        words = "thresholds change at the next assessment; --tiers upgrade raises those who reach a tier now"
        done.said.append(f"{code}: {words}")
        return
    moves = previewing.preview(group, "upgrades", now)
    done.said.append(f"{code}: {', '.join(_moves(moves)) or 'nobody reaches a tier by the new thresholds'}")
    done.jobs.append((thresholds.KIND, thresholds.start(group, now, reason=reason)))


def _moves(seen: previewing.Preview) -> Iterator[str]:
    for move in seen.moves:
        names = [tier.code if tier else "none" for tier in (move.before, move.after)]
        yield f"{move.count} from {names[0]} to {names[1]}"
