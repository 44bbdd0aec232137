"""Members, currencies and programs that the ledger names stay by other means (transactions/models/parents.py)."""

from django.db import migrations, models
from django.db.models import PROTECT


def named(to, **options):
    return models.ForeignKey(to, PROTECT, db_index=False, db_constraint=False, **options)


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0002_initial"),
        ("programs", "0001_initial"),
        ("transactions", "0002_plain_names"),
    ]

    operations = [
        migrations.AlterField("Journal", "program", named("programs.program", related_name="journals")),
        migrations.AlterField(
            "Journal",
            "member",
            named(
                "members.member",
                related_name="journals",
                null=True,
                blank=True,
                help_text="Empty while it is not known yet, and for what time did to many members.",
            ),
        ),
        migrations.AlterField("Entry", "member", named("members.member", related_name="entries")),
        migrations.AlterField("Entry", "currency", named("programs.currency", related_name="entries")),
        migrations.AlterField("Lot", "member", named("members.member", related_name="lots")),
        migrations.AlterField("Lot", "currency", named("programs.currency", related_name="lots")),
    ]
