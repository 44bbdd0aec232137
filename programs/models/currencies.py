"""Which kinds of points does a program give, and when do they end?"""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from programs import checks
from programs.models.programs import Program, ProgramPart


class Currency(ProgramPart):
    """A program currency. *Spendable* points buy rewards; *qualifying* points only measure progress to a tier."""

    class Kind(models.TextChoices):
        SPENDABLE = "spendable", "Spendable"
        QUALIFYING = "qualifying", "Qualifying"

    class Rounding(models.TextChoices):
        FLOOR = "floor", "Down (drop the fraction)"
        HALF_UP = "half_up", "To the nearest, halves up"
        HALF_EVEN = "half_even", "To the nearest, halves to even"
        CEIL = "ceil", "Up"

    program = models.ForeignKey(Program, models.CASCADE, related_name="currencies")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SPENDABLE)
    decimals = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(4)],
        help_text="Points are whole numbers of the smallest unit: with 2 decimals, 150 is 1.50 points.",
    )
    rounding = models.CharField(max_length=10, choices=Rounding, default=Rounding.FLOOR)
    is_primary = models.BooleanField(
        "primary", default=False, help_text="Used where a request names no currency; one for each program."
    )
    cost_per_point = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        default=0,
        validators=[MinValueValidator(0)],
        help_text="What one point costs us, in the program's base currency.",
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["program_id", "-is_primary", "code"]
        verbose_name_plural = "currencies"
        constraints = [
            models.UniqueConstraint(
                fields=["program", "code"],
                name="currency_code_once_per_program",
                violation_error_message="The program already has a currency with this code.",
            ),
            models.UniqueConstraint(
                fields=["program"],
                condition=Q(is_primary=True),
                name="one_primary_currency_per_program",
                violation_error_message="The program already has a primary currency.",
            ),
            models.CheckConstraint(
                condition=Q(is_primary=False) | Q(kind="spendable"),
                name="primary_currency_is_spendable",
                violation_error_message="Only a spendable currency can be the primary one.",
            ),
            models.CheckConstraint(
                condition=Q(decimals__lte=4),
                name="currency_has_at_most_four_decimals",
                violation_error_message="A currency has 0 to 4 decimals.",
            ),
            models.CheckConstraint(
                condition=Q(cost_per_point__gte=0),
                name="cost_per_point_not_negative",
                violation_error_message="A point cannot cost less than nothing.",
            ),
        ]

    def __str__(self):
        return self.name

    def clean(self):
        checks.refuse(self._problems())

    def _problems(self):
        yield from checks.primary(kind=self.kind, is_primary=self.is_primary)
        if self._state.adding:
            return
        if self.kind != self.Kind.QUALIFYING and hasattr(self, "tier_group"):
            yield checks.Problem("kind", checks.TIER_CURRENCY)
        stored = type(self).objects.get(pk=self.pk)
        changed = [name for name in ("kind", "decimals") if getattr(self, name) != getattr(stored, name)]
        if changed and self.balances.exists():
            for name in changed:
                was = getattr(stored, name)
                yield checks.Problem(name, f"stays {was}, because members hold this currency; add a new one instead")


class ExpiryRule(ProgramPart):
    """When the points of a currency end. A currency without one never expires."""

    PROGRAM_PATH = "currency__program_id"

    class Model(models.TextChoices):
        NEVER = "never", "Never"
        FIXED = "fixed", "Fixed: a period after each earning"

    class Unit(models.TextChoices):
        DAY = "day", "Days"
        MONTH = "month", "Months"
        YEAR = "year", "Years"

    class Rounding(models.TextChoices):
        NONE = "none", "None"
        MONTH = "month", "To the end of the month"
        QUARTER = "quarter", "To the end of the quarter"
        YEAR = "year", "To the end of the year"

    currency = models.OneToOneField(Currency, models.CASCADE, related_name="expiry_rule")
    model = models.CharField(max_length=10, choices=Model, default=Model.FIXED)
    period = models.PositiveSmallIntegerField(default=12, validators=[MaxValueValidator(3650)])
    unit = models.CharField(max_length=5, choices=Unit, default=Unit.MONTH)
    rounding = models.CharField(max_length=10, choices=Rounding, default=Rounding.NONE)
    min_validity_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(3650)],
        help_text="Points that reach us late still live at least this long.",
    )

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(model="never") | Q(period__gt=0),
                name="expiry_period_is_positive",
                violation_error_message="A fixed expiry needs a period of at least 1.",
            )
        ]

    def __str__(self):
        if self.model == self.Model.NEVER:
            return "never"
        end = "" if self.rounding == self.Rounding.NONE else f", {self.get_rounding_display().lower()}"
        return f"{self.period} {self.get_unit_display().lower()}{end}"

    def clean(self):
        if None not in (self.period, self.unit):
            checks.refuse(checks.expiry(model=self.model, period=self.period, unit=self.unit))
