"""The entries and lots that traces name stay by other means (transactions/models/parents.py)."""

from django.db import migrations, models
from django.db.models import PROTECT


class Migration(migrations.Migration):
    dependencies = [("transactions", "0003_named_without_a_constraint")]

    operations = [
        migrations.AlterField(
            "Trace",
            name,
            models.ForeignKey(f"transactions.{name}", PROTECT, related_name="traces", db_constraint=False),
        )
        for name in ("entry", "lot")
    ]
