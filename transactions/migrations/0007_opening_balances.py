"""Balances that members bring from other systems have a kind of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('transactions', '0006_discounts_of_lines'),
    ]

    operations = [
        migrations.AlterField(
            model_name='entry',
            name='kind',
            field=models.CharField(choices=[('credit', 'Credit'), ('debit', 'Debit'), ('expiry', 'Expiry'), ('release', 'Release of pending points'), ('reserve', 'Reservation'), ('confirm', 'Reservation confirmed'), ('unreserve', 'Reservation released'), ('transfer_out', 'Transfer out'), ('transfer_in', 'Transfer in'), ('reversal_credit', 'Reversal (points given back)'), ('reversal_debit', 'Reversal (points taken back)'), ('write_off', 'Write-off'), ('opening', 'Opening balance')], max_length=16),
        ),
        migrations.AlterField(
            model_name='journal',
            name='kind',
            field=models.CharField(choices=[('accrual', 'Accrual'), ('redemption', 'Redemption'), ('reversal', 'Reversal'), ('adjustment', 'Adjustment'), ('transfer', 'Transfer'), ('merge', 'Merge'), ('opening', 'Opening balance'), ('settlement', 'Settlement (releases and expiries of a day)')], max_length=12),
        ),
    ]
