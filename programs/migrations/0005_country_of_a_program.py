"""In which country is a program at home, whose phone numbers name none?"""

import programs.models.programs
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('programs', '0004_what_is_surely_wrong'),
    ]

    operations = [
        migrations.AddField(
            model_name='historicalprogram',
            name='country',
            field=models.CharField(blank=True, help_text='Phone numbers without a country code are of this country, for example FR (ISO 3166).', max_length=2, validators=[programs.models.programs.check_country]),
        ),
        migrations.AddField(
            model_name='program',
            name='country',
            field=models.CharField(blank=True, help_text='Phone numbers without a country code are of this country, for example FR (ISO 3166).', max_length=2, validators=[programs.models.programs.check_country]),
        ),
    ]
