"""Who is the person or company, whatever programs they are in?"""

from datetime import date
from typing import Any, Self, Unpack

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from loyalty_site.lib import notation
from loyalty_site.lib.saving import SaveOptions, also
from partners.models import Connection
from programs.written import check_time_zone


def check_phone(phone: str) -> None:
    """Refuse what is no phone number as it is stored: in E.164."""
    try:
        is_stored_so = notation.phone(phone) == phone
    except notation.NoPhone as error:
        raise ValidationError(str(error)) from error
    if not is_stored_so:
        raise ValidationError("Write the phone number in full with its country code, like +33612345678.")


#: Characters of a name that are compared.
LONGEST_KEY = 200


def check_birthday(birthday: str) -> None:
    """Refuse what is no day of a year: month and day, like 12-25; 02-29 is one."""
    try:
        found = date.fromisoformat(f"2000-{birthday}")
    except ValueError:
        found = None
    if found is None or f"{found:%m-%d}" != birthday:
        raise ValidationError("Write the birthday as month and day, like 12-25.")


class Customer(models.Model):
    """A person or a company. Membership in a program is a `Member`; one customer may have several."""

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        COMPANY = "company", "Company"
        GROUP = "group", "Household or other group"

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PERSON)
    first_name = models.CharField(max_length=80, blank=True)
    last_name = models.CharField(max_length=80, blank=True)
    company_name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    phone = models.CharField(
        max_length=16, blank=True, validators=[check_phone], help_text="With country code, like +33612345678."
    )
    birth_date = models.DateField(null=True, blank=True)
    birthday = models.CharField(
        max_length=5,
        blank=True,
        validators=[check_birthday],
        help_text="Month and day, like 12-25, of people who do not say the year; a birth date fills it in.",
    )
    birthday_set_at = models.DateTimeField(
        "birthday on file since",
        null=True,
        blank=True,
        editable=False,
        help_text="When it was said, or changed last.",
    )
    birthday_changed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When another day than that of before was said last."
    )
    birthday_corrected_at = models.DateTimeField(
        "birthday said by the member",
        null=True,
        blank=True,
        editable=False,
        help_text="When the member said or corrected it after the enrolment, which works once.",
    )
    language = models.CharField(
        max_length=10, blank=True, validators=[RegexValidator(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")]
    )
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        validators=[check_time_zone],
        help_text="Where the person lives, for example Europe/Paris; empty: where the program is.",
    )
    email_key = models.CharField(max_length=254, blank=True, editable=False)
    last_name_key = models.CharField(max_length=LONGEST_KEY, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    erased_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When all that says who it was was erased, for good."
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="customer",
        help_text="The member of staff who this is; nobody adjusts their own points.",
    )

    #: The birthday that is stored; None where the row was read without it.
    _stored_birthday: str | None = ""

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="person") | ~Q(company_name=""),
                name="company_has_a_name",
                violation_error_message="A company needs a company name.",
            )
        ]
        permissions = [("erase_customer", "Can erase the personal data of somebody for good")]
        indexes = [
            # The search for a beginning needs byte order, whatever the collation of the database.
            models.Index(fields=["email_key"], name="customer_email", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["phone"], name="customer_phone", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["last_name_key"], name="customer_name", opclasses=["varchar_pattern_ops"]),
            # Read in the order of the keys, a page after the other.
            models.Index(fields=["birthday", "id"], name="customer_birthday", condition=~Q(birthday="")),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email or self.phone or f"Customer {self.pk}"

    @property
    def full_name(self) -> str:
        """The name under which people know it; "" when there is none."""
        if self.kind != self.Kind.PERSON:
            return self.company_name
        return f"{self.first_name} {self.last_name}".strip()

    @classmethod
    def from_db(cls, *args: Any, **options: Any) -> Self:
        """A row with the birthday that it was read with."""
        customer = super().from_db(*args, **options)
        customer._stored_birthday = customer.__dict__.get("birthday")
        return customer

    def refresh_from_db(self, *args: Any, **options: Any) -> None:
        """Read it again, the birthday with it."""
        super().refresh_from_db(*args, **options)
        self._stored_birthday = self.__dict__.get("birthday")

    def set_keys(self) -> None:
        """Fill the columns that follow from others. `save` does it; what writes in bulk calls it itself."""
        was = self.birthday if self._stored_birthday is None else self._stored_birthday
        self.email_key = notation.email_key(self.email)[:254]
        own = self.company_name if self.kind != self.Kind.PERSON else self.last_name
        # Letters that are taken apart can make it longer than the names.
        self.last_name_key = notation.name_key(own, self.first_name)[:LONGEST_KEY]
        if self.birth_date:
            # A text, where a caller has given one that only the database turns into a date.
            self.birthday = str(self.birth_date)[5:10]
        if self.birthday != was:
            now = timezone.now()
            self.birthday_set_at = now if self.birthday else None
            self.birthday_changed_at = now if was else self.birthday_changed_at
        self._stored_birthday = self.birthday

    def write_alike(self, country: str = "") -> None:
        """Bring what was typed to the notation in which it is stored; every door calls it before it checks.

        `country` is the one of phone numbers that name none. Raises ValidationError for no phone number.
        """
        self.email = self.email.strip()
        try:
            self.phone = notation.phone(self.phone, country)
        except notation.NoPhone as error:
            raise ValidationError({"phone": str(error)}) from error

    def save(self, **options: Unpack[SaveOptions]) -> None:
        self.set_keys()
        also(options, "email_key", "last_name_key", "birthday", "birthday_set_at", "birthday_changed_at")
        super().save(**options)


class ExternalId(models.Model):
    """What a connection (a shop, a CRM) calls this customer."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="external_ids")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="customer_ids")
    value = models.CharField(max_length=128)

    class Meta:
        verbose_name = "external id"
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "value"],
                name="external_id_once_per_connection",
                violation_error_message="Another customer already has this id in this connection.",
            )
        ]

    def __str__(self) -> str:
        return self.value
