"""Which tier does a member hold? Upgrades at once, while the ledger posts (semantics C15-R3)."""

from collections.abc import Iterable
from datetime import datetime

from loyalty_site.lib.sql import Session
from members.holdings import Account, LockedStanding
from members.models import Standing
from programs.configuration import Configuration, Tier, TierGroup


def codes(configuration: Configuration, account: Account, *, at: datetime | None = None) -> dict[str, str]:
    """{tier group code: tier code} that the member holds, for rules and answers; `at` an instant: held then."""
    found = {}
    for group in configuration.tier_groups.values():
        held = _held(account, group.id, at)
        tier = group.by_id.get(held.tier_id) if held else None
        if tier:
            found[group.code] = tier.code
    return found


def _held(account: Account, group_id: int, at: datetime | None) -> LockedStanding | None:
    """The standing of an instant; of one before the first, the first."""
    held = account.tiers.get(group_id)
    if at is None or held is None or held.from_at <= at:
        return held
    past = account.past.get(group_id) or [held]
    return next((one for one in reversed(past) if one.from_at <= at), past[0])


def starting(configuration: Configuration) -> list[tuple[TierGroup, Tier]]:
    """(group, tier) of every tier that a member has from the first day, because it asks for nothing."""
    reached = ((group, group.reached(0)) for group in configuration.tier_groups.values())
    return [(group, tier) for group, tier in reached if tier]


def upgrade(configuration: Configuration, account: Account, *, activity_at: datetime, since: datetime) -> None:
    """Move the member to the highest tier that the tallies of `activity_at`'s windows reach. Never down.

    Boundaries are inclusive, and several steps may be taken at once. The tier holds from `since` on.
    """
    for group in configuration.tier_groups.values():
        currency = configuration.currencies[group.currency]
        tally = account.tallies.get((currency.id, group.period(activity_at, configuration.zone)))
        reached = group.reached(tally.points) if tally else None
        if reached is None:
            continue
        held = account.tiers.get(group.id)
        if held and held.tier_id == reached.id:
            continue
        now_at = next((n for n, tier in enumerate(group.tiers) if held and tier.id == held.tier_id), -1)
        if group.rank(reached.code) > now_at:
            hold(account, group.id, reached.id, since=since)


def hold(
    account: Account,
    group_id: int,
    tier_id: int,
    *,
    since: datetime,
    until: datetime | None = None,
    reason: str = Standing.Reason.ACTIVITY.value,
) -> None:
    """Let the member hold a tier from `since` on, but not from before the one that it replaces began.

    `until` is the end until which it is promised at least.
    """
    held = account.tiers.get(group_id)
    if held:
        since = max(since, held.from_at)
        if held.id or held.from_at < since:
            held.until_at, held.is_changed = since, True
            account.past.setdefault(group_id, []).append(held)
    account.tiers[group_id] = LockedStanding(None, tier_id, since, until, is_changed=True, reason=reason)


def keep(
    account: Account,
    group: TierGroup,
    tier: Tier,
    *,
    since: datetime,
    until: datetime | None,
    reason: str = Standing.Reason.ACTIVITY.value,
) -> bool:
    """Let the member hold at least `tier`, until the end that was promised; False where a higher one is held.

    The tier that is held already gets the later end of the two; None promises nothing.
    """
    held = account.tiers.get(group.id)
    mine = group.by_id.get(held.tier_id) if held else None
    if held and mine and group.rank(mine.code) > group.rank(tier.code):
        return False
    if held and mine and mine.id == tier.id:
        if until and (held.until_at is None or held.until_at < until):
            held.until_at, held.is_changed = until, True
        return True
    hold(account, group.id, tier.id, since=since, until=until, reason=reason)
    return True


def save(session: Session, accounts: Iterable[Account], *, now: datetime) -> None:
    """Write the standings that `hold` ended and opened, and the ends that `keep` moved."""
    changed = [
        (account.id, group, held, held is current)
        for account in accounts
        for group, current in account.tiers.items()
        for held in (*account.past.get(group, ()), current)
        if held.is_changed
    ]
    if not changed:
        return
    stored = [(held.id, is_current, held.until_at) for _, _, held, is_current in changed if held.id]
    session.change(Standing, put="is_current until_at", rows=stored)
    session.insert(
        Standing,
        "member_id group_id tier_id from_at until_at recorded_at reason note is_current",
        [
            (member, group, one.tier_id, one.from_at, one.until_at, now, one.reason, "", is_current)
            for member, group, one, is_current in changed
            if not one.id
        ],
    )
