"""With what does a connection call our API, and what was it answered?"""

from django.db import models
from django.utils import timezone

from partners.models.connections import Connection


class ApiKey(models.Model):
    """A secret with which a connection calls our API. Only its hash is kept; partners/keys.py makes them."""

    class Scope(models.TextChoices):
        READ = "read", "Read members, programs and transactions"
        ENROL = "enrol", "Enrol members"
        EARN = "earn", "Post transactions"
        BURN = "burn", "Redeem and transfer points, reverse transactions"
        ADJUST = "adjust", "Credit and debit points by hand"
        HOOKS = "hooks", "Subscribe to events, and read what was delivered"
        PERSONAL = "personal", "Read who members are: names, e-mail, phone, birthday, consents, tags, cards"

    connection = models.ForeignKey(Connection, models.PROTECT, related_name="keys")
    name = models.CharField(max_length=80, help_text="Who uses it, for example “Till software, Lyon”.")
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class KeptAnswer(models.Model):
    """What a connection was answered under one Idempotency-Key, to be answered again. See partners/idempotency.py."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    location = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "key"], name="idempotency_key_once_per_connection")
        ]

    def __str__(self) -> str:
        return f"{self.status} for {self.key}"
