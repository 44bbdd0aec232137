"""What does one member hold and count on one ladder, while the member is locked?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from loyalty_site.lib import instants
from members.holdings import Account
from members.ladder_rows import LockedStanding, LockedTally, Passed, Turn
from members.models import Standing
from programs import periods, versions
from programs.configuration import Configuration
from programs.ladders import Counts, Tier, TierGroup

Reason = Standing.Reason


@dataclass(slots=True)
class Ladder:
    """A member on a ladder as it is set up in one version of the program; never changed once it is made."""

    configuration: Configuration
    group: TierGroup
    account: Account
    enrolled_on: date = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.enrolled_on = periods.local_date(self.account.enrolled_at, self.configuration.zone)

    # What it is about.

    @property
    def zone(self) -> tzinfo:
        return self.configuration.zone

    @property
    def held(self) -> LockedStanding | None:
        """The current standing, if there is one."""
        return self.account.tiers.get(self.group.id)

    @property
    def tier(self) -> Tier | None:
        """The tier that is held."""
        held = self.held
        return self.group.by_id.get(held.tier_id) if held else None

    def then(self, at: datetime) -> "Ladder":
        """The same by the program as it was in force at an instant: assessments may be made late."""
        configuration = versions.in_force(self.configuration, at)
        group = configuration.tier_groups.get(self.group.code)
        if group is None or group is self.group or group.by_id.keys() != self.group.by_id.keys():
            return self
        return Ladder(configuration, group, self.account)

    def day(self, at: datetime) -> date:
        """The local date of an instant."""
        return periods.local_date(at, self.zone)

    def last_day(self, end: datetime) -> date:
        """The last local day of what ends at an instant."""
        return instants.last_day(end, self.zone)

    def end_of(self, day: date | None) -> datetime | None:
        """The instant at which what holds through a day has ended; None for never."""
        return periods.end_of_day(day, self.zone) if day else None

    # What counts.

    def _sum(self, first: date, before: date) -> Counts:
        """What was counted in windows whose first days lie in [first, before)."""
        found = dict.fromkeys(self.group.currency_ids, 0)
        for (group, currency, period), tally in self.account.tallies.items():
            if group == self.group.id and first <= period < before and currency in found:
                found[currency] += tally.total
        return tuple(found.values())

    def counted_on(self, day: date) -> Counts:
        """What counts for an activity of a day: its cycle, or the window that ends with it."""
        if self.group.model == "rolling":
            following = day + periods.ONE_DAY
            return self._sum(self.group.window_before(following), following)
        return self.counted_in(self.group.cycle(day, self.enrolled_on).first)

    def counted_in(self, first: date) -> Counts:
        """What was counted in the window that begins on a day."""
        return tuple([tally.total if tally else 0 for tally in self._tallies(first)])

    def carried_into(self, first: date) -> Counts:
        """The surplus of former cycles with which the cycle that begins on a day opens."""
        return tuple([tally.carried if tally else 0 for tally in self._tallies(first)])

    def _tallies(self, first: date) -> list[LockedTally | None]:
        """Those of the window that begins on a day, in the order of the criteria."""
        tallies, group = self.account.tallies, self.group
        return [tallies.get((group.id, currency, first)) for currency in group.currency_ids]

    def closing(self, ended_on: date, known_on: date) -> Counts:
        """What decides about a tier whose validity ended on a day, as far as it is there on another (C15-R5, R6).

        That is the cycle of that day, and in grace what was counted since; of a rolling ladder the window of now.
        """
        if self.group.model == "rolling":
            return self._sum(self.group.window_before(known_on), known_on)
        last = max(ended_on, known_on - periods.ONE_DAY)
        first, latest = (self.group.cycle(day, self.enrolled_on).first for day in (ended_on, last))
        return self._sum(first, latest + periods.ONE_DAY)

    def by_code(self, counts: Counts) -> Mapping[str, int]:
        """Counts by the codes of their currencies, as standings keep them."""
        return dict(zip(self.group.criteria, counts, strict=True))

    def tally(self, currency_id: int, period: date) -> LockedTally:
        """The tally of one currency in one window."""
        return self.account.tally(self.group.id, currency_id, period)

    # What is held.

    def through(self, tier: Tier | None, day: date | None) -> datetime | None:
        """Until when a tier is held whose validity lasts through a day; what asks for nothing has no end."""
        return None if tier is None or tier is self.group.base else self.end_of(day)

    def hold(self, new: LockedStanding) -> None:
        """Let the member hold `new`, in place of what is held, though not from before that began."""
        held = self.held
        if held:
            new.from_at = max(new.from_at, held.from_at)
            if held.id or held.from_at < new.from_at or self._is_asked_for(held):
                self._end(held, new.from_at)
                self.account.past.setdefault(self.group.id, []).append(held)
        new.since_at = min(new.since_at, new.from_at)
        new.is_changed = True
        new.due_at = self.next_due(new, new.from_at)
        if new.valid_until and new.valid_until <= new.from_at and not new.is_locked(new.from_at):
            # It reached us when its validity was over: what follows is due at once.
            new.due_at = new.valid_until
        self.account.tiers[self.group.id] = new
        before = held.tier_id if held else None
        if before != new.tier_id:
            self.account.passed.append(Passed(self.group.id, before, new.tier_id, new.from_at))
        elif not held or not _lasts_longer(new, held):
            return
        self.account.turns.append(Turn(self.group.id, before, new, self.account.sequence))

    def _is_asked_for(self, held: LockedStanding) -> bool:
        """Whether what is replaced at the instant at which it began may be asked for when something comes late:
        a downgrade may be undone (C16-R3), and by what was reached before it began a closed cycle is measured."""
        return held.reason == Reason.DOWNGRADE.value or held.since_at < held.from_at

    def _end(self, held: LockedStanding, at: datetime) -> None:
        held.until_at, held.is_changed = at, True
        held.due_at = held.waits_from = held.proposed_id = None

    def supersede(self, rows: list[LockedStanding], now: datetime) -> None:
        """Note that these standings should never have been; they stay, and count for what was known until now."""
        for row in rows:
            row.superseded_at = now
            self._end(row, row.until_at or max(now, row.from_at))

    def next_due(self, held: LockedStanding, after: datetime) -> datetime | None:
        """When time changes a standing next; None for never."""
        if held.is_locked(after):
            return held.locked_until
        if held.waits_from:
            return None
        ends = [held.valid_until]
        if held.valid_until and held.valid_until <= after:
            ends = [self.end_of(self.group.graced_through(self.last_day(held.valid_until)))]
        if self.group.rollover and held.tier_id:
            ends.append(self._closing(self.day(after)))
        return min((end for end in ends if end and end > after), default=None)

    def closed_with(self, closed_at: datetime) -> Tier | None:
        """The tier whose threshold a cycle that closed at an instant is measured by, as far as the past is there.

        That is the one held then, or a higher one that was reached by then as we learned later. None for no tier.
        """
        rows = [*self.account.past.get(self.group.id, ()), *filter(None, [self.held])]
        told = [row for row in rows if row.superseded_at is None]
        decisive = [row for row in told if row.from_at < closed_at][-1:]
        decisive += [row for row in told if row.since_at < closed_at <= row.from_at]
        tiers = [self.group.by_id.get(row.tier_id) for row in decisive]
        return max(tiers, key=self.group.rank, default=None)

    def _closing(self, day: date) -> datetime | None:
        """When the cycle of a day closes, if it has anything that may open the next one."""
        cycle = self.group.cycle(day, self.enrolled_on)
        return self.end_of(cycle.last) if any(self.counted_in(cycle.first)) else None


def _lasts_longer(new: LockedStanding, held: LockedStanding) -> bool:
    """Whether the same tier has a later end than before."""
    if held.tier_id is None or held.valid_until is None:
        return False
    return new.valid_until is None or new.valid_until > held.valid_until
