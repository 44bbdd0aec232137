"""Fill what standings and tallies know by now: of which ladder they are, since when, and until when."""

from django.db import migrations
from django.db.models import F, OuterRef, Subquery


def _fill(apps, schema_editor):
    standing, tally = apps.get_model("members", "Standing"), apps.get_model("members", "Tally")
    group = apps.get_model("programs", "TierGroup")
    standing.objects.update(since_at=F("from_at"))
    # So far the end of the current one was the end until which it was promised.
    promised = standing.objects.filter(is_current=True, until_at__isnull=False)
    promised.update(valid_until=F("until_at"), due_at=F("until_at"))
    standing.objects.filter(is_current=True).update(until_at=None)
    tally.objects.update(group=Subquery(group.objects.filter(currency=OuterRef("currency")).values("pk")[:1]))
    # Of a ladder that is gone; the ledger knows the points.
    tally.objects.filter(group=None).delete()


def _back(apps, schema_editor):
    standing = apps.get_model("members", "Standing")
    standing.objects.filter(is_current=True).update(until_at=F("valid_until"))


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0006_standings_for_life"),
    ]

    operations = [
        migrations.RunPython(_fill, _back),
    ]
