"""What do members hold, and count on their ladders, read without keeping anybody from posting?"""

from collections.abc import Collection, Mapping

from loyalty_site.lib.sql import Session
from members.holdings import Account, Lock


def accounts(program_id: int, member_ids: Collection[int]) -> Mapping[int, Account]:
    """{key: Account} with the balances, tallies and current standings of these members of a program, in ascending
    order.

    Whatever is done to them is done in memory only, to see what would come of it.
    """
    session = Session()
    with session.together():
        lock = Lock(session, program_id, sorted(member_ids), with_tiers=True, with_past=False, only_looks=True)
    found, _ = lock.take()
    return found
