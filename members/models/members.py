"""Who is enrolled in a program, and by which numbers are they known?"""

from typing import Unpack

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from loyalty_site.lib import luhn
from loyalty_site.lib.saving import SaveOptions
from members.models.customers import Customer
from partners.models import Store
from programs import periods
from programs.models import Program


def check_number(number: str) -> None:
    """Refuse a membership number that is mistyped: all digits, the last one checks the others."""
    if not luhn.is_valid(number):
        raise ValidationError("This number has a wrong check digit: compare it with the card.")


class Member(models.Model):
    """The enrolment of a customer in one program.

    The row is the lock of everything that the member holds: whoever posts locks it first, members in
    the order of their keys. `sequence` and `chain` are the end of the member's ledger.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        CLOSED = "closed", "Closed"
        MERGED = "merged", "Merged into another"

    class Channel(models.TextChoices):
        STORE = "store", "Store"
        WEB = "web", "Web"
        APP = "app", "App"
        API = "api", "API"
        IMPORT = "import", "Import"
        BACK_OFFICE = "back-office", "Back office"

    program = models.ForeignKey(Program, models.PROTECT, related_name="members", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="memberships", db_index=False)
    number = models.CharField(max_length=24, validators=[check_number], editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    channel = models.CharField(max_length=12, choices=Channel, default=Channel.BACK_OFFICE)
    home_store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="members", db_index=False
    )
    enrolled_at = models.DateTimeField(default=timezone.now)
    enrolled_on_day = models.CharField(
        max_length=5, blank=True, default="", db_default="", editable=False, help_text="MM-DD where the program was."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="merged_members", db_index=False
    )
    sequence = models.PositiveBigIntegerField(default=0, editable=False)
    chain = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        permissions = [("import_members", "Can bring members and their balances from other systems")]
        # Few members have them, and every index of this table costs each posting.
        indexes = [
            models.Index(fields=["home_store"], name="members_of_store", condition=Q(home_store__isnull=False)),
            models.Index(fields=["merged_into"], name="merged_members", condition=Q(merged_into__isnull=False)),
            # Read in the order of the keys, a page after the other.
            models.Index(fields=["program", "enrolled_on_day", "id"], name="members_by_day_of_enrolment"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["program", "number"], name="member_number_once_per_program"),
            models.UniqueConstraint(
                fields=["customer", "program"],
                name="customer_enrolled_once_per_program",
                violation_error_message="This customer is already a member of the program.",
            ),
            models.CheckConstraint(
                condition=Q(status="merged", merged_into__isnull=False)
                | (~Q(status="merged") & Q(merged_into__isnull=True)),
                name="a_merged_member_says_into_whom",
            ),
            models.CheckConstraint(condition=~Q(number=""), name="member_has_a_number"),
        ]

    def __str__(self) -> str:
        return f"{self.customer} ({self.number})"

    def set_keys(self) -> None:
        """Fill the columns that follow from others. `save` does it; bulk inserts call it themselves.

        The day of the enrolment stays the one that it was, also when the program moves to another time zone.
        """
        if not self.enrolled_on_day:
            self.enrolled_on_day = f"{periods.local_date(self.enrolled_at, self.program.zone):%m-%d}"

    def save(self, **options: Unpack[SaveOptions]) -> None:
        if self.pk is None:
            self.set_keys()
        super().save(**options)


class Card(models.Model):
    """A further number under which the member is known: a plastic card, a wallet pass, a partner's card."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="cards")
    program = models.ForeignKey(Program, models.PROTECT, related_name="cards", editable=False)
    number = models.CharField(
        max_length=40,
        validators=[RegexValidator(r"^[0-9A-Za-z-]+\Z", "Only letters, digits and hyphens.")],
    )
    is_active = models.BooleanField("active", default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        # The search for a beginning needs byte order, whatever the collation of the database.
        indexes = [models.Index(fields=["number"], name="card_number_start", opclasses=["varchar_pattern_ops"])]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "number"],
                name="card_number_once_per_program",
                violation_error_message="Another member of the program already has this card.",
            )
        ]

    def __str__(self) -> str:
        return self.number

    def clean(self) -> None:
        if self.member_id:
            self.program_id = self.member.program_id

    def save(self, **options: Unpack[SaveOptions]) -> None:
        self.program_id = self.member.program_id
        super().save(**options)
