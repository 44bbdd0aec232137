"""Whose birthday, and whose anniversary, is on a day of the year? Both days with an index, and since when we know."""

from zoneinfo import ZoneInfo

from django.db import migrations, models
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat, ExtractDay, ExtractMonth, LPad


def fill_in_days(apps, schema_editor):
    """The day of each enrolment where the program is; birthdays were known since the customer was."""
    customers = apps.get_model("members", "Customer").objects.exclude(birthday="")
    customers.update(birthday_set_at=F("created_at"))
    members = apps.get_model("members", "Member").objects
    for program, zone in apps.get_model("programs", "Program").objects.values_list("pk", "time_zone"):
        month, day = (
            LPad(Cast(part("enrolled_at", tzinfo=ZoneInfo(zone)), CharField()), 2, Value("0"))
            for part in (ExtractMonth, ExtractDay)
        )
        members.filter(program=program).update(enrolled_on_day=Concat(month, Value("-"), day))


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0008_standings_are_whole'),
        ('programs', '0007_what_lists_may_hold'),
    ]

    operations = [
        migrations.AddField(
            model_name='customer',
            name='birthday_set_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When it was said, or changed last.', null=True, verbose_name='birthday on file since'),
        ),
        migrations.AddField(
            model_name='customer',
            name='birthday_changed_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When another day than that of before was said last.', null=True),
        ),
        migrations.AddField(
            model_name='customer',
            name='birthday_corrected_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When the member said or corrected it after the enrolment, which works once.', null=True, verbose_name='birthday said by the member'),
        ),
        migrations.AddField(
            model_name='member',
            name='enrolled_on_day',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text='MM-DD where the program was.', max_length=5),
        ),
        migrations.RunPython(fill_in_days, migrations.RunPython.noop),
    ]
