"""Which tier should a member hold? Said by the rules alone (semantics C15, C16), day after day, without a shortcut.

A plain model for `tier_machine`: it walks through every midnight, and adds up all that was earned whenever it counts.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from tests.support.tier_rows import Earned, Row
from tests.support.tier_terms import (
    ALWAYS,
    DAY,
    ROUNDED,
    Terms,
    after,
    begins,
    cycle_of,
    last_of,
    last_of_cycle,
    local,
    midnight,
)


@dataclass
class Life:
    """One member on one ladder. `today` is the last day whose midnight was lived through."""

    terms: Terms
    enrolled_at: datetime
    rows: list = field(default_factory=list)
    facts: list = field(default_factory=list)
    today: date = None
    tell: object = None

    def __post_init__(self):
        self.enrolled_on = self.today = local(self.enrolled_at)
        if self.terms.is_base(0):
            self.rows.append(Row(0, self.enrolled_at, self.enrolled_at, None, "enrolment"))

    @property
    def tier(self):
        return self.rows[-1].tier if self.rows else -1

    @property
    def is_in_grace(self):
        """Whether the present tier has ended, and may still be kept."""
        return bool(self.rows and self.rows[-1].through and self.rows[-1].through < self.today)

    # Cycles and what they count.

    def cycle(self, day):
        return cycle_of(self.terms, self.enrolled_on, day) if self.terms.has_cycles else ALWAYS

    def last_of_cycle(self, day):
        return last_of_cycle(self.terms, self.enrolled_on, day)

    def counts_in(self, day, known_on):
        """The cycle in which it counts what happened on a day and reaches us on another (C16-R3)."""
        if not self.terms.has_cycles:
            return ALWAYS
        closed_for = (known_on - self.last_of_cycle(day)).days
        return self.cycle(day) if closed_for <= self.terms.late_window else self.cycle(known_on)

    def total(self, facts):
        columns = zip(*(fact.points for fact in facts), strict=True) if facts else ()
        return tuple(map(sum, columns)) or (0,) * len(self.terms.entry[0])

    def carried(self, first):
        """The surplus of the cycle before the one that begins on a day: above the threshold of the tier then held."""
        nothing = (0,) * len(self.terms.entry[0])
        if not self.terms.rollover or first > self.today or first <= self.enrolled_on:
            return nothing
        held = [row.tier for row in self.rows if row.begins < midnight(first)][-1:]
        # Or what was reached by then, as we learned when something else was told already.
        held += [row.tier for row in self.rows if row.since < midnight(first) <= row.begins]
        if not held or max(held) < 0 or self.terms.is_base(max(held)):
            return nothing
        closed = self.in_cycle(self.cycle(first - DAY))
        surplus = [max(0, count - need) for count, need in zip(closed, self.terms.entry[max(held)], strict=True)]
        limit = self.terms.rollover_limit
        return tuple(surplus if limit is None else (min(limit, points) for points in surplus))

    def in_cycle(self, first, but=None):
        own = self.total([fact for fact in self.facts if fact.cycle == first and fact is not but])
        return tuple(map(sum, zip(own, self.carried(first), strict=True)))

    def in_window(self, end, but=None):
        """What counts in the trailing window that ends before a day."""
        first = after(end, -self.terms.window[0], self.terms.window[1])
        return self.total([fact for fact in self.facts if first <= fact.day < end and fact is not but])

    def closing(self, through, known_on):
        """What decides about a tier that ended: its cycle, and what came since in grace; or the window of now."""
        if self.terms.model == "rolling":
            return self.in_window(known_on)
        firsts = {self.cycle(through), self.cycle(max(through, known_on - DAY))}
        return tuple(map(sum, zip(*map(self.in_cycle, firsts), strict=True)))

    # How long.

    def lasts_through(self, day):
        """The last day of a tier that is reached on a day; None for life."""
        terms = self.terms
        if terms.on_end == "never" or terms.validity == "none":
            return None
        if terms.validity == "period":
            last = after(day, *terms.period) - (DAY if terms.period_end == "before" else 0 * DAY)
            return last_of(last, ROUNDED[terms.rounding]) if terms.rounding != "none" else last
        last = self.last_of_cycle(day)
        return last if terms.validity == "rest_of_cycle" else self.last_of_cycle(last + DAY)

    def goes_on_through(self, ended):
        """The last day of what follows a validity that ended on a day: it counts from then, whenever it is said."""
        if self.terms.validity == "rest_of_cycle_plus_next":
            return self.last_of_cycle(ended + DAY)
        return self.lasts_through(ended + DAY)

    def graced_through(self, ended):
        count, unit = self.terms.grace
        if not count:
            return ended
        last = after(ended, count, unit)
        return last_of(last, 1) if self.terms.grace_to_month_end else last

    def hold(self, tier, at, through, reason, *, since=None, cycle=None):
        """Nothing begins before what it follows."""
        begins = max(at, self.rows[-1].begins) if self.rows else at
        through = None if tier < 0 or self.terms.is_base(tier) else through
        self.rows.append(Row(tier, min(since or at, begins), begins, through, reason, cycle))

    # What time does.

    def live_until(self, now):
        while self.today < local(now):
            self.today += DAY
            self.pass_midnight(self.today)

    def pass_midnight(self, day):
        while self.rows and self.rows[-1].through and self.rows[-1].through < day and self.assess(day):
            pass
        self.open_cycle(day)

    def live_again(self, last=None, *, is_new=False):
        """Every midnight from the end of the present tier on, because we learned of it only now.

        Of one that `is_new`, from its beginning on: cycles may have opened since.
        """
        if self.rows and self.rows[-1].through:
            ends = self.rows[-1].through
            day = (min(local(self.rows[-1].begins), ends) if is_new else ends) + DAY
            while day <= (last or self.today):
                self.pass_midnight(day)
                day += DAY

    def assess(self, day):
        """Renew, wait in grace, or lower; says whether anything was done."""
        row = self.rows[-1]
        counts = self.closing(row.through, day)
        if self.terms.keeps(row.tier, counts):
            self.renew(row)
            self.tell("renewed at the end")
        elif day <= self.graced_through(row.through):
            self.tell("in grace")
            return False
        else:
            target = self.terms.below(row.tier, counts)
            if self.graced_through(row.through) > row.through:
                self.tell("grace was over")
            self.tell(f"lowered {self.terms.on_end}")
            through = self.goes_on_through(row.through)
            self.hold(target, midnight(day), through, "downgrade", cycle=self.cycle(row.through))
        return True

    def renew(self, row):
        end = midnight(row.through + DAY)
        self.hold(row.tier, end, self.goes_on_through(row.through), "renewal", since=row.since)

    def open_cycle(self, day):
        """What a cycle opens with may be enough to reach the tier again."""
        row = self.rows[-1] if self.rows else None
        if not (begins(self.terms, self.enrolled_on, day) and row and row.tier >= 0 and row.through):
            return
        carried = self.carried(day)
        if any(carried):
            self.tell("rolled over")
        if self.terms.meets(self.terms.entry[row.tier], carried) and self.lasts_through(day) > row.through:
            self.hold(row.tier, midnight(day), self.lasts_through(day), "renewal", since=row.since)

    # What members do.

    def earn(self, at, points, now):
        """Returns the Earned."""
        day, known_on = local(at), local(now)
        fact = Earned(at, day, self.counts_in(day, known_on), points)
        opening = self.carried(self.cycle(self.today))
        self.facts.append(fact)
        if any(points):
            self.assess_again(fact)
            self.reach(fact, now)
            self.reach_by_surplus(opening, now)
        return fact

    def refund(self, fact, left, now):
        """So many points are left of what was earned; it lowers nobody before the validity ends (C15-R8)."""
        fact.points = left[: len(fact.points)]
        self.tell("refunded")

    def assess_again(self, fact):
        """A cycle that has closed and cost the member a tier is assessed again, upward only (C16-R3)."""
        if not self.terms.has_cycles or self.last_of_cycle(fact.cycle) >= self.today:
            return
        self.tell("late, in a closed cycle")
        for place, lowered in enumerate(self.rows):
            if lowered.reason == "downgrade" and lowered.cycle == fact.cycle:
                before = self.rows[place - 1]
                counts = self.closing(before.through, local(lowered.begins))
                keeps = self.terms.keeps(before.tier, counts)
                deserved = before.tier if keeps else self.terms.below(before.tier, counts)
                if deserved > self.tier:
                    self.tell("late, and restored")
                    del self.rows[place:]
                    since = before.since if keeps else None
                    through = self.goes_on_through(before.through)
                    self.hold(deserved, lowered.begins, through, "assessed", since=since)
                    self.live_again()
                return

    def reach(self, fact, now):
        """Hold the highest tier that is reached now on its day; reach the same again, and it lasts longer."""
        row = self.rows[-1] if self.rows else None
        is_saved = self.saved_on(self.today)
        for day in self.looks(fact):
            self.live_again(last=day)
            if self.terms.model == "rolling":
                is_saved = self.saved_on(day) or is_saved
            at = min(now, max(fact.at, midnight(day)))
            if self.terms.model == "rolling":
                counts, without = self.in_window(day + DAY), self.in_window(day + DAY, but=fact)
            else:
                counts, without = self.in_cycle(fact.cycle), self.in_cycle(fact.cycle, but=fact)
            reached, through = self.terms.reached(counts), self.lasts_through(day)
            if reached > self.tier:
                self.tell("several levels at once" if reached > self.tier + 1 else "raised")
                self.tell("raised by what came late" if at < now else "raised today")
                self.hold(reached, at, through, "activity")
            elif reached == self.tier >= 0 and not is_saved and self.rows[-1].through:
                again = not self.terms.meets(self.terms.entry[reached], without)
                if again and through > self.rows[-1].through:
                    self.tell("reached again")
                    self.hold(reached, at, through, "renewal", since=self.rows[-1].since)
        self.live_again(is_new=bool(self.rows) and self.rows[-1] is not row)

    def saved_on(self, day):
        """Whether what counts on a day keeps, in grace, the tier that ended before it; it goes on from its end."""
        row = self.rows[-1] if self.rows else None
        if not (row and row.through and row.through < day):
            return False
        if not self.terms.keeps(row.tier, self.closing(row.through, day + DAY)):
            return False
        self.tell("saved in grace")
        self.renew(row)
        self.live_again(last=day)
        return True

    def reach_by_surplus(self, opening, now):
        """Late points may have left more for the present cycle; what it reaches by that is reached now."""
        first = self.cycle(self.today)
        carried = self.carried(first)
        if not any(more > less for more, less in zip(carried, opening, strict=True)):
            return
        counts, through = self.in_cycle(first), self.lasts_through(self.today)
        without = [count - more + less for count, more, less in zip(counts, carried, opening, strict=True)]
        reached, row = self.terms.reached(counts), self.rows[-1]
        if reached > self.tier:
            self.tell("raised by late surplus")
            self.hold(reached, now, through, "activity")
            return
        again = reached == self.tier >= 0 and not self.terms.meets(self.terms.entry[reached], without)
        if again and row.through and through > row.through:
            self.tell("reached again by late surplus")
            self.hold(reached, now, through, "renewal", since=row.since)

    def looks(self, fact):
        """The days on which it may reach something: of a trailing window each on which anything was earned."""
        if self.terms.model != "rolling":
            return [fact.day if self.cycle(fact.day) in (fact.cycle, ALWAYS) else self.today]
        days = {one.day for one in self.facts if any(one.points)}
        return sorted(
            day for day in days if after(day + DAY, -self.terms.window[0], self.terms.window[1]) <= fact.day <= day
        )
