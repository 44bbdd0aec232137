"""How is the tier of a member set by hand, or sold? Semantics C15-R9."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from loyalty_site.lib import instants
from loyalty_site.lib.json_types import JsonObject
from loyalty_site.lib.refusals import Refusal, Refused
from members import granting
from members.granting import Grant
from members.ladder import Ladder, Reason
from partners.tier_setting import REASON_TYPES, TierSetting
from programs import periods
from programs.ladders import Tier
from transactions.books.items import Result
from transactions.books.posting import InvalidDate, Posting
from transactions.models import Journal
from transactions.models.journal_traces import TierSetTrace
from transactions.verbs import ladders_named
from transactions.verbs.adjustments import check_reason
from transactions.verbs.base import Needs, Verb


class NotGrantable(Refused):
    """The tier cannot be given so."""

    code = "invalid_value"


class _Plan(NamedTuple):
    """What is to be held: `tier` of a ladder, None for none, until an instant, and locked until another."""

    ladder: Ladder
    tier: Tier | None
    until: datetime | None
    locked_until: datetime | None


class SetTier(Verb[TierSetting]):
    """Let a member hold the tier of a TierSetting."""

    Item = TierSetting
    kind = Journal.Kind.TIER

    def check(self, item: TierSetting) -> Iterator[Refusal]:
        if item.reason_type not in REASON_TYPES and item.replaces is None:
            detail = f"Choose one of {', '.join(REASON_TYPES)}."
            yield Refusal("invalid_choice", detail, field="reason_type")
        for name in ("until", "locked_until"):
            yield from _misdated(getattr(item, name), name)

    def needs(self, item: TierSetting) -> Needs:
        return Needs(external_id=item.external_id, member=item.member)

    def post(self, posting: Posting[TierSetting]) -> Result:
        item = posting.item
        posting.check_member()
        posting.check_date()
        check_reason(item.reason)
        plan = _plan(posting)
        _check_replaced(item, plan.ladder, posting.books.now)
        held, cause = plan.ladder.tier, posting.cause()
        reason = Reason.MANUAL.value if item.replaces is None else item.restores or Reason.SEGMENT.value
        grant = Grant(
            plan.tier, posting.activity_at, plan.until, plan.locked_until, item.why, cause.journal_id, reason
        )
        granting.give(plan.ladder, grant, now=posting.books.now)
        return posting.write(
            cause.journal_id,
            kind=Journal.Kind.TIER.value,
            external_id=item.external_id,
            answer=_answer(plan.ladder) | posting.state([]),
            activity=item.reason_type,
            reason=item.reason,
            attributes=item.attributes,
            trace=_trace(item, plan, held),
        )


def _check_replaced(item: TierSetting, ladder: Ladder, now: datetime) -> None:
    """That a tier which follows a segment replaces what it was to replace. Raises NotGrantable."""
    held = ladder.held
    if item.replaces is not None and ((held and held.id) or 0) != item.replaces:
        raise NotGrantable("Somebody has changed the tier meanwhile; the next night looks at it again.")
    if item.replaces is not None and held and held.is_locked(now):
        raise NotGrantable("The tier is locked; it follows the segment when the lock has ended.")


def _misdated(at: date | None, name: str) -> Iterator[Refusal]:
    """What is wrong with a day or an instant."""
    if at is None:
        return
    if isinstance(at, datetime) and at.tzinfo is None:
        yield Refusal("invalid_date", "Write the instant with its time zone, or a day.", field=name)
    elif not instants.FIRST_YEAR <= at.year <= instants.LAST_YEAR:
        years = f"{instants.FIRST_YEAR} to {instants.LAST_YEAR}"
        yield Refusal("invalid_day", f"Write a day in the years {years}.", field=name)


def _plan(posting: Posting[TierSetting]) -> _Plan:
    """What is to be held. Raises Refused where it cannot be."""
    item = posting.item
    group = ladders_named.group(posting.configuration, item.tier_group)
    tier = ladders_named.tier(group, item.tier) if item.tier else None
    plan = _Plan(
        Ladder(posting.configuration, group, posting.account),
        tier,
        _end(posting, "until", "The last day of the tier"),
        _end(posting, "locked_until", "The last day of the lock"),
    )
    for refusal in granting.problems(*plan, now=posting.books.now):
        raise NotGrantable(refusal.detail, field=refusal.field)
    return plan


def _end(posting: Posting[TierSetting], field: str, what: str) -> datetime | None:
    """The instant at which what is said of a day, or an instant, has ended. Raises InvalidDate where that is over."""
    said: date | None = getattr(posting.item, field)
    zone, now = posting.configuration.zone, posting.books.now
    if said is None:
        return None
    end = said if isinstance(said, datetime) else periods.end_of_day(said, zone)
    if end <= now:
        today = instants.full_day(periods.local_date(now, zone))
        raise InvalidDate(f"{what} lies in the past; take {today} or a later day.", field=field)
    return end


def _answer(ladder: Ladder) -> JsonObject:
    """What is held afterwards: a setting may be assessed at once, where it takes off a lock."""
    held, tier = ladder.held, ladder.tier
    assert held is not None, "it has just been set"
    return {
        "set_tier": {
            "tier_group": ladder.group.code,
            "tier": tier.code if tier else None,
            "since": held.since_at.isoformat(),
            "until": _iso(held.valid_until),
            "locked_until": _iso(held.locked_until),
        }
    }


def _trace(item: TierSetting, plan: _Plan, held: Tier | None) -> TierSetTrace:
    return {
        "set_tier": {
            "group": plan.ladder.group.name,
            "before": held.name if held else None,
            "tier": plan.tier.name if plan.tier else None,
            "why": item.why,
            "until": _iso(plan.until and plan.until.astimezone(plan.ladder.zone)),
            "locked_until": _iso(plan.locked_until and plan.locked_until.astimezone(plan.ladder.zone)),
        }
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
