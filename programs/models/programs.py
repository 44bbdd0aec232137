"""What is a program, and who takes part in it?"""

import zoneinfo
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import ClassVar, TypeVar, Unpack

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.dispatch import Signal
from django.utils import timezone
from simple_history.models import HistoricalRecords

from loyalty_site.lib.saving import SaveOptions, also
from partners.models import Partner
from programs import checks
from programs.models.scoring import Scored
from programs.periods import local_date
from programs.written import (
    activity_names,
    channel_names,
    check_country,
    check_day,
    check_time_zone,
    iso_currency,
    language_tag,
)

#: Sent with `program_id` when a change of a program is committed.
changed = Signal()

# The widest that both databases and the calendar can bear, and more than any program asks for.
AGES = MaxValueValidator(36_500)


class Program(Scored):
    """A loyalty program: the top container of currencies, tiers, rules and members.

    `version` counts the changes of anything in it, so that one integer tells whether a compiled
    configuration is still the valid one.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        CLOSED = "closed", "Closed"

    class RoundPer(models.TextChoices):
        ORDER = "order", "Whole order (5 lines of 1.99 give 9 points)"
        LINE = "line", "Each line (5 lines of 1.99 give 5 points)"

    class Strictness(models.TextChoices):
        WARN = "warn", "Take it, with warnings"
        REFUSE = "refuse", "Refuse it"

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    owner = models.ForeignKey(
        Partner, models.PROTECT, related_name="programs", help_text="Who runs it; always takes part in it."
    )
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[check_time_zone],
        help_text="Days, months, weekdays and expiry are computed in this zone, for example Europe/Paris.",
    )
    next_time_zone = models.CharField(
        max_length=64,
        blank=True,
        validators=[check_time_zone],
        help_text="A program that is live changes its zone on a day to come. Ends that points have stay as they are.",
    )
    next_time_zone_on = models.DateField(
        "from",
        null=True,
        blank=True,
        validators=[check_day],
        help_text="The first day that begins in the next time zone.",
    )
    country = models.CharField(
        max_length=2,
        blank=True,
        validators=[check_country],
        help_text="Phone numbers without a country code are of this country, for example FR (ISO 3166).",
    )
    money = models.CharField(
        "base currency",
        max_length=3,
        default="EUR",
        validators=[iso_currency],
        help_text="ISO 4217 code in which earning rules count money.",
    )
    language = models.CharField(max_length=10, default="en", validators=[language_tag])
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    round_per = models.CharField(max_length=5, choices=RoundPer, default=RoundPer.ORDER)
    earns_on_tax = models.BooleanField(default=False)
    earns_on_shipping = models.BooleanField(default=False)
    earns_on_gift_cards = models.BooleanField(
        default=False, help_text="Count what is paid with a gift card towards earning."
    )
    earns_on_points = models.BooleanField(default=False, db_default=False, help_text="Count what points pay, too.")
    max_backdate_days = models.PositiveIntegerField(
        default=365, validators=[AGES], help_text="How old an activity may be when it reaches us."
    )
    pre_enrolment_days = models.PositiveIntegerField(
        default=0, validators=[AGES], help_text="How long before the enrolment an activity may have happened."
    )
    number_prefix = models.CharField(
        max_length=6,
        blank=True,
        validators=[RegexValidator(r"^[0-9]*\Z", "Only digits.")],
        help_text="Digits at the start of every membership number.",
    )
    strictness = models.CharField(
        "what is surely wrong",
        max_length=6,
        choices=Strictness,
        default=Strictness.WARN,
        help_text="A purchase without an amount, an activity or a channel that is not known here, a rule for a "
        "store, SKU or category that does not exist.",
    )
    activities = models.CharField(
        "further activities",
        max_length=400,
        blank=True,
        validators=[activity_names],
        help_text="What is reported though no rule gives anything for it, separated by commas.",
    )
    channels = models.CharField(
        max_length=400,
        blank=True,
        validators=[channel_names],
        help_text="All that there are, separated by commas, for example web, store, app; empty: any.",
    )
    version = models.PositiveBigIntegerField(default=1, editable=False)
    #: Not counted as a change: who listens is no rule. Kept by members/listening.py.
    listens_to = models.TextField(
        default="", db_default="", blank=True, editable=False, help_text="Events that somebody wants to hear of."
    )
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    history = HistoricalRecords(excluded_fields=["listens_to"])

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=~Q(code=""), name="program_has_a_code"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    def clean(self) -> None:
        checks.refuse(self._problems())

    def _problems(self) -> Iterator[checks.Problem]:
        named = bool(self.next_time_zone), self.next_time_zone_on is not None
        if named[0] != named[1]:
            missing = "next_time_zone" if named[1] else "next_time_zone_on"
            yield checks.Problem(missing, "is missing: name the next time zone and the day from which it holds")
        stored = None if self._state.adding else type(self).objects.get(pk=self.pk)
        if stored is None or stored.status == self.Status.DRAFT:
            return
        if self.time_zone != stored.time_zone:
            words = f"stays {stored.time_zone} while the program is live; name the next time zone and its first day"
            yield checks.Problem("time_zone", words)
        is_new = (self.next_time_zone, self.next_time_zone_on) != (stored.next_time_zone, stored.next_time_zone_on)
        if is_new and self.next_time_zone_on and self.next_time_zone_on <= local_date(timezone.now(), stored.zone):
            yield checks.Problem("next_time_zone_on", "must be a day to come")

    @transaction.atomic
    def save(self, **options: Unpack[SaveOptions]) -> None:
        if not self._state.adding:
            self.version, self.changed_at = self.touch(self.pk)
            also(options, "version", "changed_at")
            self.note_scoring()
        super().save(**options)

    @staticmethod
    def touch(program_id: int) -> tuple[int, datetime]:
        """Count a change of the program's configuration; hold its row until commit; return (version, instant).

        Whoever compiles a configuration locks the same row, so it never sees half a change.
        """
        row = Program.objects.filter(pk=program_id)
        row.update(version=F("version") + 1, changed_at=timezone.now())
        transaction.on_commit(lambda: changed.send(Program, program_id=program_id), robust=True)
        return row.values_list("version", "changed_at").get()


Part = TypeVar("Part", bound="ProgramPart")


class ProgramPartQuerySet(models.QuerySet[Part]):
    """Changes of many parts at once count as changes of their programs too."""

    @transaction.atomic
    def update(self, **values: object) -> int:
        self._touch()
        return super().update(**values)

    @transaction.atomic
    def delete(self) -> tuple[int, dict[str, int]]:
        self._touch()
        return super().delete()

    # As in Django: there is no Model.objects.delete().
    delete.queryset_only = True  # type: ignore[attr-defined]  # an attribute of the function

    @transaction.atomic
    def bulk_create(
        self,
        objs: Iterable[Part],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[Part]:
        parts = list(objs)
        for program_id in {part.program_pk for part in parts}:
            Program.touch(program_id)
        return super().bulk_create(
            parts, batch_size, ignore_conflicts, update_conflicts, update_fields, unique_fields
        )

    def _touch(self) -> None:
        # In one order, so that two such changes never wait for each other.
        for program_id in sorted(set(self.order_by().values_list(self.model.PROGRAM_PATH, flat=True))):
            Program.touch(program_id)


class ProgramPart(models.Model):
    """Something whose change is a change of its program (`PROGRAM_PATH` says which)."""

    PROGRAM_PATH: ClassVar[str] = "program_id"

    objects = ProgramPartQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def program_pk(self) -> int:
        """The key of the program that it belongs to."""
        found: int = attrgetter(self.PROGRAM_PATH.replace("__", "."))(self)
        return found

    @transaction.atomic
    def save(self, **options: Unpack[SaveOptions]) -> None:
        touched = {self.program_pk}
        if not self._state.adding:
            # A part that moves to another program changes the one that it leaves as well.
            touched |= set(type(self).objects.filter(pk=self.pk).values_list(self.PROGRAM_PATH, flat=True))
        for program_id in sorted(touched):
            Program.touch(program_id)
        super().save(**options)

    @transaction.atomic
    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        Program.touch(self.program_pk)
        return super().delete(using, keep_parents)


class Participation(ProgramPart):
    """This partner takes part in this program: what reaches us from it counts there."""

    program = models.ForeignKey(Program, models.CASCADE, related_name="participations")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="participations")
    since = models.DateField(default=timezone.localdate)

    class Meta:
        ordering = ["partner__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "partner"],
                name="partner_takes_part_once",
                violation_error_message="This partner already takes part in the program.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner} in {self.program}"

    def clean(self) -> None:
        program = getattr(self, "program", None)
        if program and self.partner_id and self.partner_id == program.owner_id:
            raise ValidationError({"partner": "The owner always takes part; there is no need to add it."})
