"""What most would write: save the entry, and a signal adds up the member's ledger again.

Each member begins with ten entries; it grows slower with every further one.
"""

from itertools import count
from time import perf_counter

MEMBERS = 20_000
ENTRIES = 10
POINTS = 12

_models = {}


def models():
    """(Balance, Entry), made when first asked for: Django has to be set up before."""
    if not _models:
        from django.db import models as fields
        from django.db.models.signals import post_save

        class NaiveBalance(fields.Model):
            available = fields.BigIntegerField(default=0)

            class Meta:
                app_label = "naive"
                db_table = "naive_balance"

        class NaiveEntry(fields.Model):
            member = fields.ForeignKey(NaiveBalance, fields.PROTECT, related_name="entries")
            points = fields.BigIntegerField()
            created_at = fields.DateTimeField(auto_now_add=True)

            class Meta:
                app_label = "naive"
                db_table = "naive_entry"

        def sum_again(sender, instance, **kwargs):
            member = NaiveBalance.objects.select_for_update().get(pk=instance.member_id)
            member.available = member.entries.aggregate(sum=fields.Sum("points"))["sum"]
            member.save()

        post_save.connect(sum_again, sender=NaiveEntry, weak=False)
        _models.update(balance=NaiveBalance, entry=NaiveEntry)
    return _models["balance"], _models["entry"]


def build():
    """Make the tables on the database of this process."""
    from django.db import connection

    Balance, Entry = models()
    with connection.schema_editor() as editor:
        editor.create_model(Balance)
        editor.create_model(Entry)
    Balance.objects.bulk_create(Balance(pk=n + 1, available=ENTRIES * POINTS) for n in range(MEMBERS))
    rows = (Entry(member_id=n % MEMBERS + 1, points=POINTS) for n in range(MEMBERS * ENTRIES))
    Entry.objects.bulk_create(rows, batch_size=10_000)


def check(acknowledged):
    """Raises AssertionError unless rows and sums are what was acknowledged."""
    from django.db.models import Sum

    Balance, Entry = models()
    found = Entry.objects.count() - MEMBERS * ENTRIES
    assert found == acknowledged, f"{acknowledged} posts acknowledged, {found} rows"
    balances = Balance.objects.aggregate(sum=Sum("available"))["sum"]
    assert balances == Entry.objects.aggregate(sum=Sum("points"))["sum"]


class Naive:
    def __init__(self, place, places):
        self.Balance, self.Entry = models()
        self.numbers = count(place, places)

    def prepare(self, seconds):
        """Nothing."""

    def post(self, until):
        from django.db import transaction

        posted = 0
        while perf_counter() < until:
            with transaction.atomic():
                self.Entry.objects.create(member_id=next(self.numbers) % MEMBERS + 1, points=POINTS)
            posted += 1
        return posted
