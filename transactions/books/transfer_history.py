"""What did members give away and receive of late? Read under their lock, for limits of transfers (semantics C20)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from loyalty_site.lib.sql import Session, instant
from programs import periods
from programs.configuration import Configuration

#: Entries of transfers, also of those who were merged into the members that are asked for.
_ENTRIES = (
    "FROM members_member m JOIN transactions_entry e ON e.member_id = m.id "
    "JOIN transactions_journal j ON j.id = e.journal_id AND j.kind = 'transfer' AND j.activity = 'transfer' "
    "LEFT JOIN transactions_lot l ON l.entry_id = e.id "
    "WHERE (m.id {ids} OR m.merged_into_id {ids}) AND e.posted_at >= %s AND e.kind "
)
_SUMS = (
    "SELECT COALESCE(m.merged_into_id, m.id), e.currency_id, e.kind = 'transfer_out', COUNT(DISTINCT j.id), "
    f"SUM(ABS(e.points)) {_ENTRIES} IN ('transfer_in', 'transfer_out') GROUP BY 1, 2, 3"
)
_ARRIVED = (
    f"SELECT COALESCE(m.merged_into_id, m.id), l.origin_id, e.posted_at {_ENTRIES} = 'transfer_in' "
    "ORDER BY e.posted_at"
)


@dataclass(frozen=True, slots=True)
class Direction:
    """One side of transfers in one window: "daily" or "yearly", of one member and currency."""

    window: str
    member_id: int
    currency_id: int
    gives: bool


class TransferHistory:
    """The statements of one batch; sent inside its pipeline, taken after it.

    What somebody gave before being merged into another counts as the other's.
    """

    def __init__(
        self,
        session: Session,
        configuration: Configuration,
        member_ids: Iterable[int],
        *,
        windows: Collection[str],
        cooling_days: int,
        now: datetime,
    ) -> None:
        """`windows` are those that a currency limits, `cooling_days` how long what was received may have to stay."""
        self.now, self.windows = now, windows
        self._sums: dict[Direction, tuple[int, int]] = {}
        self._arrived: dict[tuple[int, int | None], datetime] = {}
        both, today = [sorted(member_ids)] * 2, periods.local_date(now, configuration.zone)
        firsts = {"daily": today, "yearly": today.replace(month=1, day=1)}
        starts = {window: periods.start_of_day(firsts[window], configuration.zone) for window in windows}
        self._sums_read = {window: session.run(_SUMS, [*both, start]) for window, start in starts.items()}
        since = now - timedelta(days=cooling_days)
        self._arrived_read = session.run(_ARRIVED, [*both, since]) if cooling_days else None

    def take(self) -> "TransferHistory":
        for window, rows in self._sums_read.items():
            for member, currency, is_given, times, points in rows.fetchall():
                self._sums[Direction(window, member, currency, bool(is_given))] = times, int(points)
        if self._arrived_read:
            for member, root, at in self._arrived_read.fetchall():
                self._arrived[member, root] = instant(at)
        return self

    def sums(self, direction: Direction) -> tuple[int, int]:
        """(times, points) so far."""
        return self._sums.get(direction, (0, 0))

    def note(self, giver: int, taker: int, currency: int, points: int) -> None:
        """Remember a transfer of this batch."""
        for window in self.windows:
            for side in (Direction(window, giver, currency, True), Direction(window, taker, currency, False)):
                times, total = self.sums(side)
                self._sums[side] = times + 1, total + points

    def note_arrival(self, member_id: int, root: int) -> None:
        """Remember that points of the lot `root` were received in this batch."""
        self._arrived[member_id, root] = self.now

    def arrived_at(self, member_id: int, root: int | None) -> datetime | None:
        """When points of the lot `root` were last received by a member; None: not of late."""
        return self._arrived.get((member_id, root))
