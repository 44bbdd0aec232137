"""Which levels can a member reach, and by what?"""

from collections.abc import Iterator

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.dispatch import receiver
from simple_history.models import HistoricalRecords

from programs import checks, ladder_checks
from programs.models.currencies import Currency
from programs.models.programs import Program, ProgramPart
from programs.models.tiergroups import TierGroup


class Tier(ProgramPart):
    """One level of a group.

    `threshold` is reached inclusively, `retention` is what keeps the tier (None: the same); both count in the
    smallest unit of the group's first currency. None as `threshold` is reached by no points. `further` maps the code
    of each further currency to {"threshold": …, "retention": …}.
    """

    PROGRAM_PATH = "group__program_id"

    group = models.ForeignKey(TierGroup, models.CASCADE, related_name="tiers")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    sequence = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(1000)], help_text="1 is the lowest tier."
    )
    threshold = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        default=0,
        validators=[MaxValueValidator(10**15)],
        help_text="Qualifying points from which the tier is reached, in the smallest unit of the currency; "
        "empty: not by points, only granted.",
    )
    retention = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(10**15)],
        help_text="Points that keep the tier when its validity ends; empty: the same as reach it.",
    )
    further = models.JSONField(
        default=dict, blank=True, help_text="Thresholds in further currencies, by their codes."
    )
    segment = models.ForeignKey(
        "programs.Segment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tiers",
        help_text="Manual ladders: whoever is in this segment holds the tier, or a higher one; empty: only granted.",
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
            models.CheckConstraint(
                condition=Q(retention=None) | Q(threshold=None) | Q(retention__lte=F("threshold")),
                name="tier_retention_not_above_threshold",
                violation_error_message="What keeps a tier cannot be more than what reaches it.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def step(self) -> ladder_checks.Step:
        """The tier as a step of its ladder."""
        code = self.segment.code if self.segment else ""
        return ladder_checks.Step(
            self.sequence, self.name, self.threshold, self.retention, self.further or {}, segment=code
        )

    def clean(self) -> None:
        group = getattr(self, "group", None)
        if self.sequence is None or not group:
            return
        is_alone = group.pk is None or group.is_edited_whole
        others = [] if is_alone else [tier.step for tier in group.tiers.exclude(pk=self.pk).select_related("segment")]
        checks.refuse([*ladder_checks.alone(self.step, others, group.counting()), *self._following()])

    def _following(self) -> Iterator[checks.Problem]:
        """What is wrong with the segment that it follows."""
        if self.segment is None:
            return
        if self.segment.program_id != self.group.program_id:
            yield checks.Problem("segment", "choose a segment of the same program")
        elif way := self.segment.way_to(self.group.code):
            yield checks.Problem("segment", f"the tier would depend on itself: {' → '.join(way)}")


@receiver(models.signals.m2m_changed, sender=TierGroup.further_currencies.through)
def _count_change(sender: object, instance: TierGroup | Currency, action: str, **options: object) -> None:
    """What a ladder counts is its program's configuration, though it is no column of it."""
    if action.startswith("post_"):
        Program.touch(instance.program_id)
