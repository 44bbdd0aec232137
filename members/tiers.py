"""Which tier does a member hold? Upgrades at once, while the ledger posts (semantics C15-R3)."""

from members.holdings import Held
from members.models import Standing


def codes(configuration, account):
    """{tier group code: tier code} that the member holds, for rules and answers."""
    found = {}
    for group in configuration.tier_groups.values():
        held = account.tiers.get(group.id)
        tier = next((tier for tier in group.tiers if held and tier.id == held.tier_id), None)
        if tier:
            found[group.code] = tier.code
    return found


def starting(configuration):
    """(group, tier) of every tier that a member has from the first day, because it asks for nothing."""
    reached = ((group, group.reached(0)) for group in configuration.tier_groups.values())
    return [(group, tier) for group, tier in reached if tier]


def upgrade(configuration, account, *, activity_at):
    """Move the member to the highest tier that the tallies of `activity_at`'s windows reach. Never down.

    Boundaries are inclusive, and several steps may be taken at once.
    """
    for group in configuration.tier_groups.values():
        currency = configuration.currencies[group.currency]
        count = account.counts.get((currency.id, group.period(activity_at, configuration.zone)))
        reached = group.reached(count.points) if count else None
        if reached is None:
            continue
        held = account.tiers.get(group.id)
        now_at = next((n for n, tier in enumerate(group.tiers) if held and tier.id == held.tier_id), -1)
        if group.rank(reached.code) > now_at:
            replaced = held.replaces if held and held.is_new else held and held.id
            account.tiers[group.id] = Held(
                None, reached.id, from_at=held and held.from_at, is_new=True, replaces=replaced
            )


def save(session, accounts, *, now):
    """Write the standings that `upgrade` opened: the old row ends where the new one begins."""
    new = [(a.id, group, held) for a in accounts for group, held in a.tiers.items() if held.is_new]
    begins = {id(held): max(now, held.from_at or now) for _, _, held in new}
    ended = [(held.replaces, False, begins[id(held)]) for _, _, held in new if held.replaces]
    session.change(Standing, put="is_current until_at", rows=ended)
    session.insert(
        Standing,
        "member_id group_id tier_id from_at reason note is_current",
        [
            (member, group, held.tier_id, begins[id(held)], Standing.Reason.ACTIVITY.value, "", True)
            for member, group, held in new
        ],
    )
