"""What is paid with points may count towards earning; in the programs that are there it does not."""

from django.db import migrations, models


def switch():
    return models.BooleanField(
        default=False, db_default=False, help_text="Count what points pay, too."
    )


class Migration(migrations.Migration):
    dependencies = [("programs", "0005_country_of_a_program")]

    operations = [
        migrations.AddField("Program", "earns_on_points", switch()),
        migrations.AddField("HistoricalProgram", "earns_on_points", switch()),
    ]
