"""What is foreign money worth?"""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from programs.models.programs import Program
from programs.written import iso_currency


class ExchangeRate(models.Model):
    """What one unit of foreign money is worth in the program's base currency, from `on` on."""

    program = models.ForeignKey(Program, models.CASCADE, related_name="exchange_rates")
    money = models.CharField("currency", max_length=3, validators=[iso_currency])
    on = models.DateField("from")
    rate = models.DecimalField(
        max_digits=18,
        decimal_places=9,
        validators=[MinValueValidator(Decimal("0.000000001"))],
        help_text="Base money for one unit of it, for example 0.92.",
    )

    class Meta:
        ordering = ["program_id", "money", "-on"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "money", "on"],
                name="one_rate_each_day",
                violation_error_message="There is already a rate of this currency from this day on.",
            ),
            models.CheckConstraint(
                condition=Q(rate__gt=0), name="rate_is_positive", violation_error_message="A rate is positive."
            ),
        ]

    def __str__(self) -> str:
        return f"{self.money} {self.rate} from {self.on}"
