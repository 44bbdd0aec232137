"""How a rule stands to the other rules of its currency, and what counts of its group."""

from django.db import migrations, models


def stacking():
    return models.CharField(
        max_length=10,
        choices=[
            ("stackable", "Together with others"),
            ("exclusive", "Alone: if it gives, no other does"),
            ("stops", "Stops those behind it"),
        ],
        default="stackable",
        db_default="stackable",
        help_text="How it stands to the other rules of its currency; by priority. Multipliers stand to multipliers.",
    )


def choice():
    return models.CharField(
        "of its group",
        max_length=10,
        choices=[
            ("highest", "The one that gives most, of multipliers too"),
            ("lowest", "The one that gives least"),
            ("newest", "The one that started last"),
            ("all", "All of them"),
        ],
        default="",
        db_default="",
        blank=True,
        help_text="What counts of its group; empty: as another rule of it says, else the best rule.",
    )


class Migration(migrations.Migration):
    dependencies = [("programs", "0013_messages_and_listeners")]

    operations = [
        migrations.AddField("Rule", "stacking", stacking()),
        migrations.AddField("HistoricalRule", "stacking", stacking()),
        migrations.AddField("Rule", "choice", choice()),
        migrations.AddField("HistoricalRule", "choice", choice()),
    ]
