"""What do members count and hold on their ladders, read without keeping anybody from posting?"""

from collections.abc import Collection, Mapping

from loyalty_site.lib.sql import Session
from members.holdings import Account
from members.ladder_rows import Reading
from members.models import Member


def accounts(members: Collection[Member]) -> Mapping[int, Account]:
    """{key: Account} with the tallies and the current standings of these members; nothing else is read.

    Whatever is done to them is done in memory only, to see what would come of it.
    """
    found = {
        one.pk: Account(one.pk, one.number, one.status, one.enrolled_at, one.sequence, one.chain) for one in members
    }
    session = Session()
    with session.together():
        reading = Reading(session, list(found))
    reading.take(found)
    return found
