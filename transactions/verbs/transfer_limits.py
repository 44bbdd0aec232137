"""How much may a member still give away, or be given? Source of the rules: semantics C20.

Limits of a day and of a year, alike for giver and receiver, and cooling-off: what was received stays for a while.
"""

from datetime import timedelta

from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import instant
from programs import periods

#: What settings call a window, and what people call it.
_WINDOWS = {"daily": "today", "yearly": "this year"}

#: Entries of gifts, also of those who were merged into the members that are asked for.
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


class NotTransferable(Refused):
    code = "not_transferable"


class Gifts:
    """What members gave and were given of late, read under their lock; said inside its pipeline, taken after it.

    What somebody gave before being merged into them counts as theirs. `sums` holds (times, points) by (window,
    member, currency, is given); `arrived` when points of which lot were last received, by (member, key of that lot).
    """

    def __init__(self, session, configuration, member_ids, *, windows, cooling_days, now):
        self.now, self.sums, self.arrived = now, {}, {}
        both, today = [sorted(member_ids)] * 2, periods.local_date(now, configuration.zone)
        firsts = {"daily": today, "yearly": today.replace(month=1, day=1)}
        starts = {window: periods.start_of_day(firsts[window], configuration.zone) for window in windows}
        self._sums = {window: session.run(_SUMS, [*both, start]) for window, start in starts.items()}
        since = now - timedelta(days=cooling_days)
        self._arrived = session.run(_ARRIVED, [*both, since]) if cooling_days else None

    @classmethod
    def read(cls, session, configuration, member_ids, *, now):
        """The Gifts, or None where no currency limits them."""
        currencies = configuration.currencies.values()
        windows = [window for window in _WINDOWS if any(any(_limits(c, window)) for c in currencies)]
        cooling_days = max((c.transfer_cooling_days for c in currencies), default=0)
        limits = {"windows": windows, "cooling_days": cooling_days}
        return cls(session, configuration, member_ids, **limits, now=now) if windows or cooling_days else None

    def take(self):
        for window, rows in self._sums.items():
            for member, currency, is_given, times, points in rows.fetchall():
                self.sums[window, member, currency, bool(is_given)] = times, int(points)
        if self._arrived:
            self.arrived = {(member, root): instant(at) for member, root, at in self._arrived.fetchall()}
        return self

    def note(self, giver, taker, currency, points):
        """Remember a gift of this batch."""
        for window in self._sums:
            for key in ((window, giver, currency, True), (window, taker, currency, False)):
                times, total = self.sums.get(key, (0, 0))
                self.sums[key] = times + 1, total + points

    def check(self, account, currency, points, *, gives):
        """Refuse what would be too often or too much for one day or year. Raises NotTransferable."""
        whose, field = ("The member has given", "points") if gives else ("The receiver was given", "to")
        for window, name in _WINDOWS.items():
            times, total = self.sums.get((window, account.id, currency.id, gives), (0, 0))
            most, often = _limits(currency, window)
            if often is not None and times + 1 > often:
                raise NotTransferable(f"{whose} {times} times {name}; {often} are possible.", field=field)
            if most is not None and total + points > most:
                raise NotTransferable(f"{whose} {total} points {name}; {most} are possible.", field=field)

    def is_cool(self, lot, currency):
        """Whether a lot may be passed on: its points were not received of late, wherever they went since."""
        at = self.arrived.get((lot.member_id, lot.origin_id))
        return at is None or at + timedelta(days=currency.transfer_cooling_days) <= self.now


def _limits(currency, window):
    """(most points, most times) of a window; None for as many as they like."""
    return getattr(currency, f"transfer_{window}_limit"), getattr(currency, f"transfer_{window}_count")
