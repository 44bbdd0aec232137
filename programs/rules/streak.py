"""Points for who comes again and again: so many days, weeks or months in a row."""

from collections.abc import Mapping, Sequence
from datetime import date

from django import forms

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs.configuration import Configuration
from programs.progress import DAYS, MONTHS, WEEKS, Reached, Shown, first_day, next_period
from programs.rules import base
from programs.rules.fields import BySegmentField, ByTierField
from programs.rules.per_visit import VISITS
from programs.rules.rates import Rated, others
from programs.rules.target import is_left
from programs.rules.units import Units, activities

_LONGEST = 1_000


class Streak(Rated, base.Kind):
    """Points when there was some activity in so many periods in a row, and again when as many have followed.

    Periods are those of the program's own clock. What is reported late, of a period before the last one that
    counted, does not make a streak longer.
    """

    label = "Streak"

    class Params(base.Params):
        length = forms.IntegerField(
            min_value=2, max_value=_LONGEST, initial=7, help_text="How many in a row; points again at twice as many."
        )
        periods = forms.ChoiceField(
            choices=[(DAYS, "Days"), (WEEKS, "Weeks, from Monday"), (MONTHS, "Months")],
            initial=DAYS,
            help_text="What has to follow without a gap; changed later, it begins at nothing for everybody.",
        )
        points = base.PointsField(initial=50, help_text="Points for the streak.")
        by_tier = ByTierField()
        by_segment = BySegmentField()
        events = base.EventsField(
            required=False, initial=VISITS, help_text="Which activities count, separated by commas."
        )

    def __init__(self, params: base.Cleaned) -> None:
        super().__init__(params)
        self.length, self.measure = int(params["length"]), str(params["periods"])
        self.activities = listed(params.get("events") or VISITS)

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        before = self.reached(facts)
        return [self.rates.of(facts)] if self.advanced(basket, before).rewarded > before.rewarded else None

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        before, first = self.reached(facts), first_day(self.measure, basket.local.date())
        if before.last_on and first < before.last_on:
            return f"it came late: the last of the {self.measure} that count begins on {before.last_on}"
        run = self.advanced(basket, before).run
        of = self.measure[:-1] if run == 1 else self.measure
        return f"{run} {of} in a row, {self.length - run % self.length} to go"

    def advanced(self, basket: base.Basket, before: Reached) -> Reached:
        first = first_day(self.measure, basket.local.date())
        if not is_left(basket) or (before.last_on and first < before.last_on):
            return before
        if first == before.last_on:
            # Where it is not known how many there were, it stays so.
            return before._replace(in_last=before.in_last + 1 if before.in_last else 0)
        follows = before.last_on is not None and next_period(self.measure, before.last_on) == first
        run = before.run + 1 if follows else 1
        rewarded = before.rewarded + (run % self.length == 0)
        return before._replace(rewarded=rewarded, run=run, in_last=1, last_on=first)

    def shown(self, reached: Reached, today: date, major: int) -> Shown:
        this = first_day(self.measure, today)
        is_live = reached.last_on is not None and next_period(self.measure, reached.last_on) >= this
        done = reached.run % self.length if is_live else 0
        return Shown(done, self.length, self.length - done, self.measure)

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        what = activities(params.get("events") or VISITS)
        given, length = f"{units.points(params['points'])}{others(params)}", params["length"]
        return f"{given} for a {what} in each of {length} {params['periods']} in a row"
