"""Who waits for somebody's word, and by how much could they still be saved now?"""

from collections.abc import Collection
from datetime import datetime

from members.ladder import Ladder
from programs.configuration import Configuration
from transactions.outlook.coming import Coming, still_waiting
from transactions.outlook.foreseen import ForeseenBooks


def rows(configuration: Configuration, group_code: str, member_ids: Collection[int], now: datetime) -> list[Coming]:
    """What is proposed for those of the members whose downgrade in the group waits, by their keys."""
    books = ForeseenBooks(configuration, now=now)
    books.look(member_ids, currency_ids=())
    group = configuration.tier_groups[group_code]
    ladders = [Ladder(configuration, group, account) for account in books.accounts.values()]
    return [still_waiting(ladder, held, now) for ladder in ladders if (held := ladder.held) and held.waits_from]
