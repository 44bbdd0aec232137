"""What did members do before, of the same kind of activity? Read only where rules ask for it.

Who was merged into a member did it for them. What was taken back whole does not count, and what is posted in this
batch does, in the order in which it happened.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from loyalty_site.lib.sql import Rows, Session, instant
from programs.configuration import Configuration
from programs.periods import local_date
from programs.rules.conditions.history import AND_MORE, DAYS, NUMBER

#: The names under which rules ask for it.
ASKED_AS = frozenset([NUMBER, DAYS])

#: For each that is wanted, of the member and of each who was merged into them, so many of the latest by one index.
_LATEST = (
    "SELECT w.member, w.activity, (SELECT {all} FROM (SELECT j.id, j.activity_at FROM transactions_journal j "
    "WHERE j.member_id = f.id AND j.kind = 'accrual' AND j.activity = w.activity AND j.activity_at <= w.until "
    "AND j.status IN ('processed', 'partially_reversed') ORDER BY j.activity_at DESC LIMIT %s) p) "
    "FROM {wanted} w JOIN members_member f ON f.id = w.member OR f.merged_into_id = w.member"
)


class Wanted(NamedTuple):
    """An activity that will be posted, and how many of those before it rules tell apart; none where these are 0.

    What is posted already and happened `until` then is before it, a little after `at`: clocks of tills differ, and of
    two that are posted at one moment the later one may have been sent first.
    """

    member_id: int
    activity: str
    at: datetime
    until: datetime
    most: int


def most_asked(asks: Mapping[str, Iterable[str]]) -> int:
    """How many of those before it the rules have to know that ask so; 0 where they ask for none."""
    return max([*map(int, asks.get(NUMBER, ())), 1 if DAYS in asks else 0], default=0)


@dataclass(slots=True)
class Earlier:
    """By (member, activity), and by the key of its journal: when it happened."""

    times: dict[tuple[int, str], dict[int, datetime]] = field(default_factory=dict)

    def add(self, member_id: int, activity: str, journal_id: int, at: datetime) -> None:
        """Something more that a member did."""
        self.times.setdefault((member_id, activity), {})[journal_id] = at

    def drop(self, journal_id: int) -> None:
        """Something does not count any more, because it was taken back whole."""
        for known in self.times.values():
            known.pop(journal_id, None)

    def seen(
        self, wanted: Wanted, configuration: Configuration, asks: Mapping[str, Iterable[str]], *, without: int | None
    ) -> dict[str, list[str]]:
        """What rules see of it, as `Facts.seen`, of an activity to be posted; one journal may be left out."""
        known = self.times.get((wanted.member_id, wanted.activity), {})
        before = [at for journal, at in known.items() if at <= wanted.until and journal != without]
        found: dict[str, list[str]] = {}
        if NUMBER in asks:
            most = most_asked(asks)
            found[NUMBER] = [f"{most + 1}{AND_MORE}" if len(before) >= most else str(len(before) + 1)]
        if DAYS in asks and before:
            today, last = (local_date(at, configuration.zone) for at in (wanted.at, max(before)))
            found[DAYS] = [str(max(0, (today - last).days))]
        return found


class Reading:
    """One statement for all that is asked; sent inside the pipeline of the lock, taken when it has ended."""

    def __init__(self, session: Session, wanted: Iterable[Wanted], *, taken_back: int) -> None:
        """`taken_back` is how many items of the batch may take something back."""
        rows = {one for one in wanted if one.most}
        most = max((one.most for one in rows), default=0) + taken_back
        table, listed = session.listed(
            "member:bigint activity:text until:timestamptz",
            sorted({(one.member_id, one.activity, one.until) for one in rows}),
        )
        sql = _LATEST.replace("{all}", session.collect("p.id, p.activity_at")).replace("{wanted}", table)
        self._rows: Rows | None = session.run(sql, [most, listed]) if rows else None

    def take(self) -> Earlier | None:
        """What is known then, None where nothing was asked."""
        if self._rows is None:
            return None
        found = Earlier()
        for member, activity, rows in self._rows.fetchall():
            for journal, at in json.loads(rows or "[]"):
                found.add(member, activity, journal, instant(datetime.fromisoformat(at)))
        return found


def kept(stored: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Of what was seen when an order was posted that which is known exactly: it holds for its revision as well."""
    found = {name: list(stored[name]) for name in ASKED_AS & stored.keys()}
    return {name: values for name, values in found.items() if not any(one.endswith(AND_MORE) for one in values)}
