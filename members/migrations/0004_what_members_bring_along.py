"""Birthdays without a year, consents, tags, and the sums that members bring from other systems."""

import django.db.models.deletion
import django.utils.timezone
import members.models.customers
from django.db import migrations, models
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat, ExtractDay, ExtractMonth, LPad


def fill_in_birthdays(apps, schema_editor):
    """The birthdays of those whose birth date is known."""
    month, day = (LPad(Cast(part("birth_date"), CharField()), 2, Value("0")) for part in (ExtractMonth, ExtractDay))
    born = apps.get_model("members", "Customer").objects.filter(birth_date__isnull=False)
    born.update(birthday=Concat(month, Value("-"), day))


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0003_one_notation'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='member',
            options={'ordering': ['-pk'], 'permissions': [('import_members', 'Can bring members and their balances from other systems')]},
        ),
        migrations.AddField(
            model_name='balance',
            name='earned_before',
            field=models.BigIntegerField(db_default=0, default=0, help_text='Earned in other systems before, as their files say.'),
        ),
        migrations.AddField(
            model_name='balance',
            name='lifetime_opening',
            field=models.BigIntegerField(db_default=0, default=0, help_text='Brought in by opening balances, less what these took; never counted as earned.'),
        ),
        migrations.AddField(
            model_name='balance',
            name='redeemed_before',
            field=models.BigIntegerField(db_default=0, default=0, help_text='Redeemed in other systems before, as their files say.'),
        ),
        migrations.AddField(
            model_name='customer',
            name='birthday',
            field=models.CharField(blank=True, help_text='Month and day, like 12-25, of people who do not say the year; a birth date fills it in.', max_length=5, validators=[members.models.customers.check_birthday]),
        ),
        migrations.RunPython(fill_in_birthdays, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='standing',
            name='reason',
            field=models.CharField(choices=[('enrolment', 'Enrolment'), ('activity', 'Reached by activity'), ('reversal', 'Reversal'), ('manual', 'Set by staff'), ('import', 'Brought from another system')], max_length=12),
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'E-mail'), ('sms', 'Text message'), ('phone', 'Phone call'), ('post', 'Post'), ('push', 'Push message')], max_length=10)),
                ('is_given', models.BooleanField(help_text='Empty: the person does not want messages over this channel.', verbose_name='given')),
                ('said_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('source', models.CharField(blank=True, help_text='Where it was said: a form, a shop, a file.', max_length=80)),
                ('recorded_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consents', to='members.customer')),
            ],
            options={
                'ordering': ['-said_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(db_index=True, max_length=60)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='members.customer')),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('customer', 'name'), name='tag_once_per_customer', violation_error_message='The customer has this tag already.'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='tag_has_a_name')],
            },
        ),
    ]
