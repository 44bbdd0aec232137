"""How do events become rows of one statement, in the order in which things happened to each member?"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TypeAlias

from loyalty_site.lib.arrays import Fragment, Values
from loyalty_site.lib.sql import Session
from members.holdings import Account
from members.models import Event
from members.models.events import new_names
from members.outbox import bell
from members.telling import EVENT
from partners.events import EVENTS
from programs.configuration import Configuration
from transactions.books import members_told
from transactions.books.journals_told import Told

#: Where an event stands among the others: its member, the member's entry before it, and its place behind that.
_Place: TypeAlias = tuple[int, int, int]
POINTS, MILESTONES, _TIER = range(3)
_place: Callable[[tuple[_Place, str, int | None, datetime, bytes]], _Place] = itemgetter(0)


class Rows:
    """The rows of events under way."""

    def __init__(self, configuration: Configuration, now: datetime) -> None:
        self.configuration, self.now = configuration, now
        self._rows: list[tuple[_Place, str, int | None, datetime, bytes]] = []

    def add(self, place: _Place, name: str, partner_id: int | None, at: datetime, data: bytes) -> None:
        """Add an event; `partner_id` is the key of the partner whose fact it is, None for nobody's."""
        self._rows.append((place, name, partner_id, at, data))

    def add_turns(self, account: Account, member: bytes, wanted: Collection[str], told: Mapping[int, Told]) -> None:
        """Add what is `wanted` of how the tiers of a member changed; `told` are journals that may have caused it."""
        for turn in members_told.turns(self.configuration, account):
            if turn.name in wanted:
                cause = told.get(turn.caused_by or 0)
                data = b'{"member":%b,"tier":%b}' % (member, turn.tier)
                place = account.id, turn.sequence, _TIER
                self.add(place, turn.name, cause.partner_id if cause else None, turn.at, data)

    def take(self) -> list[Values]:
        """The rows of the columns EVENT, in the order in which things happened to each member."""
        rows, program_id, now = sorted(self._rows, key=_place), self.configuration.id, self.now
        versions = {name: EVENTS[name].version for name in {row[1] for row in rows}}
        return [
            (event, program_id, member, who, name, versions[name], at, now, Fragment(data))
            for event, ((member, _, _), name, who, at, data) in zip(new_names(len(rows)), rows, strict=True)
        ]


def write(session: Session, events: list[Values], once: Sequence[Values] = ()) -> None:
    """Write these rows of the columns EVENT, and those that have a name in `once` besides, with one statement.

    Then somebody is asked to bring them to whoever listens.
    """
    if once:
        # One that is known by its name was told before.
        rows = [*((*row, "") for row in events), *once]
        session.insert(Event, f"{EVENT} once", rows, unless_there=True)
    elif events:
        session.insert(Event, EVENT, events)
    else:
        return
    bell.ring_on_commit()
