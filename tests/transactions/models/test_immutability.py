"""Nobody changes or removes what was written down: the ORM refuses, and so does the database."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from tests.support.factories import line, post_one, purchase, redemption
from transactions.models import Entry, Journal, JournalLine, Lot, Trace
from transactions.models.immutability import Immutable

MODELS = [Journal, JournalLine, Entry, Lot, Trace]


@pytest.fixture(autouse=True)
def history(made, who):
    """One row in each table of the ledger."""
    post_one(made, purchase(who, 1000, lines=(line("S-1", 1000),)))
    post_one(made, redemption(who, 3))


def same_content(model):
    return list(model.objects.order_by("pk").values())


ORM = {
    "save": lambda model, row: row.save(),
    "save of some fields": lambda model, row: row.save(update_fields=["member"]),
    "force update": lambda model, row: row.save(force_update=True),
    "delete": lambda model, row: row.delete(),
    "update": lambda model, row: model.objects.update(pk=F("pk")),
    "filtered update": lambda model, row: model.objects.filter(pk=row.pk).update(pk=F("pk")),
    "delete of many": lambda model, row: model.objects.all().delete(),
    "raw delete": lambda model, row: model.objects.all()._raw_delete("default"),
    "bulk update": lambda model, row: model.objects.bulk_update([row], ["pk"]),
    "update or create": lambda model, row: model.objects.update_or_create(pk=row.pk, defaults={}),
    "update through a relation": lambda model, row: type(row).objects.filter(pk__in=[row.pk]).update(pk=1),
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("way", ORM.values(), ids=ORM)
def test_the_orm_refuses(model, way):
    before = same_content(model)
    with pytest.raises(Immutable):
        way(model, model.objects.first())
    assert same_content(model) == before


@pytest.mark.parametrize("way", ["update", "delete", "base manager", "base manager's delete"])
def test_related_and_base_managers_do_not_lead_around_it(who, way):
    before = same_content(Entry)
    actions = {
        "update": lambda: who.entries.update(points=1),
        "delete": lambda: who.entries.all().delete(),
        "base manager": lambda: Entry._base_manager.update(points=1),
        "base manager's delete": lambda: Entry._base_manager.all()._raw_delete("default"),
    }
    with pytest.raises((Immutable, DatabaseError)), transaction.atomic():
        actions[way]()
    assert same_content(Entry) == before


def test_a_member_with_a_history_cannot_be_deleted(who):
    with pytest.raises((Immutable, DatabaseError)), transaction.atomic():
        who.delete()
    assert Entry.objects.filter(member=who).count() == 3


FROZEN = [
    ("transactions_entry", "points = points + 1"),
    ("transactions_entry", "balance_after = 0"),
    ("transactions_entry", "chain = ''"),
    ("transactions_lot", "points = points + 1"),
    ("transactions_lot", "activity_at = NULL"),
    ("transactions_entry", "pending = 7"),
    ("transactions_journal", "processed_at = received_at, error = 'x'"),
    ("transactions_journal", "payload = '{}'"),
    ("transactions_journal", "amount = 1"),
    ("transactions_journal", "fingerprint = 'x'"),
    ("transactions_journal", "answer = '{}'"),
    ("transactions_journalline", "quantity = 9"),
    ("transactions_trace", "points = points + 1"),
]


@pytest.mark.parametrize(("table", "change"), FROZEN)
def test_the_database_refuses_an_update(table, change):
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        cursor.execute(f"UPDATE {table} SET {change}")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_database_refuses_a_delete(model):
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        cursor.execute(f"DELETE FROM {model._meta.db_table}")
    assert model.objects.exists()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_database_refuses_to_empty_a_table(model):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    with connection.cursor() as cursor:
        # Checks that wait for the commit would refuse it before the guard is asked.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        cursor.execute(f"TRUNCATE {model._meta.db_table} CASCADE")


def test_the_database_refuses_to_replace_a_row():
    entry = Entry.objects.first()
    columns = ", ".join(field.column for field in Entry._meta.concrete_fields)
    sql = {
        "sqlite": f"INSERT OR REPLACE INTO transactions_entry ({columns}) "
        f"SELECT {columns.replace('points', 'points + 1')} FROM transactions_entry WHERE id = {entry.pk}",
        "postgresql": f"INSERT INTO transactions_entry ({columns}) SELECT {columns} FROM transactions_entry "
        f"WHERE id = {entry.pk} ON CONFLICT (id) DO UPDATE SET points = 99",
    }
    with connection.cursor() as cursor, pytest.raises(DatabaseError), transaction.atomic():
        cursor.execute(sql[connection.vendor])
    assert Entry.objects.get(pk=entry.pk).points == entry.points


def test_what_is_left_of_a_lot_and_the_status_of_a_journal_may_move():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE transactions_lot SET remaining = remaining - 1")
        cursor.execute("UPDATE transactions_journal SET status = 'reversed'")
    assert Lot.objects.get().remaining == 6
