"""When do the points of a currency end?"""

from collections.abc import Iterator

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from programs import checks, written
from programs.models.currencies import Currency
from programs.models.programs import ProgramPart

KEEPS_ENDS = (
    "members hold points, which keep the ends they have: say that the change is for new points only; "
    "older ones can be re-dated afterwards"
)


class ExpiryRule(ProgramPart):
    """When the points of a currency end. A currency without one never expires."""

    PROGRAM_PATH = "currency__program_id"
    #: What decides when new points end.
    TERMS = (
        "model",
        "period",
        "unit",
        "period_end",
        "rounding",
        "rounding_month",
        "cut_offs",
        "min_age_days",
        "counts",
    )

    class Model(models.TextChoices):
        NEVER = "never", "Never"
        FIXED = "fixed", "Fixed: a period after each earning"
        CALENDAR = "calendar", "Calendar: everything on fixed dates of the year"
        ACTIVITY = "activity", "Activity: everything after a period without activity"
        ANNIVERSARY = "anniversary", "Anniversary: on the day of the enrolment"

    class Unit(models.TextChoices):
        DAY = "day", "Days"
        MONTH = "month", "Months"
        YEAR = "year", "Years"

    class PeriodEnd(models.TextChoices):
        THROUGH = "through", "Through its day: 12 months from 10 March last through 10 March"
        BEFORE = "before", "The day before: 12 months from 10 March last through 9 March"

    class Rounding(models.TextChoices):
        NONE = "none", "None"
        MONTH = "month", "To the end of the month"
        QUARTER = "quarter", "To the end of the quarter"
        HALF_YEAR = "half_year", "To the end of the half-year"
        YEAR = "year", "To the end of the year"
        CHOSEN = "chosen", "To the end of a chosen month"

    currency = models.OneToOneField(Currency, models.CASCADE, related_name="expiry_rule")
    model = models.CharField(max_length=12, choices=Model, default=Model.FIXED)
    period = models.PositiveSmallIntegerField(default=12, validators=[MaxValueValidator(3650)])
    unit = models.CharField(max_length=5, choices=Unit, default=Unit.MONTH)
    period_end = models.CharField(
        "last day",
        max_length=7,
        choices=PeriodEnd,
        default=PeriodEnd.THROUGH,
        help_text="Of every period of this currency: expiry, anniversary, grace, shortest validity and notice.",
    )
    rounding = models.CharField(max_length=10, choices=Rounding, default=Rounding.NONE)
    rounding_month = models.PositiveSmallIntegerField(
        default=12,
        validators=[MinValueValidator(1), MaxValueValidator(12)],
        help_text="The chosen month, 1 to 12.",
    )
    cut_offs = models.CharField(
        max_length=160,
        blank=True,
        default="12-31",
        validators=[written.check_days_of_year],
        help_text="Calendar: the last usable days of the year as MM-DD, separated by commas.",
    )
    min_age_days = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(3650)],
        help_text="Calendar: younger points roll on to the next date.",
    )
    counts = models.CharField(
        max_length=200,
        blank=True,
        validators=[written.activity_names],
        help_text="Activity: what counts as activity, separated by commas, for example purchase, redemption; "
        "empty: everything that the member does.",
    )
    extension_months = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(3650)],
        help_text="Points that are about to expire live so much longer, once; a tier may give more.",
    )
    notice_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(3650)],
        help_text="A change of policy never ends points sooner than so many days from now.",
    )
    min_validity_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(3650)],
        help_text="Points that reach us late still live at least this long.",
    )

    history = HistoricalRecords()

    #: Whoever changes the terms while members hold points says that these keep the ends they have.
    is_for_new_points = False

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(model="never") | Q(period__gt=0),
                name="expiry_period_is_positive",
                violation_error_message="A fixed expiry needs a period of at least 1.",
            )
        ]

    def __str__(self) -> str:
        if self.model == self.Model.NEVER:
            return "never"
        end = "" if self.rounding == self.Rounding.NONE else f", {self.get_rounding_display().lower()}"
        end += ", the day before" if self.period_end == self.PeriodEnd.BEFORE else ""
        return f"{self.period} {self.get_unit_display().lower()}{end}"

    def clean(self) -> None:
        if None not in (self.period, self.unit):
            wrong = checks.expiry(model=self.model, period=self.period, unit=self.unit, cut_offs=self.cut_offs)
            checks.refuse([*wrong, *self._surprises()])

    def _surprises(self) -> Iterator[checks.Problem]:
        """Points that members hold keep their ends, which people may not expect (semantics C10-R6)."""
        if self.currency_id and not self.is_for_new_points and self.currency.has_live_lots():
            stored = type(self).objects.filter(currency=self.currency).first()
            if stored is None or any(getattr(self, name) != getattr(stored, name) for name in self.TERMS):
                yield checks.Problem("model", KEEPS_ENDS)
