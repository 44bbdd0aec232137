"""Who do we work with? Partners, their stores and products, and the ways they reach us."""

import secrets

from django.db import models
from django.utils import timezone

from partners.secrets import EncryptedJSONField


class Partner(models.Model):
    """A third party, or ourselves, where members earn and spend."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Store(models.Model):
    """A place of a partner: a shop, a till, a web shop."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="stores")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    city = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["partner_id", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "code"],
                name="store_code_once_per_partner",
                violation_error_message="This partner already has a store with this code.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """Something a partner sells; its category is what earning rules usually speak of."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="products")
    sku = models.CharField("SKU", max_length=64)
    name = models.CharField(max_length=160)
    category = models.SlugField(max_length=64, blank=True, db_index=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["partner_id", "sku"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "sku"],
                name="sku_once_per_partner",
                violation_error_message="This partner already has a product with this SKU.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"


def make_token() -> str:
    """A public name of a connection that nobody can guess."""
    return secrets.token_urlsafe(24)


class Connection(models.Model):
    """One way in which facts reach us: an API client, the back office, a file import.

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
    platform = models.CharField(max_length=40, choices=Platform, default=Platform.API)
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

    @classmethod
    def of(cls, partner: Partner, platform: str) -> "Connection":
        """The connection that our own screens and imports use for `partner`, made when first needed."""
        kind = cls.Platform(platform)
        return cls.objects.get_or_create(partner=partner, name=kind.label, defaults={"platform": kind})[0]


class ApiKey(models.Model):
    """A secret with which a connection calls our API. Only its hash is kept; partners/keys.py makes them."""

    class Scope(models.TextChoices):
        READ = "read", "Read members, programs and transactions"
        ENROL = "enrol", "Enrol members"
        EARN = "earn", "Post transactions"
        BURN = "burn", "Redeem and transfer points, reverse transactions"
        ADJUST = "adjust", "Credit and debit points by hand"
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
