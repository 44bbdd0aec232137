"""Who do we work with? Partners, their stores and products."""

from django.db import models
from django.utils import timezone


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
