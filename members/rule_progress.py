"""How far are locked members with what rules count: how is it read, changed and written?

The mechanism below the ledger, as holdings.py is for balances. What a number means says programs/progress.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from loyalty_site.lib.sql import Session
from members.ladder_rows import day_of
from members.models import Progress
from programs.progress import NOTHING, Reached

if TYPE_CHECKING:
    from members.holdings import Account

#: Code of a rule, and the measure by which it counts.
Key: TypeAlias = tuple[str, str]

_NUMBERS = " ".join(Reached._fields)


@dataclass(slots=True)
class Kept:
    """One row while its member is locked, stored or (without `id`) new: how far the member is, and was as stored."""

    id: int | None = None
    now: Reached = NOTHING
    stored: Reached = NOTHING


class Reading:
    """One statement for all members; sent inside the pipeline of the lock, taken when it has ended."""

    def __init__(self, session: Session, member_ids: list[int]) -> None:
        columns = ", ".join(Reached._fields)
        self._rows = session.run(
            f"SELECT member_id, id, rule, counts, {columns} FROM members_progress WHERE member_id {{ids}}",
            [member_ids],
        )

    def take(self, accounts: Mapping[int, "Account"]) -> None:
        """Note with each account how far it is."""
        for member, key, rule, counts, *numbers in self._rows.fetchall():
            reached = Reached(*numbers)
            if reached.last_on is not None:
                reached = reached._replace(last_on=day_of(reached.last_on))
            accounts[member].progress[rule, counts] = Kept(key, reached, reached)


def reached(account: "Account", key: Key) -> Reached:
    """How far the member is; nothing, where nothing was counted yet."""
    kept = account.progress.get(key)
    return kept.now if kept else NOTHING


def put(account: "Account", key: Key, now: Reached) -> None:
    """Let the member be so far from now on."""
    account.progress.setdefault(key, Kept()).now = now


def save(session: Session, accounts: Iterable["Account"]) -> None:
    """Write what was changed: one statement for all rows that are new, and one for the others."""
    moved = [
        (account.id, key, kept)
        for account in accounts
        if account.progress
        for key, kept in account.progress.items()
        if kept.now != kept.stored
    ]
    if not moved:
        return
    made = [(member, *key, *kept.now) for member, key, kept in moved if kept.id is None]
    session.insert(Progress, f"member_id rule counts {_NUMBERS}", made)
    changed = [(kept.id, *kept.now) for _, _, kept in moved if kept.id is not None]
    session.change(Progress, put=_NUMBERS, rows=changed)
