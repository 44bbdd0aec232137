"""Points for a birthday, or for an anniversary of the membership; the night gives them (semantics C22)."""

import calendar
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction

from django import forms
from django.core.exceptions import ValidationError

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed, parts_of
from programs.configuration import Configuration
from programs.rules import base
from programs.rules.units import Units, both

BIRTHDAY, ANNIVERSARY = "birthday", "anniversary"

#: Activities that the night alone reports: whoever else could, would give points away.
GIVEN_BY_THE_NIGHT = frozenset({BIRTHDAY, ANNIVERSARY})

#: The day of the year that only leap years have, and the days that may stand for it in the others.
LEAP_DAY, DAY_BEFORE, DAY_AFTER = "02-29", "02-28", "03-01"

_LONGEST_LEAD, _MOST_YEARS = 60, 150


class Occasion(base.Kind):
    """The points do not depend on the basket; whose occasion it is finds the night."""

    label = "Birthday or anniversary"

    class Params(base.Params):
        occasion = forms.ChoiceField(
            choices=[(BIRTHDAY, "Birthday"), (ANNIVERSARY, "Anniversary of the enrolment")],
            initial=BIRTHDAY,
            help_text="Given once a year, in the night in which the day begins.",
        )
        points = base.PointsField(initial=100, help_text="Points for the occasion.")
        lead_days = forms.IntegerField(
            required=False,
            min_value=0,
            max_value=_LONGEST_LEAD,
            help_text="So many days before the day itself, 0 to 60; empty: on the day.",
        )
        leap_day = forms.ChoiceField(
            required=False,
            choices=[(DAY_BEFORE, "28 February"), (DAY_AFTER, "1 March")],
            initial=DAY_BEFORE,
            help_text="Which day counts in common years for who was born, or enrolled, on 29 February.",
        )
        years = forms.CharField(
            required=False,
            max_length=200,
            help_text="Which anniversaries count, separated by commas, like 1, 5, 10; empty: each.",
        )

        def clean_years(self) -> str:
            text: str = self.cleaned_data["years"]
            wrong = sorted(part for part in listed(text) if not (part.isascii() and part.isdigit()))
            wrong += sorted(part for part in listed(text) - set(wrong) if not 1 <= int(part[:9]) <= _MOST_YEARS)
            if wrong:
                named = ", ".join(f"“{part[:20]}”" for part in wrong[:3])
                raise ValidationError(f"{named} is no anniversary: write whole years from 1 to {_MOST_YEARS}.")
            if text and not listed(text):
                raise ValidationError("Name at least one year, for example 1, 5, 10; or leave it empty.")
            if text and self.cleaned_data.get("occasion") == BIRTHDAY:
                raise ValidationError("Years are those of a membership; leave them empty for a birthday.")
            return text

    def __init__(self, params: base.Cleaned) -> None:
        self.occasion: str = params["occasion"]
        self.activities = frozenset({self.occasion})
        self.given = [Fraction(params["points"])]
        self.lead = timedelta(days=params.get("lead_days") or 0)
        self.leap_day: str = params.get("leap_day") or DAY_BEFORE
        self.years = frozenset(map(int, listed(params.get("years") or "")))

    def points(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> Sequence[base.Exact]:
        return self.given

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        lead = int(str(params.get("lead_days") or 0))
        when = f"{lead} day{'s' if lead > 1 else ''} before" if lead else "on"
        if params["occasion"] == BIRTHDAY:
            what = "their birthday"
        elif years := parts_of(str(params.get("years") or "")):
            called = "anniversary" if len(years) == 1 else "anniversaries"
            what = f"their {called} of {both(years)} {'year' if years == ('1',) else 'years'}"
        else:
            what = "each anniversary of their enrolment"
        leap = " (in common years 1 March stands for 29 February)" if params.get("leap_day") == DAY_AFTER else ""
        return f"{units.points(params['points'])} {when} {what}{leap}"

    def day_of(self, given_on: date) -> date:
        """The day itself of an occasion that is given on the local day `given_on`."""
        return given_on + self.lead

    def days_of_year(self, given_on: date) -> frozenset[str]:
        """The days of the year (MM-DD) whose occasion is given on the local day `given_on`."""
        day = self.day_of(given_on)
        own = f"{day:%m-%d}"
        stands_in = own == self.leap_day and not calendar.isleap(day.year)
        return frozenset({own, LEAP_DAY} if stands_in else {own})

    def counts(self, years: int) -> bool:
        """Whether it is about the anniversary of so many years; birthdays are not counted."""
        if self.occasion == BIRTHDAY:
            return True
        return years >= 1 and (not self.years or years in self.years)
