"""Which levels can a member reach, and with how many qualifying points?"""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from loyalty_site.lib import money
from programs import checks
from programs.models.currencies import Currency
from programs.models.programs import Program, ProgramPart


class TierGroup(ProgramPart):
    """A ladder of tiers, measured in one qualifying currency.

    `is_edited_whole` is set by who changes several tiers at once and checks the ladder as it will be:
    compared with what is still stored, each single step could look wrong.
    """

    is_edited_whole = False

    class Window(models.TextChoices):
        LIFETIME = "lifetime", "All points ever earned"
        YEAR = "year", "Points of the calendar year"

    program = models.ForeignKey(Program, models.CASCADE, related_name="tier_groups")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    currency = models.OneToOneField(Currency, models.PROTECT, related_name="tier_group")
    window = models.CharField(max_length=10, choices=Window, default=Window.LIFETIME)

    history = HistoricalRecords()

    class Meta:
        ordering = ["program_id", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "code"],
                name="tier_group_code_once_per_program",
                violation_error_message="The program already has a tier group with this code.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def say(self, threshold: int) -> str:
        """A threshold in points, with the decimals of the currency."""
        return money.render(threshold, self.currency.decimals)

    def clean(self) -> None:
        if self.currency_id and self.currency.kind != Currency.Kind.QUALIFYING:
            checks.refuse([checks.Problem("currency", checks.TIER_CURRENCY)])
        if self.currency_id and self.currency.program_id != self.program_id:
            raise ValidationError({"currency": "Choose a currency of the same program."})


class Tier(ProgramPart):
    """One level of a group. `threshold` counts in the smallest unit of the group's currency, inclusive."""

    PROGRAM_PATH = "group__program_id"

    group = models.ForeignKey(TierGroup, models.CASCADE, related_name="tiers")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    sequence = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(1000)], help_text="1 is the lowest tier."
    )
    threshold = models.PositiveBigIntegerField(
        default=0,
        validators=[MaxValueValidator(10**15)],
        help_text="Qualifying points from which the tier is reached, in the smallest unit of the currency.",
    )
    multiplier = models.DecimalField(
        max_digits=6,
        decimal_places=3,
        default=1,
        validators=[MinValueValidator(0)],
        help_text="What a rule of the kind “tier multiplier” multiplies base points with.",
    )
    extension_months = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(120)],
        help_text="Expiring points of its members live so many months longer, once.",
    )
    colour = models.CharField(
        max_length=7,
        default="#64748b",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}\Z", "Write a colour like #c0a050.")],
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["group_id", "sequence"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "code"],
                name="tier_code_once_per_group",
                violation_error_message="The group already has a tier with this code.",
            ),
            models.UniqueConstraint(
                fields=["group", "sequence"],
                name="tier_sequence_once_per_group",
                violation_error_message="The group already has a tier at this place.",
            ),
            models.CheckConstraint(
                condition=Q(multiplier__gte=0),
                name="tier_multiplier_not_negative",
                violation_error_message="A multiplier cannot be negative.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        group = getattr(self, "group", None)
        if None in (self.sequence, self.threshold) or not group or not group.pk or group.is_edited_whole:
            return
        others = group.tiers.exclude(pk=self.pk).values_list("sequence", "threshold", "name")
        checks.refuse(checks.place(self.sequence, self.threshold, list(others), group.say))
