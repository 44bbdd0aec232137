"""What is on its way to somebody, and what became of it? The rows are the queue."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from members.models.events import Event
from members.models.members import Member
from partners.models import Connection, WebhookEndpoint
from programs.models import Message, Program


class Delivery(models.Model):
    """One event on its way to one receiver: a webhook, a member, or somebody of the staff.

    `key` names it for good: the receiver sees the same one whenever it is sent again, and of one key there is one
    row. Rows of one `lane` go one after the other, in the order of their keys. `next_at` is when to try, None for one
    that is at its end; who sends it holds `lease` until `leased_until`, and `next_at` is that instant. Of its
    `attempts` the first `attempts_before` count no more: it was replayed behind them, or they were not its fault.
    `reason` says why it was skipped, waits or
    failed. `digest` is the delivery in which this one is told.
    """

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", "Webhook"
        MESSAGE = "message", "Message to a member"
        NOTE = "note", "Note to staff"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        SKIPPED = "skipped", "Skipped"
        MERGED = "merged", "Told in another message"
        UNKNOWN = "unknown", "Unknown: it may have arrived"
        DEAD = "dead", "Given up"

    #: What is not at its end.
    OPEN = (State.WAITING, State.SENDING)

    kind = models.CharField(max_length=10, choices=Kind)
    program = models.ForeignKey(Program, models.PROTECT, related_name="deliveries")
    event = models.ForeignKey(Event, models.PROTECT, related_name="deliveries")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="deliveries")
    endpoint = models.ForeignKey(
        WebhookEndpoint, models.PROTECT, null=True, blank=True, related_name="deliveries", db_index=False
    )
    message = models.ForeignKey(
        Message, models.PROTECT, null=True, blank=True, related_name="deliveries", db_index=False
    )
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="deliveries", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="deliveries", db_index=False
    )
    key = models.CharField(max_length=160, unique=True)
    lane = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    attempts_before = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    next_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    lease = models.CharField(max_length=32, blank=True, default="", editable=False)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    reason = models.CharField(max_length=300, blank=True, default="")
    recipient = models.CharField("sent to", max_length=500, blank=True, default="")
    provider_id = models.CharField("id at the platform", max_length=120, blank=True, default="")
    digest = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="told", db_index=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending"], next_at__isnull=False, ended_at=None)
                | (~Q(state__in=["waiting", "sending"]) & Q(next_at=None, ended_at__isnull=False)),
                name="delivery_is_tried_until_its_end",
            ),
            models.CheckConstraint(
                condition=Q(state="sending", leased_until__isnull=False)
                | (~Q(state="sending") & Q(leased_until=None)),
                name="delivery_is_leased_while_it_is_sent",
            ),
            models.CheckConstraint(
                condition=Q(kind="webhook", endpoint__isnull=False)
                | Q(kind="message", member__isnull=False, message__isnull=False)
                | Q(kind="note"),
                name="delivery_has_a_receiver",
            ),
        ]
        # A delivery is written four times, and each time once more into nearly all of these: none has what is empty.
        indexes = [
            *(
                models.Index(fields=[name], condition=Q((f"{name}__isnull", False)), name=f"delivery_with_{name}")
                for name in ("message", "user", "digest")
            ),
            models.Index(
                fields=["connection", "endpoint", "next_at", "id"],
                condition=~Q(next_at=None),
                name="delivery_to_be_tried",
            ),
            models.Index(fields=["leased_until"], condition=Q(state="sending"), name="delivery_being_sent"),
            models.Index(fields=["ended_at"], condition=~Q(ended_at=None), name="delivery_that_ended"),
            models.Index(fields=["lane", "id"], condition=~Q(next_at=None) & ~Q(lane=""), name="delivery_in_lane"),
            models.Index(fields=["member", "-id"], condition=Q(member__isnull=False), name="delivery_of_member"),
            models.Index(
                fields=["endpoint", "-id"], condition=Q(endpoint__isnull=False), name="delivery_of_endpoint"
            ),
            # There are few, and they are counted above the list of all.
            models.Index(fields=["-id"], condition=Q(state="dead"), name="delivery_given_up"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Attempt(models.Model):
    """One try at a delivery, as it was sent and answered, without secrets.

    Written before anything is sent: one without `ended_at` whose lease is over was cut off. With `has_key` the
    receiver takes the same request twice for one.
    """

    class Result(models.TextChoices):
        SENT = "sent", "Sent"
        TRY_AGAIN = "try-again", "To be tried again"
        GIVE_UP = "give-up", "Refused for good"
        REFUSED = "refused", "Our credentials were refused"
        UNKNOWN = "unknown", "Unknown: it may have arrived"
        CUT_OFF = "cut-off", "Cut off"

    # Found by `attempt_once`.
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries", db_index=False)
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=10, choices=Result, blank=True, default="")
    status = models.PositiveSmallIntegerField("HTTP status", null=True, blank=True)
    has_key = models.BooleanField(default=False, db_default=False, editable=False)
    request = models.TextField(blank=True, default="")
    answer = models.TextField(blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    took_ms = models.PositiveIntegerField("took, in milliseconds", null=True, blank=True)

    class Meta:
        ordering = ["delivery_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="attempt_once"),
        ]
        indexes = [
            models.Index(fields=["started_at"], condition=~Q(request="") | ~Q(answer=""), name="attempt_with_words"),
        ]

    def __str__(self) -> str:
        return f"{self.delivery}, attempt {self.number}"
