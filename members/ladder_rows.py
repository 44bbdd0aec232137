"""What counts for tiers, and which tiers are held, of members under lock: how is it read and written?

The rows below `tiers.py`; `holdings.py` holds them in its accounts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from loyalty_site.lib.arrays import Row, Values
from loyalty_site.lib.sql import Rows, Session, instant
from members.models import MemberBenefit, Standing, Tally
from programs import periods
from programs.configuration import Configuration

if TYPE_CHECKING:
    from members.holdings import Account

#: (tier group, currency, first day of the window), keys and a day.
TallyKey: TypeAlias = tuple[int, int, date]


@dataclass(slots=True)
class LockedTally:
    """One tally while its member is locked; `moved` is what its stored points grow by, `carried` the surplus of the
    cycle before, which `carries` says was set anew."""

    id: int | None = None
    points: int = 0
    carried: int = 0
    moved: int = 0
    carries: bool = False

    @property
    def total(self) -> int:
        return self.points + self.carried

    def add(self, points: int) -> None:
        self.points += points
        self.moved += points

    def carry(self, points: int) -> None:
        """Open the cycle with so many points of the one before."""
        self.carries = self.carries or points != self.carried
        self.carried = points


@dataclass(slots=True)
class LockedStanding:
    """A tier held in one tier group, stored or (without `id`) new; see the columns of `Standing`."""

    id: int | None
    tier_id: int | None
    since_at: datetime
    from_at: datetime
    valid_until: datetime | None = None
    until_at: datetime | None = None
    due_at: datetime | None = None
    locked_until: datetime | None = None
    waits_from: datetime | None = None
    proposed_id: int | None = None
    reason: str = Standing.Reason.ACTIVITY.value
    note: str = ""
    cycle: date | None = None
    caused_by: int | None = None
    superseded_at: datetime | None = None
    counted: Mapping[str, int] = field(default_factory=dict)
    is_changed: bool = False

    def is_locked(self, at: datetime) -> bool:
        """Whether staff have said that nothing changes it yet."""
        return self.locked_until is not None and self.locked_until > at

    def wake_at(self, at: datetime | None) -> None:
        """Look at it next at this instant, None for never."""
        if self.due_at != at:
            self.due_at, self.is_changed = at, True


class Passed(NamedTuple):
    """Somebody went from one tier to another of a group, None for no tier: so did the benefits."""

    group_id: int
    before: int | None
    after: int | None
    at: datetime


class Turn(NamedTuple):
    """What somebody else may want to hear of a ladder: `standing` is held now, which is another tier than `before`
    (None for no tier) or the same for longer. It came behind the entry with the number `sequence` of the member.
    """

    group_id: int
    before: int | None
    standing: LockedStanding
    sequence: int


#: The columns of a standing, as `standing_of` takes them.
STANDING = (
    "id tier_id since_at from_at valid_until until_at due_at locked_until waits_from proposed_id reason note cycle "
    "caused_by superseded_at"
)
_MADE = f"member_id group_id {' '.join(STANDING.split()[1:])} counted is_current recorded_at"
_PUT = "is_current until_at due_at locked_until waits_from proposed_id superseded_at"
_INSTANTS = tuple(place for place, name in enumerate(STANDING.split()) if name.endswith(("_at", "_until", "_from")))
_CYCLE = STANDING.split().index("cycle")
_FROM = STANDING.split().index("from_at")


class Reading:
    """The reads of one batch; sent inside a pipeline, taken when it has ended."""

    def __init__(
        self, session: Session, member_ids: list[int], *, since: date | None = None, with_past: bool = False
    ) -> None:
        """Tallies of windows that begin before `since` are left out, None for none."""
        limit, values = ("AND period >= %s", [since]) if since else ("", [])
        self._tallies: Rows = session.run(
            "SELECT member_id, group_id, currency_id, period, id, points, carried FROM members_tally "
            f"WHERE member_id {{ids}} {limit}",
            [member_ids, *values],
        )
        self._standings: Rows = session.run(
            f"SELECT member_id, group_id, is_current, {', '.join(STANDING.split())} FROM members_standing "
            f"WHERE {'' if with_past else 'is_current AND '}member_id {{ids}} ORDER BY from_at, id",
            [member_ids],
        )

    def take(self, accounts: Mapping[int, "Account"]) -> None:
        """Put what was read into the accounts."""
        for member, group, currency, period, key, points, carried in self._tallies.fetchall():
            accounts[member].tallies[group, currency, day_of(period)] = LockedTally(key, points, carried)
        for member, group, is_current, *row in self._standings.fetchall():
            held = standing_of(row)
            if is_current:
                accounts[member].tiers[group] = held
            else:
                accounts[member].past.setdefault(group, []).append(held)


def standing_of(row: list[object]) -> LockedStanding:
    """A standing as it was read: a list of the columns STANDING, which it changes."""
    # PostgreSQL's are as they should be.
    if getattr(row[_FROM], "tzinfo", None) is None:
        for place in _INSTANTS:
            row[place] = instant(row[place])  # type: ignore[call-overload]  # Rows have no types but the database's.
        row[_CYCLE] = day_of(row[_CYCLE])
    return LockedStanding(*row)  # type: ignore[arg-type]


def day_of(value: object) -> date:
    """A date as it was read: SQLite hands it out as its text."""
    return date.fromisoformat(value) if isinstance(value, str) else value  # type: ignore[return-value]


def save_tallies(session: Session, accounts: Iterable["Account"]) -> None:
    """Write what was counted."""
    made: list[Values] = []
    moved: list[Values] = []
    carried: list[Values] = []
    for account in accounts:
        for key, one in account.tallies.items():
            if not one.id:
                if one.moved or one.carries:
                    made.append((account.id, *key, one.points, one.carried))
                continue
            if one.moved:
                moved.append((one.id, one.moved))
            if one.carries:
                carried.append((one.id, one.carried))
    session.insert(Tally, "member_id group_id currency_id period points carried", made)
    session.change(Tally, add="points", rows=moved)
    session.change(Tally, put="carried", rows=carried)


def save_standings(
    session: Session, configuration: Configuration, accounts: Iterable["Account"], now: datetime
) -> None:
    """Write the standings that were ended, opened or moved, and the benefits that went along."""
    accounts = list(accounts)
    changed = [
        (account.id, group, held, held is current)
        for account in accounts
        for group, current in account.tiers.items()
        for held in (*account.past.get(group, ()), current)
        if held.is_changed
    ]
    if not changed:
        return
    session.change(
        Standing,
        put=_PUT,
        rows=[(one.id, is_current, *_moved(one)) for _, _, one, is_current in changed if one.id],
    )
    session.insert(
        Standing,
        _MADE,
        [(member, group, *_made(one), is_current, now) for member, group, one, is_current in changed if not one.id],
    )
    _save_benefits(session, configuration, accounts, now)


def _moved(one: LockedStanding) -> Values:
    return one.until_at, one.due_at, one.locked_until, one.waits_from, one.proposed_id, one.superseded_at


def _made(one: LockedStanding) -> Values:
    return (
        one.tier_id,
        one.since_at,
        one.from_at,
        one.valid_until,
        one.until_at,
        one.due_at,
        one.locked_until,
        one.waits_from,
        one.proposed_id,
        one.reason,
        one.note,
        one.cycle,
        one.caused_by,
        one.superseded_at,
        dict(one.counted),
    )


def _save_benefits(
    session: Session, configuration: Configuration, accounts: Iterable["Account"], now: datetime
) -> None:
    """Withdraw the benefits of tiers that ended, and assign those of tiers that began."""
    given = {tier.id: tier.benefits for group in configuration.tier_groups.values() for tier in group.tiers}
    if not any(given.values()):
        return
    made: dict[tuple[int, int], list[Row]] = {}
    withdrawn: list[Values] = []
    for account in accounts:
        for passed in account.passed:
            for benefit in given.get(passed.before or 0, ()):
                own = made.get((account.id, benefit.id))
                if own and own[-1][-1] is None:
                    own[-1] = (*own[-1][:-1], max(passed.at, own[-1][3]))
                else:
                    withdrawn.append((passed.at, account.id, benefit.id))
            for benefit in given.get(passed.after or 0, ()):
                if benefit.is_over(periods.local_date(now, configuration.zone)):
                    continue
                row = (account.id, benefit.id, passed.group_id, passed.at, now, None)
                made.setdefault((account.id, benefit.id), []).append(row)
    _withdraw(session, withdrawn)
    columns = "member_id benefit_id group_id assigned_at recorded_at withdrawn_at"
    # Whoever passes a tier on the way to a higher one, at the same instant, never had what it gives.
    lasting = [row for rows in made.values() for row in rows if row[-1] is None or row[-1] > row[3]]
    session.insert(MemberBenefit, columns, lasting)


def _withdraw(session: Session, rows: list[Values]) -> None:
    """End assignments, each of (instant, member, benefit); none ends before it began."""
    if not rows:
        return
    table, latest = MemberBenefit._meta.db_table, "GREATEST" if session.is_postgresql else "MAX"
    if session.is_postgresql:
        session.run(
            f"UPDATE {table} b SET withdrawn_at = {latest}(v.at, b.assigned_at) FROM unnest(%s::timestamptz[], "
            "%s::bigint[], %s::bigint[]) AS v(at, member_id, benefit_id) WHERE b.member_id = v.member_id "
            "AND b.benefit_id = v.benefit_id AND b.withdrawn_at IS NULL",
            [list(column) for column in zip(*rows, strict=True)],
        )
        return
    for at, member, benefit in rows:
        session.run(
            f"UPDATE {table} SET withdrawn_at = {latest}(%s, assigned_at) WHERE member_id = %s AND benefit_id = %s "
            "AND withdrawn_at IS NULL",
            [at, member, benefit],
        )
