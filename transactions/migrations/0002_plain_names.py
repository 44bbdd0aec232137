"""The field's words for two things: the counter of a cap, and how much of a journal is reversed."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("transactions", "0001_initial")]

    operations = [
        migrations.RenameModel("Counter", "CapCounter"),
        migrations.RemoveConstraint("Journal", "refunded_within_amount"),
        migrations.RemoveConstraint("Journal", "taken_back_not_negative"),
        migrations.RenameField("Journal", "taken_back", "reversed_amount"),
        migrations.AddConstraint(
            "Journal",
            models.CheckConstraint(
                condition=~Q(kind="accrual") | Q(reversed_amount__lte=F("amount")),
                name="refunded_within_amount",
                violation_error_message="More than the order cannot be refunded.",
            ),
        ),
        migrations.AddConstraint(
            "Journal",
            models.CheckConstraint(condition=Q(reversed_amount__gte=0), name="reversed_amount_not_negative"),
        ),
    ]
