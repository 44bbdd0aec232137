"""Who has a birthday or an anniversary on a day of the year? The indexes that answer it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0009_days_of_the_year'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(condition=models.Q(('birthday', ''), _negated=True), fields=['birthday', 'id'], name='customer_birthday'),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(fields=['program', 'enrolled_on_day', 'id'], name='members_by_day_of_enrolment'),
        ),
    ]
