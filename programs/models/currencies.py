"""Which kinds of points does a program give, and when do they end?"""

from collections.abc import Iterator

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from programs import checks
from programs.models.programs import Program, ProgramPart
from programs.written import milestone_numbers

#: Who means no limit leaves it empty.
_AT_LEAST_ONE = [MinValueValidator(1)]


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

    class ExpiryStarts(models.TextChoices):
        RELEASE = "release", "When pending points are released"
        EARNING = "earning", "When points are earned"

    class RefundPolicy(models.TextChoices):
        WITHIN_BALANCE = "within_balance", "Take what is there, write off the rest"
        PENDING_ONLY = "pending_only", "Take only what is still pending"
        ARREARS = "arrears", "Take all; the balance may fall below zero"
        NET = "net", "Take what is there, tell the till the value of the rest"

    class Consumption(models.TextChoices):
        EXPIRY_FIRST = "expiry_first", "Soonest to expire first"
        OLDEST_FIRST = "oldest_first", "Oldest first"

    class Returned(models.TextChoices):
        GRACE = "grace", "They live on for the days of grace"
        STRICT = "strict", "They expire at once"
        FRESH = "fresh", "They get a whole new period"

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

    point_value = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        default=0,
        validators=[MinValueValidator(0)],
        help_text="What a member gets for one point when paying with points, in the base currency.",
    )
    pending_days = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(3650)],
        help_text="Points are shown at once and can be spent after so many days.",
    )
    pending_event = models.SlugField(
        max_length=40, blank=True, help_text="Or they wait for this event of the order, for example shipped."
    )
    pending_deadline_days = models.PositiveSmallIntegerField(
        default=60,
        validators=[MaxValueValidator(3650)],
        help_text="Without the event they are cancelled after so many days.",
    )
    expiry_starts = models.CharField(max_length=10, choices=ExpiryStarts, default=ExpiryStarts.RELEASE)
    refund_policy = models.CharField(
        max_length=15,
        choices=RefundPolicy,
        default=RefundPolicy.WITHIN_BALANCE,
        help_text="What happens when points of a refunded purchase are spent already.",
    )
    consumption = models.CharField(max_length=15, choices=Consumption, default=Consumption.EXPIRY_FIRST)
    returned_points = models.CharField(
        max_length=10,
        choices=Returned,
        default=Returned.GRACE,
        help_text="When a redemption is cancelled after its points would have expired.",
    )
    grace_days = models.PositiveSmallIntegerField(default=30, validators=[MaxValueValidator(3650)])
    min_spend = models.PositiveBigIntegerField(default=1, help_text="Fewer points cannot be spent at once.")
    max_spend = models.PositiveBigIntegerField(null=True, blank=True, help_text="Nor more; empty: no limit.")
    spend_step = models.PositiveBigIntegerField(
        default=1, validators=[MinValueValidator(1)], help_text="Only multiples of this many can be spent."
    )
    max_basket_percent = models.PositiveSmallIntegerField(
        default=100, validators=[MaxValueValidator(100)], help_text="Share of a basket that points may pay."
    )
    max_balance = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="A member holds no more, pending points included; empty: no limit."
    )
    transfers = models.BooleanField("members may transfer", default=False)
    transfer_min = models.PositiveBigIntegerField(default=1)
    transfer_max = models.PositiveBigIntegerField(null=True, blank=True)
    transfer_fee_percent = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    transfer_after_days = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(3650)],
        help_text="The receiver must have been a member for so many days.",
    )
    transfer_daily_limit = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        validators=_AT_LEAST_ONE,
        help_text="A member gives away no more points a day, and is given no more; empty: no limit.",
    )
    transfer_daily_count = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=_AT_LEAST_ONE, help_text="Nor does so more often a day; empty: no limit."
    )
    transfer_yearly_limit = models.PositiveBigIntegerField(
        null=True, blank=True, validators=_AT_LEAST_ONE, help_text="The same for a calendar year; empty: no limit."
    )
    transfer_yearly_count = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=_AT_LEAST_ONE,
        help_text="Nor does so more often in a calendar year; empty: no limit.",
    )
    transfer_cooling_days = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(3650)],
        help_text="Points that were received cannot be passed on for so many days.",
    )

    milestones = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        validators=[milestone_numbers],
        help_text="Balances of which members and other systems hear when they are reached, separated by commas.",
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

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        checks.refuse(self._problems())

    def has_live_lots(self) -> bool:
        """Whether members hold points of it whose end is set."""
        return bool(self.pk) and self.lots.filter(remaining__gt=0).exists()

    def _measures(self) -> bool:
        """Whether tiers are measured in it."""
        return self.tier_groups.exists() or self.further_tier_groups.exists()

    def _problems(self) -> Iterator[checks.Problem]:
        yield from checks.primary(kind=self.kind, is_primary=self.is_primary)
        if self._state.adding:
            return
        if self.kind != self.Kind.QUALIFYING and self._measures():
            yield checks.Problem("kind", checks.TIER_CURRENCY)
        stored = type(self).objects.get(pk=self.pk)
        if self.code != stored.code and self.further_tier_groups.exists():
            yield checks.Problem("code", f"stays {stored.code}, because thresholds of tiers name this currency by it")
        changed = [name for name in ("kind", "decimals") if getattr(self, name) != getattr(stored, name)]
        if changed and self.balances.exists():
            for name in changed:
                was = getattr(stored, name)
                yield checks.Problem(name, f"stays {was}, because members hold this currency; add a new one instead")
