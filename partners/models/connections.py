"""In which ways do partners reach us, and we them?"""

import secrets

from django.db import models
from django.utils import timezone

from partners import channels
from partners.channels.base import Channel
from partners.models.health import Health
from partners.models.partners import Partner
from partners.secrets import EncryptedJSONField


def make_token() -> str:
    """A public name of a connection that nobody can guess."""
    return secrets.token_urlsafe(24)


def platforms() -> list[tuple[str, str]]:
    """(slug, label) of everything that a connection may be to: our own doors, and the channels of their folder."""
    return [*Connection.Platform.choices, *channels.choices()]


class Connection(Health):
    """One way in which facts reach us, or messages leave: an API client, the back office, a channel.

    Every journal names its connection: the same order number from two shops is two orders.
    """

    class Platform(models.TextChoices):
        API = "api", "API client"
        BACK_OFFICE = "back-office", "Back office"
        IMPORT = "import", "File import"
        TIMETABLE = "timetable", "Timetable"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        REVOKED = "revoked", "Revoked"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="connections")
    name = models.CharField(max_length=80)
    platform = models.CharField(max_length=40, choices=platforms, default=Platform.API)
    token = models.CharField("public token", max_length=64, unique=True, default=make_token, editable=False)
    credentials = EncryptedJSONField(null=True, blank=True, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["partner_id", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "name"],
                name="connection_name_once_per_partner",
                violation_error_message="This partner already has a connection with this name.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner} / {self.name}"

    @property
    def channel(self) -> type[Channel] | None:
        """The channel through which it sends; None where it only receives."""
        return channels.registry.get(self.platform)

    @property
    def pasted(self) -> dict[str, str]:
        """What staff pasted for its channel, which is made with it; nothing where nobody can read that any more."""
        stored = self.credentials
        return {name: str(value) for name, value in stored.items()} if isinstance(stored, dict) else {}

    @classmethod
    def of(cls, partner: Partner, platform: str) -> "Connection":
        """The connection that our own screens and imports use for `partner`, made when first needed."""
        kind = cls.Platform(platform)
        return cls.objects.get_or_create(partner=partner, name=kind.label, defaults={"platform": kind})[0]
