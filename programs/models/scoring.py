"""How does a program score the activity of its members? The columns of programs/scoring.py."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.dispatch import Signal

#: Sent with `program_id` when it is committed that the activity of its members is scored otherwise.
scored_otherwise = Signal()

#: The columns that say how.
COLUMNS = ("score_days", "score_recency", "score_frequency", "score_spend", "score_purchases", "score_money")

_WEIGHTS = MaxValueValidator(1000)
_NO_SCORE = "A whole number; without any of the three weights there is no score."


class Scored(models.Model):
    """The part of a program that says what the activity of its members is worth."""

    score_days = models.PositiveSmallIntegerField(
        "days of the activity score",
        default=365,
        db_default=365,
        validators=[MinValueValidator(1, "Write at least 1."), MaxValueValidator(3650)],
        help_text="Purchases of so many days back, and of today, count.",
    )
    score_recency = models.PositiveSmallIntegerField(
        "weight of recency", default=1, db_default=1, validators=[_WEIGHTS], help_text=_NO_SCORE
    )
    score_frequency = models.PositiveSmallIntegerField(
        "weight of frequency", default=1, db_default=1, validators=[_WEIGHTS], help_text=_NO_SCORE
    )
    score_spend = models.PositiveSmallIntegerField(
        "weight of spend", default=1, db_default=1, validators=[_WEIGHTS], help_text=_NO_SCORE
    )
    score_purchases = models.PositiveIntegerField(
        "purchases with full marks",
        default=12,
        db_default=12,
        validators=[MinValueValidator(1, "Write at least 1."), MaxValueValidator(1_000_000)],
        help_text="So many purchases in these days are 100 of 100 for frequency.",
    )
    score_money = models.PositiveBigIntegerField(
        "money with full marks",
        default=100_000,
        db_default=100_000,
        validators=[MinValueValidator(1, "Must be more than 0."), MaxValueValidator(10**15)],
        help_text="So much in these days, in minor units of the base currency, is 100 of 100 for spend.",
    )

    class Meta:
        abstract = True

    def note_scoring(self) -> None:
        """Tell, once it is committed, that the score changes; before the columns are saved."""
        before = type(self)._default_manager.filter(pk=self.pk).values_list(*COLUMNS).first()
        if before != tuple(getattr(self, name) for name in COLUMNS):
            transaction.on_commit(lambda: scored_otherwise.send(type(self), program_id=self.pk), robust=True)
