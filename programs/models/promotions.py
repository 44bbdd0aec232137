"""Which offers does a program make beside its base rules, to whom, when, and with which codes?"""

from collections.abc import Iterator

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from programs import checks, promotions
from programs.models.programs import Program, ProgramPart
from programs.models.surroundings import surroundings, unknown_names


class Promotion(ProgramPart):
    """An offer: when it runs, who may have it, and whether they must enrol or type a code.

    What it gives are rules that name it (Rule.promotion), how much of it are caps that name it (Cap.promotion): a
    rule of a promotion holds only where the promotion does. A promotion that is switched off still counts for what
    happened before; one that was stopped counts for nothing from that instant on (semantics C7).
    """

    program = models.ForeignKey(Program, models.CASCADE, related_name="promotions")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    description = models.CharField(
        max_length=400, blank=True, help_text="What members and staff are told of it, with its terms."
    )
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True, help_text="The last day on which it runs.")
    conditions = models.JSONField(default=dict, blank=True)
    opt_in = models.BooleanField(
        "members must enrol", default=False, help_text="Only what happens after a member has enrolled counts."
    )
    uses_per_code = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(1_000_000)],
        help_text="How often each code of its own list may be used; 0: it has no list of codes.",
    )
    holdout_percent = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(50, "At most half of the members can be left out.")],
        help_text="So many of a hundred members are left out, always the same ones, to measure what it brings.",
    )
    stopped_from = models.DateTimeField(
        "stopped from",
        null=True,
        blank=True,
        help_text="Emergency stop: nothing that happens from this instant on counts, whenever it is reported.",
    )
    is_active = models.BooleanField("active", default=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["program_id", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "code"],
                name="promotion_code_once_per_program",
                violation_error_message="The program already has a promotion with this code.",
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="promotion_ends_after_it_starts",
                violation_error_message="The last day must not lie before the first.",
            ),
            models.CheckConstraint(
                condition=Q(holdout_percent__lte=50),
                name="holdout_is_at_most_half",
                violation_error_message="At most half of the members can be left out.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        checks.refuse(self._problems())

    def _problems(self) -> Iterator[checks.Problem]:
        yield from checks.dates(starts_on=self.starts_on, ends_on=self.ends_on)
        wrong = list(promotions.problems(self.conditions))
        yield from wrong
        if not wrong and self.program_id:
            yield from checks.named(self.conditions, surroundings(self.program))
            if self.is_active and self.program.strictness == Program.Strictness.REFUSE:
                yield from self.unknown()

    def unknown(self) -> list[checks.Problem]:
        """What it names and nobody has who takes part; whether that is refused, the program says."""
        return unknown_names(self.program, self.conditions)


class PromotionCode(models.Model):
    """One code of a promotion's own list: `used` counts purchases that got something by it.

    Codes are kept in capital letters, as people type them in either. Only transactions/books/codes.py moves `used`,
    under a lock and never above the promotion's `uses_per_code`.
    """

    promotion = models.ForeignKey(Promotion, models.CASCADE, related_name="codes", db_index=False)
    code = models.CharField(max_length=64)
    used = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = "code of a promotion"
        verbose_name_plural = "codes of promotions"
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "code"],
                name="code_once_per_promotion",
                violation_error_message="The promotion already has this code.",
            ),
            models.CheckConstraint(condition=Q(used__gte=0), name="code_use_not_negative"),
        ]
        # By what is typed at a till.
        indexes = [models.Index(fields=["code"], name="promotions_of_code")]

    def __str__(self) -> str:
        return self.code
