"""What do the counters of caps say while a batch holds them?"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

from django.db import IntegrityError
from django.db.models import Model

from loyalty_site.lib.sql import Session
from programs.capping import Cap
from transactions.models import CapCounter

#: (key of the cap, of the member or store or 0, first day as ISO text).
Name: TypeAlias = tuple[int, int, str]

_COLUMNS = "cap_id key period used"

#: A counter that something is given back to may be above a limit that was lowered meanwhile.
_ANY = 2**63 - 1


@dataclass(slots=True)
class LockedCounter:
    """One counter: `used` includes `moved`, which the batch adds, up to `most`. Without `id` it is only read."""

    used: int
    id: int | None = None
    most: int = _ANY
    moved: int = 0

    def move(self, amount: int) -> None:
        self.used += amount
        self.moved += amount


def save(session: Session, model: type[Model], counters: Iterable[LockedCounter]) -> Callable[[], None]:
    """Move the rows of a `model` that has a column `used`, each within its limit; returns a check to call when the
    pipeline has ended."""
    rows = [(one.id, one.moved, one.most if one.moved > 0 else _ANY) for one in counters if one.moved]
    changed = session.add_within(model, "used", rows) if rows else None

    def check() -> None:
        if changed and changed.rowcount != len(rows):
            raise IntegrityError(f"A row of {model.__name__} moved although it was locked.")

    return check


class Crossing(NamedTuple):
    """A budget that became what `what` says (programs/capping.py): `used` of `cap`, in the period that begins on
    `day` (ISO); `key` is that of the store, or 0."""

    cap: Cap
    key: int
    day: str
    used: int
    what: str


class Counters:
    """The counters of one batch by name."""

    def __init__(
        self,
        session: Session,
        names: Iterable[Name] = (),
        caps: Collection[Cap] = (),
        returned: Mapping[Name, int] | None = None,
    ) -> None:
        """Locks the counters of these names, and of `returned`, {name: amount}, which is given back."""
        returned = returned or {}
        names = {*names, *returned}
        self._caps = {cap.id: cap for cap in caps}
        # {(cap key, member): {day: LockedCounter}}: those of trailing days are read together.
        self._days: dict[tuple[int, int], dict[str, LockedCounter]] = defaultdict(dict)
        if not names:
            return
        rows = [(*name, 0) for name in sorted(names)]
        for key, cap_id, who, period, used in session.hold(CapCounter, _COLUMNS, rows, unique="cap_id key period"):
            most = self._caps[cap_id].limit if cap_id in self._caps else _ANY
            self._days[cap_id, who][_day(period)] = LockedCounter(used, key, most)
        self._read_trailing(session, names, [cap for cap in caps if cap.period == "trailing"])
        for name, amount in returned.items():
            self.give_back(name, amount)

    def __bool__(self) -> bool:
        return bool(self._days)

    def _read_trailing(self, session: Session, names: Iterable[Name], caps: Iterable[Cap]) -> None:
        """The other days on which these members used these caps; their locks keep them still."""
        ids = {cap.id: cap.trailing_days for cap in caps}
        wanted = [name for name in names if name[0] in ids]
        if not wanted:
            return
        first = min(_before(day, ids[cap_id] - 1) for cap_id, _, day in wanted)
        rows = session.run(
            "SELECT cap_id, key, period, used FROM transactions_capcounter "
            "WHERE cap_id {ids} AND key {ids} AND period >= %s AND period <= %s AND used > 0",
            [sorted(ids), sorted({key for _, key, _ in wanted}), date.fromisoformat(first),
             date.fromisoformat(max(day for _, _, day in wanted))],
        )  # fmt: skip
        for cap_id, key, period, used in rows.fetchall():
            self._days[cap_id, key].setdefault(_day(period), LockedCounter(used))

    def used(self, cap: Cap, name: Name, freed: Mapping[Name, int]) -> int:
        """How much of `cap` is used in the period of `name`, or in its trailing days, but for what is `freed`."""
        cap_id, key, last = name
        first = _before(last, cap.trailing_days - 1) if cap.period == "trailing" else last
        days = self._days[cap_id, key].items()
        return sum(count.used - freed.get((cap_id, key, day), 0) for day, count in days if first <= day <= last)

    def move(self, name: Name, amount: int) -> None:
        self._of(name).move(amount)

    def give_back(self, name: Name, amount: int) -> int:
        """Give back so much, but never more than is used; returns how much it was."""
        amount = min(amount, self._of(name).used)
        self.move(name, -amount)
        return amount

    def _of(self, name: Name) -> LockedCounter:
        cap_id, key, day = name
        return self._days[cap_id, key][day]

    def crossed(self) -> list[Crossing]:
        """The budgets of which this batch used up the most, or the rest."""
        found = []
        for (cap_id, key), days in sorted(self._days.items()):
            cap = self._caps.get(cap_id)
            if cap is None or not cap.is_watched:
                continue
            for day, counter in days.items():
                what = cap.crossed(counter.used - counter.moved, counter.used) if counter.moved > 0 else ""
                if what:
                    found.append(Crossing(cap, key, day, counter.used, what))
        return found

    def save(self, session: Session) -> Callable[[], None]:
        """Move the rows, each within its limit; returns a check to call when the pipeline has ended."""
        rows = (counter for _, days in sorted(self._days.items()) for counter in days.values())
        return save(session, CapCounter, rows)


def _day(period: date | str) -> str:
    return str(period)[:10]


def _before(day: str, days: int) -> str:
    """The ISO date so many days before another; the first of all where there is none."""
    ordinal = date.fromisoformat(day).toordinal() - days
    return (date.fromordinal(ordinal) if ordinal > 0 else date.min).isoformat()
