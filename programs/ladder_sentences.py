"""What do the settings of a ladder mean for a member of today? In sentences, with days computed from them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from loyalty_site.lib import money
from loyalty_site.lib.instants import MONTHS, full_day
from programs.configuration import Currency
from programs.ladders import Counts, Cycle, Tier, TierGroup, Wanted
from programs.periods import ONE_DAY

_ROUNDED = {"month": "month", "quarter": "quarter", "half_year": "half-year", "year": "year"}


def sentences(group: TierGroup, currencies: Mapping[str, Currency], today: date) -> list[str]:
    """Each setting as a sentence, for a member who enrols, or rises, `today` in the zone of the program."""
    said = _Ladder(group, currencies, today)
    return [*said.counting(), *said.steps(), *said.holding(), *said.rest()]


def in_short(group: TierGroup, currencies: Mapping[str, Currency], today: date) -> str:
    """The same in a line: what counts, and how long who rises today holds what they reach."""
    said = _Ladder(group, currencies, today)
    return " ".join([*said.counting(), *said.holding()][:2])


@dataclass(frozen=True, slots=True)
class _Ladder:
    group: TierGroup
    currencies: Mapping[str, Currency]
    today: date

    # What counts.

    def counting(self) -> Iterator[str]:
        group, what, today = self.group, self._measured(), full_day(self.today)
        match group.model:
            case "manual":
                yield "No points count: tiers are paid for or granted, each with dates of its own."
            case "lifetime":
                yield f"All {what} count that a member ever earned."
            case "calendar":
                month, day = group.cycle_start
                cycle = self._days(self._cycle(self.today))
                yield f"The {what} of a year count that begins on {day} {MONTHS[month - 1]}: today those of {cycle}."
            case "anniversary":
                cycle = self._days(self._cycle(self.today))
                yield (
                    f"The {what} of a year of membership count: of a member who enrols today, {today}, "
                    f"first those of {cycle}."
                )
            case _:
                since = full_day(group.window_before(self.today + ONE_DAY))
                length = _length(group.window, group.window_unit)
                yield f"The {what} of the trailing {length} count: today, {today}, those since {since}."

    def steps(self) -> Iterator[str]:
        for tier in self.group.tiers:
            if tier is self.group.base:
                yield f"{tier.name} asks for nothing: every member holds it who holds no higher tier."
            elif tier.segment:
                yield (
                    f"{tier.name} follows the segment “{tier.segment}”: whoever is in it holds {tier.name}, or a "
                    "higher tier; it is also granted."
                )
            elif self.group.model == "manual" or not self._is_reachable(tier):
                yield f"{tier.name} is only granted; no points reach it."
            else:
                kept = "" if tier.retention == tier.entry else f", and kept with {self._wanted(tier.retention)}"
                yield f"{tier.name} is reached with {self._wanted(tier.entry)}{kept}."

    # How long a tier holds, and what follows.

    def holding(self) -> Iterator[str]:
        group, tier = self.group, self._example()
        if group.model == "manual":
            yield from self._granted(tier)
        elif tier is not None:
            last = group.last_day(self.today, self.today)
            if last is None:
                yield f"Whoever reaches {tier.name} keeps it for life."
            else:
                yield (
                    f"Whoever reaches {tier.name} today, {full_day(self.today)}, holds it through {full_day(last)}"
                    f"{self._rounded()}; reaching it again meanwhile renews it."
                )
                yield self._assessed(tier, last)

    def _granted(self, tier: Tier | None) -> Iterator[str]:
        name = tier.name if tier else "A tier"
        yield f"{name} holds through the last day that is named with it; without one, until somebody ends it."
        if self.group.grace:
            last = full_day(self.group.graced_through(self.today))
            yield f"If it ended today, {full_day(self.today)}, it would be kept for a grace through {last}."
        if tier:
            yield f"Then the member {self._goes(tier)}."

    def _rounded(self) -> str:
        if self.group.validity != "period" or self.group.rounding == "none":
            return ""
        return f", the end of a {_ROUNDED[self.group.rounding]}"

    def _assessed(self, tier: Tier, last: date) -> str:
        """What is looked at when the validity of `tier` ends on the day `last`, and what follows."""
        group, enough = self.group, self._wanted(tier.retention)
        renewed = group.renewed_through(last, self.today)
        kept = f"with {enough} it is kept through {full_day(renewed)}" if renewed else f"with {enough} it is kept"
        if not group.grace:
            return f"Then {self._decides(last)}: {kept}; with fewer the member {self._goes(tier)}."
        grace, end = _length(group.grace, group.grace_unit), full_day(group.graced_through(last))
        return (
            f"Then {self._decides(last)}: {kept}; with fewer it is kept for a grace of {grace}, through {end}, "
            f"in which reaching it renews it from {full_day(last)} on, and then the member {self._goes(tier)}."
        )

    def _decides(self, last: date) -> str:
        group, what = self.group, self._measured()
        if group.has_cycles:
            return f"the {what} of {self._days(self._cycle(last))} decide"
        if group.model == "rolling":
            first = full_day(group.window_before(last + ONE_DAY))
            return f"the {what} of {first} to {full_day(last)} decide"
        return f"all {what} ever earned decide"

    def _goes(self, tier: Tier) -> str:
        """Where a member goes who cannot keep `tier`."""
        group, nothing = self.group, self._nothing()
        if group.on_end == "to_earned" and group.model != "manual":
            return "goes to the tier that they justify"
        lower = group.below(tier, nothing)
        target = lower.name if lower else "no tier"
        if group.on_end == "never":
            return f"keeps {tier.name}"
        return f"goes one level down, to {target}" if group.on_end == "one_level" else f"goes to {target}"

    # What else is set.

    def rest(self) -> Iterator[str]:
        if self.group.model == "manual":
            return
        yield self._refunds()
        yield self._late()
        if self.group.has_cycles:
            yield self._surplus()
        if self.group.validity != "none" and self.group.on_end != "never":
            yield (
                "Nobody is lowered by a night until somebody who may has agreed to its list."
                if self.group.holds_downgrades
                else "Whoever did not keep a tier is lowered the night after its last day, or sooner if they come in."
            )

    def _refunds(self) -> str:
        if self.group.reverts:
            return (
                "A refund takes back the tier that the refunded purchase had reached, where the rest does not reach "
                "it: the tier of before comes back with its dates."
            )
        return "A refund takes points away, and leaves the tier until its validity ends."

    def _late(self) -> str:
        if not self.group.has_cycles:
            return "What arrives late counts on the day on which it happened."
        last = self._cycle(self.today).last
        if not self.group.late_window:
            return f"What arrives late counts in the open year: after {full_day(last)} not in this one."
        days, until = self.group.late_window, full_day(date.fromordinal(last.toordinal() + self.group.late_window))
        return (
            f"What arrives late counts in its own year for {days} days after its end, and can only raise: "
            f"what happened on {full_day(last)} if it is here through {until}. Later it counts in the open year."
        )

    def _surplus(self) -> str:
        tier, [first, *_] = self._example(), self.group.criteria
        if not self.group.rollover:
            return "Each year begins at 0; what the closed one counted is kept with the member's history."
        limit = self.group.rollover_limit
        most = "" if limit is None else f", at most {self._points(first, limit)}"
        said = f"Surplus: what exceeds the threshold of the tier opens the next year{most}"
        if tier is None or not (need := tier.entry[0]):
            return f"{said}."
        given = need + need // 10
        opens = self._points(first, given - need if limit is None else min(given - need, limit))
        ends = f"{self._points(first, given)} as {tier.name}"
        return f"{said}: one that ends with {ends} is followed by one that begins with {opens}."

    # Words.

    def _cycle(self, day: date) -> Cycle:
        return self.group.cycle(day, self.today)

    def _days(self, cycle: Cycle) -> str:
        if (cycle.first.month, cycle.first.day) == (1, 1):
            return f"{cycle.first.year}"
        return f"{full_day(cycle.first)} to {full_day(cycle.last)}"

    def _measured(self) -> str:
        return _joined((self.currencies[code].name for code in self.group.criteria), "and")

    def _wanted(self, wanted: Wanted) -> str:
        pairs = zip(self.group.criteria, wanted, strict=True)
        numbers = [self._points(code, number) for code, number in pairs if number is not None]
        return _joined(numbers, "and" if self.group.needs_all else "or")

    def _points(self, code: str, number: int) -> str:
        currency = self.currencies[code]
        return f"{money.render(number, currency.decimals)} {currency.name}"

    def _nothing(self) -> Counts:
        return (0,) * len(self.group.criteria)

    def _is_reachable(self, tier: Tier) -> bool:
        return any(need is not None for need in tier.entry)

    def _example(self) -> Tier | None:
        """The highest tier that is no matter of course."""
        asked = [tier for tier in self.group.tiers if tier is not self.group.base]
        reached = [tier for tier in asked if self.group.model == "manual" or self._is_reachable(tier)]
        return reached[-1] if reached else None


def _length(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _joined(parts: Iterable[str], word: str) -> str:
    found = list(parts)
    return f" {word} ".join(filter(None, [", ".join(found[:-1]), *found[-1:]]))
