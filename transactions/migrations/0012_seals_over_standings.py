"""Seals say which rows beside the entries they cover; those that are there stay as they are."""

from django.db import migrations, models


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
    ]
