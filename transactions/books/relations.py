"""Who belongs to which group, as it is while both are locked? The relations of one batch."""

from dataclasses import dataclass
from datetime import date

from members.models import Relation


@dataclass(slots=True)
class Tie:
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

    def spent_of(self, day):
        """How many points were spent on `day`."""
        return self.spent if self.spent_on == day else 0

    def spend(self, points, day):
        self.spent, self.spent_on = self.spent_of(day) + points, day
        self.is_changed = True


_COLUMNS = "id member_id group_id role percent may_redeem daily_limit needs_approval liability spent spent_on"


class Ties:
    """The relations of locked members by (member, group); a live one goes before those that ended.

    `collective` are the members who are groups: somebody has to say who spends their points.
    """

    def __init__(self, ties=(), collective=frozenset()):
        self.collective = collective
        self._ties = {}
        for tie in sorted(ties, key=lambda tie: (tie.is_live, tie.id)):
            self._ties[tie.member_id, tie.group_id] = tie

    @classmethod
    def read(cls, session, member_ids, collective):
        """Say the statement under the lock; returns a function that takes the answer."""
        columns = ", ".join(_COLUMNS.split())
        cursor = session.run(
            f"SELECT {columns}, left_at IS NULL FROM members_relation WHERE member_id {{ids}}", [sorted(member_ids)]
        )
        return lambda: cls([Tie(*row) for row in cursor.fetchall()], collective)

    def live(self, member_id):
        """The groups that a member belongs to now, in the order of the relations."""
        return [tie for tie in self._ties.values() if tie.is_live and tie.member_id == member_id]

    def find(self, member_id, group_id):
        """The relation of these two, live or ended, or None."""
        return self._ties.get((member_id, group_id))

    def save(self, session):
        """Write what was counted."""
        rows = [(tie.id, tie.spent, tie.spent_on) for tie in self._ties.values() if tie.is_changed]
        session.change(Relation, put="spent spent_on", rows=rows)
