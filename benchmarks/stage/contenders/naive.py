"""What most would write: save the entry, and a signal adds up the member's ledger again.

It grows slower with every further entry, so it is measured with short histories and with long ones.
"""

from dataclasses import dataclass
from functools import cache
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.models import Model

POINTS = 12
#: Entries with which each member begins: how many members there are.
HISTORIES = {10: 20_000, 1_000: 300}

FILL = """
WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < %s)
INSERT INTO {table} (member_id, points, created_at) SELECT n %% %s + 1, %s, CURRENT_TIMESTAMP FROM number
"""


@dataclass(frozen=True, slots=True)
class Tables:
    balance: "type[Model]"
    entry: "type[Model]"


@cache
def tables(history: int) -> Tables:
    """The models for that history, made when first asked for: Django has to be set up before."""
    from django.db import models as fields
    from django.db.models.signals import post_save

    def model(name: str, **columns: fields.Field) -> "type[Model]":
        meta = type("Meta", (), {"app_label": "naive", "db_table": f"naive_{name.lower()}_{history}"})
        names = {"__module__": __name__, "Meta": meta}
        return type(f"Naive{name}{history}", (fields.Model,), names | columns)

    balance = model("Balance", available=fields.BigIntegerField(default=0))
    entry = model(
        "Entry",
        member=fields.ForeignKey(balance, fields.PROTECT, related_name="entries"),
        points=fields.BigIntegerField(),
        created_at=fields.DateTimeField(auto_now_add=True),
    )

    def sum_again(sender: "type[Model]", instance: "Model", **kwargs: object) -> None:
        member = balance.objects.select_for_update().get(pk=instance.member_id)
        member.available = member.entries.aggregate(sum=fields.Sum("points"))["sum"]
        member.save()

    post_save.connect(sum_again, sender=entry, weak=False)
    return Tables(balance, entry)


def build() -> None:
    """Make the tables on the database of this process."""
    from django.db import connection

    for history, members in HISTORIES.items():
        made = tables(history)
        with connection.schema_editor() as editor:
            editor.create_model(made.balance)
            editor.create_model(made.entry)
        made.balance.objects.bulk_create(made.balance(pk=n + 1, available=history * POINTS) for n in range(members))
        with connection.cursor() as cursor:
            fill = FILL.format(table=made.entry._meta.db_table)
            cursor.execute(fill, [members * history, members, POINTS])


def check(history: int, acknowledged: int) -> None:
    """Raises AssertionError unless rows and sums are what was acknowledged."""
    from django.db.models import Sum

    made = tables(history)
    found = made.entry.objects.count() - HISTORIES[history] * history
    assert found == acknowledged, f"{acknowledged} posts acknowledged, {found} rows"
    balances = made.balance.objects.aggregate(sum=Sum("available"))["sum"]
    assert balances == made.entry.objects.aggregate(sum=Sum("points"))["sum"]


class Naive:
    history = 10

    def __init__(self, place: int, places: int) -> None:
        self.entry, self.members = tables(self.history).entry, HISTORIES[self.history]
        self.numbers = count(place, places)

    def prepare(self, seconds: float) -> None:
        """Nothing."""

    def post(self, until: float) -> int:
        from django.db import transaction

        posted = 0
        while perf_counter() < until:
            with transaction.atomic():
                self.entry.objects.create(member_id=next(self.numbers) % self.members + 1, points=POINTS)
            posted += 1
        return posted


class NaiveWithLongHistory(Naive):
    history = 1_000
