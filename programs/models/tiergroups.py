"""How does a ladder of tiers count, how long does a tier of it hold, and what happens then?"""

from collections.abc import Iterator
from functools import partial
from typing import Unpack

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.dispatch import Signal
from simple_history.models import HistoricalRecords

from loyalty_site.lib import money
from loyalty_site.lib.saving import SaveOptions
from programs import checks, ladder_changes, ladder_checks, written
from programs.models.currencies import Currency
from programs.models.programs import Program, ProgramPart

#: Sent with `group_id` when it is committed that a ladder carries surplus over from now on.
carries_over = Signal()

_EMPTY = "A window or a period of 0 counts nothing; write at least 1."


class TierGroup(ProgramPart):
    """A ladder of tiers, measured in qualifying currencies.

    `currency` is the first criterion, `further_currencies` are the others; a `manual` ladder has none.
    `is_edited_whole` is set by who changes several tiers at once and checks the ladder as it will be: compared with
    what is still stored, each single step could look wrong. So is `coming`: the further currencies that it will have.
    """

    is_edited_whole = False
    coming: "list[Currency] | None" = None
    #: Set by who sees to it that tallies are counted anew when what is counted, or in which windows, changes.
    is_recounted = False

    class Model(models.TextChoices):
        LIFETIME = "lifetime", "Lifetime: all points ever earned"
        CALENDAR = "calendar", "Calendar: points of a year that begins on a fixed day"
        ANNIVERSARY = "anniversary", "Anniversary: points of a year of membership"
        ROLLING = "rolling", "Rolling: points of the trailing months or days"
        MANUAL = "manual", "Manual: paid or granted, with dates of its own"

    class Match(models.TextChoices):
        ANY = "any", "Any currency reaches its threshold"
        ALL = "all", "All currencies reach their thresholds"

    class Unit(models.TextChoices):
        DAY = "day", "Days"
        MONTH = "month", "Months"

    class Validity(models.TextChoices):
        NONE = "none", "For life"
        REST_OF_CYCLE = "rest_of_cycle", "The rest of the cycle"
        PLUS_NEXT = "rest_of_cycle_plus_next", "The rest of the cycle, and the next one"
        PERIOD = "period", "A period from the day on which it is reached"

    class LastDay(models.TextChoices):
        THROUGH = "through", "Through its day: 12 months from 10 March last through 10 March"
        BEFORE = "before", "The day before: 12 months from 10 March last through 9 March"

    class Rounding(models.TextChoices):
        NONE = "none", "None"
        MONTH = "month", "To the end of the month"
        QUARTER = "quarter", "To the end of the quarter"
        HALF_YEAR = "half_year", "To the end of the half-year"
        YEAR = "year", "To the end of the year"

    class OnEnd(models.TextChoices):
        TO_EARNED = "to_earned", "To the tier that the points justify"
        ONE_LEVEL = "one_level", "One level down"
        TO_BASE = "to_base", "To the base tier"
        NEVER = "never", "Never down"

    class OnReversal(models.TextChoices):
        KEEP = "keep", "Keep the tier until its validity ends"
        REVERT = "revert_if_caused", "Back to the tier of before, where the reversed transaction had reached it"

    program = models.ForeignKey(Program, models.CASCADE, related_name="tier_groups")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    model = models.CharField(max_length=12, choices=Model, default=Model.LIFETIME)
    currency = models.ForeignKey(
        Currency,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tier_groups",
        help_text="What thresholds count; a manual ladder counts nothing.",
    )
    further_currencies = models.ManyToManyField(
        Currency,
        blank=True,
        related_name="further_tier_groups",
        help_text="More qualifying currencies that count, for example segments beside miles.",
    )
    match = models.CharField("thresholds", max_length=3, choices=Match, default=Match.ANY)
    cycle_start = models.CharField(
        max_length=5,
        default="01-01",
        validators=[written.check_cycle_start],
        help_text="Calendar: the day of the year on which a cycle begins, as MM-DD.",
    )
    window = models.PositiveSmallIntegerField(
        default=12,
        validators=[MinValueValidator(1, _EMPTY), MaxValueValidator(3650)],
        help_text="Rolling: so many trailing months or days count.",
    )
    window_unit = models.CharField(max_length=5, choices=Unit, default=Unit.MONTH)
    validity = models.CharField(max_length=24, choices=Validity, default=Validity.NONE)
    period = models.PositiveSmallIntegerField(
        "validity period",
        default=12,
        validators=[MinValueValidator(1, _EMPTY), MaxValueValidator(3650)],
        help_text="How long a tier holds where its validity is a period.",
    )
    period_unit = models.CharField(max_length=5, choices=Unit, default=Unit.MONTH)
    period_end = models.CharField("last day", max_length=7, choices=LastDay, default=LastDay.BEFORE)
    rounding = models.CharField(max_length=10, choices=Rounding, default=Rounding.NONE)
    on_end = models.CharField("when it ends", max_length=10, choices=OnEnd, default=OnEnd.TO_EARNED)
    grace = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(3650)],
        help_text="So much longer is the tier kept after its validity; reaching the threshold meanwhile renews it.",
    )
    grace_unit = models.CharField(max_length=5, choices=Unit, default=Unit.MONTH)
    grace_to_month_end = models.BooleanField(default=False, help_text="Grace lasts to the end of its month.")
    rollover = models.BooleanField(
        default=False, help_text="Points above the tier's threshold open the next cycle, which else begins at 0."
    )
    rollover_limit = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(10**15)],
        help_text="At most so many of each currency, in its smallest unit; empty: all.",
    )
    late_window = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(365)],
        help_text="So many days after a cycle has closed, what happened in it still counts in it.",
    )
    on_reversal = models.CharField(max_length=16, choices=OnReversal, default=OnReversal.KEEP)
    holds_downgrades = models.BooleanField(
        default=False, help_text="Nobody is lowered until somebody with the permission agrees to the night's list."
    )

    recounted_version = models.PositiveBigIntegerField(
        null=True,
        editable=False,
        help_text="What was posted under older versions of the program is counted as this one says.",
    )
    is_recounting = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="A job counts it anew."
    )

    history = HistoricalRecords(m2m_fields=[further_currencies])

    class Meta:
        ordering = ["program_id", "code"]
        permissions = [("decide_downgrades", "Can agree to downgrades")]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "code"],
                name="tier_group_code_once_per_program",
                violation_error_message="The program already has a tier group with this code.",
            ),
            models.CheckConstraint(
                condition=Q(model="manual") | Q(currency__isnull=False),
                name="tier_group_counts_something",
                violation_error_message="Name the qualifying currency that is counted.",
            ),
            models.CheckConstraint(
                condition=Q(window__gte=1) & Q(period__gte=1),
                name="tier_group_periods_not_empty",
                violation_error_message=_EMPTY,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def say(self, threshold: int) -> str:
        """A threshold in points, with the decimals of the currency."""
        return money.render(threshold, self.currency.decimals if self.currency else 0)

    @property
    def further(self) -> "list[Currency]":
        """The further currencies in the order in which documents name them."""
        return sorted(self.further_currencies.all(), key=lambda currency: currency.code) if self.pk else []

    def counting(self) -> ladder_checks.Counting:
        """How its tiers are compared."""
        further = self.further if self.coming is None else self.coming
        return ladder_checks.Counting(
            is_manual=self.model == self.Model.MANUAL,
            needs_all=self.match == self.Match.ALL,
            further={currency.code: partial(money.render, decimals=currency.decimals) for currency in further},
            say=self.say,
        )

    def has_counted(self) -> bool:
        """Whether members have anything counted on it."""
        return bool(self.pk) and self.tallies.exclude(points=0, carried=0).exists()

    @transaction.atomic
    def save(self, **options: Unpack[SaveOptions]) -> None:
        is_switched = self.rollover and not self._state.adding
        # Whoever counted before has to be looked at when the cycle closes.
        is_switched = is_switched and type(self).objects.filter(pk=self.pk, rollover=False).exists()
        super().save(**options)
        if is_switched:
            transaction.on_commit(lambda: carries_over.send(TierGroup, group_id=self.pk), robust=True)

    def clean(self) -> None:
        checks.refuse(self._problems())
        if self.currency and self.currency.program_id != self.program_id:
            raise ValidationError({"currency": "Choose a currency of the same program."})

    def _problems(self) -> Iterator[checks.Problem]:
        counts, rolls = self.currency_id is not None, self.rollover
        yield from ladder_checks.group(model=self.model, counts=counts, validity=self.validity, rollover=rolls)
        if self.currency and self.currency.kind != Currency.Kind.QUALIFYING:
            yield checks.Problem("currency", checks.TIER_CURRENCY)
        if not self._state.adding and not self.is_recounted and self.has_counted():
            yield from ladder_changes.problems(type(self).objects.get(pk=self.pk), self)
