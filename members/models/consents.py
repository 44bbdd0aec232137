"""What has a person allowed us to send, and how do staff sort people?"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from members.models.customers import Customer

#: Clocks of those who report what somebody said may go a little fast.
AHEAD = timedelta(minutes=5)


class Consent(models.Model):
    """What somebody said about messages over one channel, and when. Of a channel the latest row counts."""

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        SMS = "sms", "Text message"
        PHONE = "phone", "Phone call"
        POST = "post", "Post"
        PUSH = "push", "Push message"

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=10, choices=Channel)
    is_given = models.BooleanField("given", help_text="Empty: the person does not want messages over this channel.")
    said_at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=80, blank=True, help_text="Where it was said: a form, a shop, a file.")
    version = models.CharField(
        "version of the terms", max_length=40, blank=True, default="", db_default="", help_text="What they agreed to."
    )
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-said_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {'yes' if self.is_given else 'no'}"

    def clean(self) -> None:
        super().clean()
        if self.said_at and self.said_at > timezone.now() + AHEAD:
            # It would outlast whatever is said until then.
            raise ValidationError({"said_at": "That is yet to come; say when it was said."})


class Tag(models.Model):
    """A word by which people are sorted: vip, wholesale, left-handed."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="tags")
    name = models.CharField(max_length=60, db_index=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "name"],
                name="tag_once_per_customer",
                violation_error_message="The customer has this tag already.",
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="tag_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
