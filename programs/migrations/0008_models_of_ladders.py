"""What did a ladder count so far? A calendar year is a model like the others."""

from django.db import migrations


def _rename(apps, schema_editor):
    for name in ("TierGroup", "HistoricalTierGroup"):
        apps.get_model("programs", name)._base_manager.filter(model="year").update(model="calendar")


def _rename_back(apps, schema_editor):
    for name in ("TierGroup", "HistoricalTierGroup"):
        apps.get_model("programs", name)._base_manager.filter(model="calendar").update(model="year")


class Migration(migrations.Migration):
    dependencies = [
        ("programs", "0007_what_lists_may_hold"),
    ]

    operations = [
        migrations.RenameField("tiergroup", "window", "model"),
        migrations.RenameField("historicaltiergroup", "window", "model"),
        migrations.RunPython(_rename, _rename_back),
    ]
