"""What else than points does a tier give?"""

from typing import Unpack

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.dispatch import Signal
from simple_history.models import HistoricalRecords

from loyalty_site.lib.saving import SaveOptions
from programs import checks
from programs.models.programs import ProgramPart
from programs.models.tiers import Tier

#: Sent with `benefit_id` when a benefit that is new, or a change of one, is committed.
offered = Signal()


class Benefit(ProgramPart):
    """A privilege of a tier's members: assigned with the tier, withdrawn with it.

    From its last day on nobody has it any more. What members have or had cannot be deleted; it is ended instead.
    `details` is what its kind needs beside the text, for example the voucher that is issued, or a partner's product.
    """

    PROGRAM_PATH = "tier__group__program_id"

    class Kind(models.TextChoices):
        SERVICE = "service", "Service"
        ACCESS = "access", "Access, for example to a lounge or an early sale"
        DISCOUNT = "discount", "Discount"
        GIFT = "gift", "Gift"
        VOUCHER = "voucher", "Voucher"
        PARTNER = "partner", "Product of a partner"

    tier = models.ForeignKey(Tier, models.CASCADE, related_name="benefits")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    text = models.CharField(max_length=400, blank=True, help_text="What members read.")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SERVICE)
    starts_on = models.DateField(null=True, blank=True, help_text="First day; empty: open.")
    ends_on = models.DateField(null=True, blank=True, help_text="Last day, inclusive; empty: open.")
    details = models.JSONField(default=dict, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["tier_id", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["tier", "code"],
                name="benefit_code_once_per_tier",
                violation_error_message="The tier already has a benefit with this code.",
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="benefit_ends_after_it_starts",
                violation_error_message="The last day must not lie before the first.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @transaction.atomic
    def save(self, **options: Unpack[SaveOptions]) -> None:
        super().save(**options)
        transaction.on_commit(lambda: offered.send(Benefit, benefit_id=self.pk), robust=True)

    def clean(self) -> None:
        checks.refuse(checks.dates(starts_on=self.starts_on, ends_on=self.ends_on))
        oddities = list(checks.absurd(self.details, "details"))
        checks.refuse(oddities)
        if not isinstance(self.details, dict):
            raise ValidationError({"details": "Must be an object."})
