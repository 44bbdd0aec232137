"""What is sold by weight has parts of a unit; the lines that are there have whole ones."""

from django.db import migrations, models

from transactions.models import immutability


def unguard(apps, schema_editor):
    """On the way back the guards name a column that goes; they are put on anew after every `migrate`."""
    immutability.drop_triggers(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("transactions", "0004_traces_without_a_constraint")]

    operations = [
        migrations.AddField(
            "JournalLine",
            "thousandths",
            models.PositiveSmallIntegerField(
                default=0,
                db_default=0,
                help_text="Of a further unit, of what was weighed: 1.35 kg are 1 unit and 350.",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, unguard),
    ]
