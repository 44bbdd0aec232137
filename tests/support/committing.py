"""What becomes of what a test commits? Its tables are emptied when it is over.

Django would empty every table and then do again all that ends a migration. Here only the tables that hold something
are emptied, unless the test touched what a migration leaves behind: then Django's way is the right one.
"""

from dataclasses import dataclass

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

from transactions.models.immutability import drop_triggers

#: Fixtures whose test commits.
FIXTURES = {"transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback", "live_server"}

TRIGGERS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT oid, pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
}

LARGE = "SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_relation_size(oid) > 200000"


def is_committing(item):
    marker = item.get_closest_marker("django_db")
    return bool(FIXTURES & set(item.fixturenames) or (marker and marker.kwargs.get("transaction")))


def _ask(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def _filled():
    """The tables that hold something, but for that of the migrations, which no test empties."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    each = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in names]
    return [table for (table,) in _ask(" UNION ALL ".join(each))]


@dataclass
class Left:
    """What a migration leaves behind: some rows, and the guards of the ledger."""

    rows: dict[str, list]
    triggers: list

    @classmethod
    def now(cls, tables):
        rows = {table: _ask(f"SELECT * FROM {table} ORDER BY 1") for table in tables}
        return cls(rows, _ask(TRIGGERS[connection.vendor]))

    def empty(self):
        """Empty the other tables, and say whether that was enough."""
        if Left.now(self.rows) != self:
            return False
        filled = [table for table in _filled() if table not in self.rows]
        return {"sqlite": self._empty_on_sqlite, "postgresql": _empty_on_postgresql}[connection.vendor](filled)

    def _empty_on_sqlite(self, tables):
        with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
            for name, _ in self.triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            for table in tables:
                cursor.execute(f"DELETE FROM {table}")
            for _, statement in self.triggers:
                cursor.execute(statement)
        return True


def _empty_on_postgresql(tables):
    if _ask("SHOW is_superuser") != [("on",)]:
        return False
    with transaction.atomic(), connection.cursor() as cursor:
        # No trigger fires until COMMIT: neither the ledger's guards nor those of the foreign keys.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")
        # What was deleted still lies there, and would be read over by every test that follows.
        if large := [table for (table,) in _ask(LARGE) if table in tables]:
            cursor.execute(f"TRUNCATE {', '.join(large)} CASCADE")
    return True


class Before:
    """What the test that is running has found."""

    left: Left | None = None


before = Before()


@pytest.fixture(autouse=True)
def _what_was_there(request):
    if is_committing(request.node):
        # Asked for here, so that the database is there.
        request.getfixturevalue("transactional_db")
        before.left = Left.now(_filled())


def _empty(test_case):
    left, before.left = before.left, None
    if left is None or not left.empty():
        # Emptying the tables ends in post_migrate, which makes the triggers again.
        drop_triggers(connection)
        empty(test_case)


empty, TransactionTestCase._fixture_teardown = TransactionTestCase._fixture_teardown, _empty
