"""What do locked members count on a ladder that counts otherwise since a moment ago?

While a job counts such a ladder anew, member by member, whoever locks a member counts it first, so that nobody
compares points of other windows with thresholds. That follows from the ledger, so it may be done twice.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import attrgetter

from members import assessing, recounting
from members.holdings import Account
from members.ladder import Ladder
from programs import versions
from programs.configuration import Configuration
from programs.ladders import TierGroup
from transactions.books.unit_of_work import Books
from transactions.models.qualifying import Tallies, moved, tallied


def recount(books: Books) -> bool:
    """Count anew what changed its way of counting, for all locked members; says whether anything became other."""
    configuration = books.configuration
    groups = [group for group in configuration.tier_groups.values() if group.recounts]
    if not groups or not books.accounts:
        return False
    recounts = {group.id: versions.at(configuration.id, group.recounts) for group in groups}
    at = partial(versions.at, configuration.id)
    rows = {key: [*own] for key, own in groupby(moved(list(books.accounts)), key=attrgetter("member_id"))}
    is_changed = False
    for account in books.accounts.values():
        found = tallied(rows.get(account.id, ()), account.enrolled_at, at=at, recounts=recounts)
        for group in groups:
            is_changed |= _recount(configuration, group, account, found, books.now)
    return is_changed


def _recount(configuration: Configuration, group: TierGroup, account: Account, found: Tallies, now: datetime) -> bool:
    ladder = Ladder(configuration, group, account)
    # What was due before the change is decided by what was counted, and how, before it.
    is_due = (held := ladder.held) is not None and held.due_at is not None and held.due_at <= _since(ladder, now)
    if is_due:
        assessing.settle_group(ladder, min(_since(ladder, now), now))
    own = {(currency_id, period): n for (key, currency_id, period), n in found.items() if key == group.id}
    return recounting.put(ladder, own) or is_due


def _since(ladder: Ladder, now: datetime) -> datetime:
    """When the ladder began to count as it does."""
    instants: Mapping[int, datetime] = {number: at for at, number in ladder.configuration.timeline}
    return instants.get(ladder.group.recounts, now)
