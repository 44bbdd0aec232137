"""Which members enrolled then, and who has a birthday now?"""

import calendar
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from members.segments.persons import whose
from programs.periods import ONE_DAY, end_of_day, start_of_day
from programs.segments.base import Condition, Scope, Surroundings
from programs.segments.fields import CountField, DayField, RangeForm, TextsField
from programs.segments.registry import register
from programs.segments.wording import day, days, either, within

_MONTHS = [(str(number), calendar.month_name[number]) for number in range(1, 13)]
#: So far ahead birthdays are looked for, in days.
_FURTHEST = 60


class EnrolledParams(forms.Form):
    """The first and the last day; one of them at least."""

    first_day = DayField(required=False, help_text="The first day that counts, like 2026-01-31.")
    last_day = DayField(required=False, help_text="The last day that counts.")

    def clean(self) -> dict[str, Any]:
        """Refuse a span without ends, and one that ends before it begins."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if not first and not last and not self.errors:
            raise ValidationError("Say first_day, last_day, or both.")
        if first and last and last < first:
            self.add_error("last_day", "Must not lie before first_day.")
        return cleaned


@register
class Enrolled(Condition):
    """Who enrolled on one of these days, where the program is."""

    key, label, family, place, Params = "enrolled", "Enrolled on", "Dates", 30, EnrolledParams

    def say(self, around: Surroundings) -> str:
        first, last = self.params["first_day"], self.params["last_day"]
        since, through = first and f"from {day(first)}", last and f"through {day(last)}"
        return f"enrolled {' '.join(filter(None, [since, through]))}"

    def asked(self, scope: Scope) -> Q:
        zone, asked = scope.configuration.zone, Q()
        if self.params["first_day"]:
            asked &= Q(enrolled_at__gte=start_of_day(self.params["first_day"], zone))
        if self.params["last_day"]:
            asked &= Q(enrolled_at__lt=end_of_day(self.params["last_day"], zone))
        return asked


class DaysParams(RangeForm):
    """So many days."""

    at_least = CountField(largest=36_500, help_text="Days.")
    at_most = CountField(largest=36_500, help_text="Days.")


@register
class EnrolledFor(Condition):
    """Who enrolled so many days ago; on the day itself it is 0 days."""

    key, label, family, place, Params = "enrolled_for", "Days since the enrolment", "Dates", 31, DaysParams

    def say(self, around: Surroundings) -> str:
        return f"enrolled {within(self.params['at_least'], self.params['at_most'])} days ago"

    def asked(self, scope: Scope) -> Q:
        asked = Q()
        if self.params["at_most"] is not None:
            asked &= Q(enrolled_at__gte=scope.day_ago(self.params["at_most"]))
        if self.params["at_least"] is not None:
            asked &= Q(enrolled_at__lt=scope.day_ago(self.params["at_least"] - 1))
        return asked


class MonthsParams(forms.Form):
    """Months of the year."""

    months = TextsField(choices=_MONTHS, label="Born in the months", help_text="1 to 12, separated by commas.")


@register
class BirthdayMonth(Condition):
    """Who has a birthday in one of these months."""

    key, label, family, place, Params = "birthday_month", "Month of the birthday", "Dates", 32, MonthsParams

    def say(self, around: Surroundings) -> str:
        names = dict(_MONTHS)
        return f"have their birthday in {either([names[month] for month in self.params['months']])}"

    def asked(self, scope: Scope) -> Q:
        asked = Q()
        for month in self.params["months"]:
            asked |= Q(birthday__startswith=f"{int(month):02}-")
        return whose(asked)


class AheadParams(forms.Form):
    """How many days ahead."""

    days = CountField(required=True, largest=_FURTHEST, label="Birthday within the next days", help_text="0: today.")


@register
class BirthdayAhead(Condition):
    """Who has a birthday today or within so many days; on 28 February also those of the 29th, in other years."""

    key, label, family, place, Params = "birthday_within", "Birthday soon", "Dates", 33, AheadParams

    def say(self, around: Surroundings) -> str:
        ahead = self.params["days"]
        return f"have their birthday within {days(ahead)}" if ahead else "have their birthday today"

    def asked(self, scope: Scope) -> Q:
        found = [scope.today + timedelta(days=ahead) for ahead in range(self.params["days"] + 1)]
        named = {f"{one:%m-%d}" for one in found}
        # In a year without it, as birthdays are given: on the day before 1 March.
        named |= {"02-29" for one in found if (one.month, one.day) == (2, 28) and (one + ONE_DAY).month == 3}
        return whose(Q(birthday__in=sorted(named)))
