"""A line of a purchase says what of a discount of the order belongs to it."""

from django.db import migrations, models

from transactions.models import immutability


def unguard(apps, schema_editor):
    """On the way back the guards name a column that goes; they are put on anew after every `migrate`."""
    immutability.drop_triggers(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("transactions", "0005_thousandths_of_a_unit")]

    operations = [
        migrations.AddField("JournalLine", "discount", models.BigIntegerField(default=0, db_default=0)),
        migrations.RunPython(migrations.RunPython.noop, unguard),
    ]
