"""What do members hear, when, over which channel, and in which words?"""

from datetime import time

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from partners import events
from partners.channels.base import Ability
from partners.events import About
from partners.models import Connection
from programs.messages import saving
from programs.messages.rendering import Words
from programs.models.currencies import Currency
from programs.models.programs import Program
from programs.models.segments import Segment
from programs.written import language_tag


def member_events() -> list[tuple[str, str]]:
    """(name, label) of the events of which members can be told."""
    return events.choices(About.MEMBER)


#: Events that are told so many days before something ends.
REMINDERS = ("points.expiring", "tier.will_drop")
#: Events of which staff can be told, and no member: by then nobody knows who it was.
FOR_STAFF_ONLY = ("member.erased",)


class Message(models.Model):
    """A message that members get of one kind of event, through one connection; or staff, where it reaches these only.

    `days_before` is the trigger of reminders: so many days before points expire, or a tier is lost. Service messages
    go to everybody who has not objected; others need consent. Changing one is no change of the program's rules.
    """

    class Purpose(models.TextChoices):
        SERVICE = "service", "Service: about what the member has or did"
        MARKETING = "marketing", "Marketing: only with consent"

    class Digest(models.TextChoices):
        NONE = "none", "Each at once"
        DAILY = "daily", "One a day, with all of them"

    program = models.ForeignKey(Program, models.CASCADE, related_name="messages")
    name = models.CharField(max_length=80)
    event = models.CharField(max_length=40, choices=member_events)
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="messages")
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.MARKETING)
    digest = models.CharField("several", max_length=6, choices=Digest, default=Digest.NONE)
    days_before = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text="Reminders only: so many days before points expire or a tier is lost.",
    )
    currency = models.ForeignKey(
        Currency,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name="only of",
        help_text="Of events about points: the currency. Empty: each that can be spent; points that only count "
        "towards a tier are told where they are chosen.",
    )
    segment = models.ForeignKey(
        Segment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name="only for",
        help_text="Members who are in this segment when the message leaves. Empty: everybody.",
    )
    is_active = models.BooleanField("active", default=False)

    history = HistoricalRecords()

    class Meta:
        ordering = ["program_id", "event", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "name"],
                name="message_name_once_per_program",
                violation_error_message="The program already has a message with this name.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def use(self) -> saving.Use:
        """What its words are for."""
        channel = self.connection.channel
        is_marketing = self.purpose == self.Purpose.MARKETING
        return saving.Use(self.event, channel.consent if channel else "", is_marketing)

    def clean(self) -> None:
        wrong: dict[str, str] = {}
        is_reminder = self.event in REMINDERS
        if is_reminder and self.days_before is None:
            wrong["days_before"] = "Say how many days before it ends members are reminded."
        if not is_reminder and self.days_before is not None:
            wrong["days_before"] = "Leave it empty: only reminders, of points or of a tier, go so many days before."
        connection = getattr(self, "connection", None)
        channel = connection.channel if connection else None
        if connection and (channel is None or not channel.can & {Ability.MESSAGE, Ability.NOTE}):
            wrong["connection"] = "No words leave through this connection; choose e-mail, SMS or Slack."
        elif self.event in FOR_STAFF_ONLY and channel and not channel.is_for_staff():
            wrong["event"] = (
                "Nobody can be reached whose data were erased. Choose another event, or a connection that reaches "
                "staff alone, like Slack."
            )
        if self.currency_id and self.currency and self.currency.program_id != self.program_id:
            wrong["currency"] = "Choose a currency of the same program."
        if self.segment_id and self.segment and self.segment.program_id != self.program_id:
            wrong["segment"] = "Choose a segment of the same program."
        if wrong:
            raise ValidationError(wrong)


class MessageText(models.Model):
    """The words of a message in one language: templates in Django's language with the variables of its event.

    An empty `html` is made of the text. Both are rendered with the same variables, the HTML escaped.
    """

    message = models.ForeignKey(Message, models.CASCADE, related_name="texts")
    language = models.CharField(max_length=10, validators=[language_tag])
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(max_length=100_000)
    html = models.TextField("HTML", max_length=100_000, blank=True)

    history = HistoricalRecords()

    class Meta:
        ordering = ["message_id", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "language"],
                name="message_text_once_per_language",
                violation_error_message="The message already has a text in this language.",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="message_text_has_words"),
        ]

    def __str__(self) -> str:
        return f"{self.message} ({self.language})"

    @property
    def words(self) -> Words:
        """Its templates."""
        return Words(self.language, self.subject, self.text, self.html)

    def clean(self) -> None:
        message = getattr(self, "message", None)
        # Without these the message is refused itself.
        if message is None or message.event not in events.EVENTS or getattr(message, "connection", None) is None:
            return
        if found := saving.problems(self.words, message.use):
            raise ValidationError(found)


#: When messages with all of a day leave where a program says nothing.
DIGEST_AT = time(9)


class MessagePolicy(models.Model):
    """When a program leaves its members alone.

    Nothing is sent from `quiet_from` to `quiet_until` on the member's clock, which may span midnight. At most
    `most_per_day` and `most_per_week` marketing messages reach a member over each channel, 0 for no limit. What is
    told once a day leaves at `digest_at` on the member's clock.
    """

    program = models.OneToOneField(Program, models.CASCADE, related_name="message_policy")
    quiet_from = models.TimeField(null=True, blank=True, help_text="No message leaves from this time on ...")
    quiet_until = models.TimeField(null=True, blank=True, help_text="... until this one, where the member is.")
    most_per_day = models.PositiveSmallIntegerField(default=0, help_text="0: no limit.")
    most_per_week = models.PositiveSmallIntegerField(default=0, help_text="0: no limit.")
    digest_at = models.TimeField(
        "one a day, at", default=DIGEST_AT, help_text="When messages with all of a day leave, where the member is."
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name_plural = "message policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | (Q(quiet_from__isnull=False) & Q(quiet_until__isnull=False)),
                name="quiet_hours_have_two_ends",
                violation_error_message="Quiet hours need a beginning and an end.",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from=None) | ~Q(quiet_from=models.F("quiet_until")),
                name="quiet_hours_end_at_another_time",
                violation_error_message="Quiet hours that end when they begin would be none, or last for ever.",
            ),
        ]

    def __str__(self) -> str:
        return f"Messages of {self.program}"
