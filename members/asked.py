"""What do rules ask of members beyond their tiers? Each thing is read by one statement, where a rule asks for it."""

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from loyalty_site.lib.sql import Session
from members import persons, promotions, rule_progress
from members.holdings import Account
from programs.configuration import PROGRESS
from programs.promotions import ENROLLED


class Reading(Protocol):
    """A statement that was sent inside the pipeline of the lock."""

    def take(self, accounts: Mapping[int, Account]) -> None:
        """Take its answer when the pipeline has ended, and note with each account what it says."""


def read(session: Session, program_id: int, member_ids: list[int], names: Collection[str]) -> Iterator[Reading]:
    """Send the statements for what rules ask by these names, see `Condition.needs`; send them all before any is
    taken."""
    if names:
        yield persons.Reading(session, member_ids, names)
    if PROGRESS in names:
        yield rule_progress.Reading(session, member_ids)
    if ENROLLED in names:
        yield promotions.Reading(session, program_id, member_ids)
