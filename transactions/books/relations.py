"""Who belongs to which group, as it is while both are locked? The relations of one batch."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from loyalty_site.lib.sql import Session
from members.models import Relation


@dataclass(slots=True)
class LockedRelation:
    """One relation while its member is locked; `spent` counts the points of the day `spent_on`."""

    id: int
    member_id: int
    group_id: int
    role: str
    percent: int
    may_redeem: bool
    daily_limit: int | None
    needs_approval: bool
    liability: str
    spent: int
    spent_on: date | None
    is_live: bool
    is_changed: bool = False

    def spent_of(self, day: date) -> int:
        """How many points were spent on `day`."""
        return self.spent if self.spent_on == day else 0

    def spend(self, points: int, day: date) -> None:
        self.spent, self.spent_on = self.spent_of(day) + points, day
        self.is_changed = True


_COLUMNS = "id member_id group_id role percent may_redeem daily_limit needs_approval liability spent spent_on"


class Relations:
    """The relations of locked members by (member, group); a live one goes before those that ended.

    `collective` are the members who are groups: somebody has to say who spends their points.
    """

    def __init__(self, relations: Iterable[LockedRelation] = (), collective: Collection[int] = frozenset()) -> None:
        self.collective = collective
        self._by_pair: dict[tuple[int, int], LockedRelation] = {}
        for relation in sorted(relations, key=lambda relation: (relation.is_live, relation.id)):
            self._by_pair[relation.member_id, relation.group_id] = relation
        self._live: dict[int, list[LockedRelation]] = {}
        for relation in self._by_pair.values():
            if relation.is_live:
                self._live.setdefault(relation.member_id, []).append(relation)

    @classmethod
    def read(
        cls, session: Session, member_ids: Iterable[int], collective: Collection[int]
    ) -> Callable[[], "Relations"]:
        """Send the statement under the lock; returns a function that takes the answer."""
        columns = ", ".join(_COLUMNS.split())
        cursor = session.run(
            f"SELECT {columns}, left_at IS NULL FROM members_relation WHERE member_id {{ids}}", [sorted(member_ids)]
        )
        return lambda: cls([LockedRelation(*row) for row in cursor.fetchall()], collective)

    def live(self, member_id: int) -> Sequence[LockedRelation]:
        """The relations by which a member belongs to groups now, in their order."""
        return self._live.get(member_id, ())

    def find(self, member_id: int | None, group_id: int | None) -> LockedRelation | None:
        """The relation of these two, live or ended, or None."""
        if member_id is None or group_id is None:
            return None
        return self._by_pair.get((member_id, group_id))

    def save(self, session: Session) -> None:
        """Write what was counted."""
        rows = [(one.id, one.spent, one.spent_on) for one in self._by_pair.values() if one.is_changed]
        session.change(Relation, put="spent spent_on", rows=rows)
