"""Will time find each standing when it is due, and did each closed cycle leave what it should?"""

from collections.abc import Iterator
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone

from members import ladder_rows
from members.holdings import Account
from members.ladder import Ladder
from members.ladder_rows import LockedStanding
from members.models import Member, Merge
from programs import versions
from transactions.proof.audit.drift import Drift, Members


def _ladders(members: Members) -> Iterator[Ladder]:
    """Every member of the chunk on every ladder of the program, with the past."""
    configuration = versions.current(members.program_id)
    if not configuration.tier_groups:
        return
    rows = Member.objects.filter(pk__in=members.ids).only("number", "status", "enrolled_at", "sequence", "chain")
    accounts = {m.pk: Account(m.pk, m.number, m.status, m.enrolled_at, m.sequence, m.chain) for m in rows}
    ladder_rows.Reading(members.session, members.ids, with_past=True).take(accounts)
    for account in accounts.values():
        for group in configuration.tier_groups.values():
            yield Ladder(configuration, group, account)


def time_finds_what_is_due_on_ladders(members: Members) -> Iterator[Drift]:
    """No standing sleeps longer than its lock, or its validity and the grace behind it; what was carried into a cycle
    is what the closed one had above the threshold of the tier then held."""
    now, joined = timezone.now(), _joined(members)
    for ladder in _ladders(members):
        held = ladder.held
        latest = _latest(ladder, held) if held else None
        if held and latest and (held.due_at is None or held.due_at > latest):
            yield members.drift(ladder.account.id, None, f"when standing {held.id} is due", held.due_at, latest)
        if ladder.group.has_cycles and ladder.account.id not in joined:
            yield from _carried(members, ladder, now)


def _latest(ladder: Ladder, held: LockedStanding) -> datetime | None:
    if held.locked_until:
        return held.locked_until
    if held.waits_from or held.valid_until is None:
        return None
    ended_on = ladder.last_day(held.valid_until)
    return ladder.end_of(ladder.then(held.valid_until).group.graced_through(ended_on))


def _joined(members: Members) -> set[int]:
    """Those whose cycles were added to those of another, or hold another's."""
    pairs = Merge.objects.filter(Q(source__in=members.ids) | Q(target__in=members.ids))
    return {key for pair in pairs.values_list("source", "target") for key in pair}


def _carried(members: Members, ladder: Ladder, now: datetime) -> Iterator[Drift]:
    periods = {period for group, _, period in ladder.account.tallies if group == ladder.group.id}
    held = ladder.held
    for first in sorted(periods):
        closed_at = ladder.end_of(ladder.group.cycle(first, ladder.enrolled_on).last)
        # Else it is booked when somebody looks.
        if held and closed_at and closed_at <= now and (held.due_at is None or held.due_at > closed_at):
            yield from _compare(members, ladder, first, closed_at)


def _compare(members: Members, ladder: Ladder, first: date, closed_at: datetime) -> Iterator[Drift]:
    group, following = ladder.then(closed_at).group, ladder.day(closed_at)
    tier = ladder.then(closed_at).closed_with(closed_at)
    needs = tier.entry if tier and tier is not group.base and group.rollover else (None,) * len(group.criteria)
    for currency_id, count, need in zip(ladder.group.currency_ids, ladder.counted_in(first), needs, strict=True):
        surplus = max(0, count - need) if need is not None else 0
        if group.rollover_limit is not None:
            surplus = min(surplus, group.rollover_limit)
        tally = ladder.account.tallies.get((group.id, currency_id, following))
        carried = tally.carried if tally else 0
        if carried != surplus:
            what = f"what was carried into the cycle from {following}"
            yield members.drift(ladder.account.id, currency_id, what, carried, surplus)
