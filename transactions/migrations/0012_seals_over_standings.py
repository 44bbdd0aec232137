"""Seals say which rows beside the entries they cover; those that are there stay as they are."""

from django.db import migrations, models

from transactions.models import immutability


def unguard(apps, schema_editor):
    """On the way back the guards name a column that goes; they are put on anew after every `migrate`."""
    immutability.drop_triggers(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('transactions', '0011_re_evaluations'),
    ]

    operations = [
        migrations.AddField(
            model_name='seal',
            name='further',
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.RunPython(migrations.RunPython.noop, unguard),
    ]
