"""From now on each standing says since when, and each tally of which ladder."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0007_fill_standings"),
    ]

    operations = [
        migrations.AlterField(
            model_name="standing",
            name="since_at",
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name="tally",
            name="group",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tallies",
                to="programs.tiergroup",
            ),
        ),
        migrations.AddConstraint(
            model_name='standing',
            constraint=models.CheckConstraint(condition=models.Q(('is_current', False), models.Q(('superseded_at', None), ('until_at', None)), _connector='OR'), name='standing_is_current_or_over'),
        ),
    ]
