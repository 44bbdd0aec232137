"""Of what does somebody of the staff want to hear, and what have they heard?"""

from django.conf import settings
from django.db import models
from django.utils import timezone

from members.models.events import Event
from partners import events
from partners.events import About
from partners.models import Connection


def staff_events() -> list[tuple[str, str]]:
    """(name, label) of what staff can subscribe to."""
    return events.choices(About.STAFF)


class StaffSubscription(models.Model):
    """How somebody of the staff hears of one kind of event, besides the list in the admin.

    `connection` is the e-mail or Slack connection through which; without one it is the admin alone. Whether somebody
    may see an event is asked when it happens, not when they subscribe.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="subscriptions")
    event = models.CharField(max_length=40, choices=staff_events)
    connection = models.ForeignKey(
        Connection, models.PROTECT, null=True, blank=True, related_name="staff_subscriptions"
    )
    slack = models.CharField(
        "Slack member id", max_length=40, blank=True, help_text="Like U024BE7LH; found in your Slack profile."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["user_id", "event"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "event", "connection"],
                name="staff_subscription_once",
                violation_error_message="You hear of this in this way already.",
            ),
            models.UniqueConstraint(
                fields=["user", "event"],
                condition=models.Q(connection=None),
                name="staff_subscription_to_the_list_once",
                violation_error_message="You see this in your list already.",
            ),
        ]

    def __str__(self) -> str:
        return self.get_event_display()


class StaffNotice(models.Model):
    """An event in somebody's list in the admin; the bell counts those without `read_at`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    event = models.ForeignKey(Event, models.CASCADE, related_name="notices")
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "notification"
        constraints = [models.UniqueConstraint(fields=["user", "event"], name="notice_once")]
        indexes = [
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notice_not_read"),
        ]

    def __str__(self) -> str:
        return f"Notification {self.pk}"
