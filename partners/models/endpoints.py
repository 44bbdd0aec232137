"""Which addresses of other systems hear of our events?"""

import base64
import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone

from loyalty_site.lib.shown import address
from partners.models.connections import Connection
from partners.models.health import Health
from partners.models.keys import ApiKey
from partners.secrets import EncryptedJSONField


class WebhookEndpoint(Health):
    """An address that is told of events, signed as Standard Webhooks says; a subscription of REST hooks is one, too.

    `events` are names of partners/events.py, or "*". While `old_secret_until` lies ahead, both secrets sign. One that
    was unsubscribed stays as a row, for its deliveries. `is_ordered`: what concerns a member arrives in the order in
    which it happened, and waits for what failed before it.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused by staff"
        DISABLED = "disabled", "Disabled: the receiver wants no more, or is gone"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"

    connection = models.ForeignKey(Connection, models.PROTECT, related_name="endpoints")
    key = models.ForeignKey(
        ApiKey,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="endpoints",
        help_text="Who subscribed over the API.",
    )
    url = models.URLField("address", max_length=500)
    name = models.CharField(max_length=80, blank=True)
    events = models.JSONField(default=list)
    is_ordered = models.BooleanField(
        "in order", default=False, help_text="What concerns one member arrives in order, or waits."
    )
    secret = EncryptedJSONField(editable=False)
    old_secret = EncryptedJSONField(null=True, blank=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    status_reason = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "webhook endpoint"
        constraints = [
            models.CheckConstraint(condition=~Q(url=""), name="endpoint_has_an_address"),
        ]

    def __str__(self) -> str:
        return self.name or address(self.url)


def new_secret() -> str:
    """A signing secret of Standard Webhooks: 32 random bytes in base64 behind `whsec_`."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
