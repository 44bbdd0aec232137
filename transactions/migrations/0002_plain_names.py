"""The field's words for two things: the counter of a cap, and how much of a journal is reversed."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("transactions", "0001_initial")]

    operations = [
        migrations.RenameModel("Counter", "CapCounter"),
        migrations.RenameField("Journal", "taken_back", "reversed_amount"),
    ]
