"""Who may change what was written down? Nobody: the models and the database both refuse.

Only the words in which a transaction may name a person (WORDS) are changed, while the person is erased. No point, no
amount and no date is among them, and no hash is made of them.

The database part is triggers, made after every `migrate`, because SQLite drops the triggers of a table
whenever Django alters it. On SQLite they see what REPLACE deletes only on connections with `recursive_triggers` on;
settings.py turns it on for those of the product, and nobody can for those of others.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from typing import NoReturn, TypeAlias, TypeVar, Unpack

from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from loyalty_site.lib.saving import SaveOptions
from transactions.models import parents
from transactions.models.transitions import TRANSITIONS

#: Columns that may still move after the row was written; "" means that the row never changes.
DERIVED = {
    "transactions_entry": "",
    "transactions_trace": "",
    "transactions_journalline": "",
    "transactions_redating": "",
    "transactions_promotionuse": "",
    "transactions_seal": "",
    "transactions_lot": "remaining is_pending available_at expires_at is_extended",
    "transactions_journal": "status reversed_amount",
}

#: Columns that are written when an open row (its status is one of these) is decided, and never after.
WHILE_OPEN = {
    "transactions_journal": (
        "member_id processed_at program_version error trace answer reverses_id base_amount rate rate_on store_id "
        "decided_by_id decided_by_member_id decided_at",
        ("pending", "failed", "held"),
    )
}

#: Columns in which a transaction may name a person; changed while somebody is being erased, and at no other time.
WORDS = {"transactions_journal": "payload answer attributes reason error fingerprint"}

#: The table in which an erasure that is under way stands, for its own transaction alone.
ERASURES = "members_erasure"
_ERASES = f"EXISTS (SELECT 1 FROM {ERASURES} WHERE finished_at IS NULL)"

JOURNAL = "transactions_journal"

#: Writes SQL that is true when one of these columns changes.
Differs: TypeAlias = Callable[[Sequence[str]], str]

_LEAP = "no journal goes from its state to that one"


class Immutable(Exception):
    """A ledger row was about to be changed or deleted: post a reversal or an adjustment instead."""


Row = TypeVar("Row", bound="LedgerRow")


class LedgerQuerySet(models.QuerySet[Row]):
    """Reads like any other; refuses the ways in which the ORM would change history."""

    def _refuse(self) -> NoReturn:
        raise Immutable(f"{self.model._meta.verbose_name_plural} are never changed; post a reversal instead.")

    def put(self, **columns: object) -> int:
        """Decide open rows in bulk; the database refuses it for rows and columns that are settled."""
        return models.QuerySet.update(self, **columns)

    def update(self, **columns: object) -> NoReturn:
        self._refuse()

    def delete(self) -> NoReturn:
        self._refuse()

    def bulk_update(self, *args: object, **options: object) -> NoReturn:
        self._refuse()

    def update_or_create(self, *args: object, **options: object) -> NoReturn:
        self._refuse()

    def _raw_delete(self, using: str | None) -> NoReturn:
        self._refuse()


class LedgerRow(models.Model):
    """Append-only: what is written stays as it is."""

    objects = LedgerQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, **options: Unpack[SaveOptions]) -> None:
        if not self._state.adding:
            raise Immutable(f"{self._meta.verbose_name} {self.pk} is never changed; post a reversal instead.")
        super().save(**options)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> NoReturn:
        raise Immutable(f"{self._meta.verbose_name} {self.pk} is never deleted; post a reversal instead.")


def _columns(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    with connection.cursor() as cursor:
        return [column.name for column in connection.introspection.get_table_description(cursor, table)]


def _changed(names: Sequence[str], table: str, differs: Differs) -> str:
    """SQL that is true when one of these frozen columns of the row changes; `differs` compares lists of columns."""
    frozen = list(names)
    if table not in WHILE_OPEN:
        return differs(frozen)
    columns, states = WHILE_OPEN[table]
    while_open = columns.split()
    always = differs([name for name in frozen if name not in while_open])
    later = differs([name for name in frozen if name in while_open])
    inside = ", ".join(f"'{state}'" for state in states)
    return f"{always} OR (OLD.status NOT IN ({inside}) AND ({later}))"


def _frozen(connection: BaseDatabaseWrapper, table: str, derived: Set[str]) -> tuple[list[str], list[str]]:
    """(the columns that never change, those that only an erasure changes)."""
    words = WORDS.get(table, "").split()
    return [name for name in _columns(connection, table) if name not in (*derived, *words)], words


def _leaps() -> str:
    """SQL that is true when a journal goes from one state to another that does not follow it."""
    steps = ", ".join(f"'{was} {to}'" for was, after in TRANSITIONS.items() for to in after)
    return f"OLD.status <> NEW.status AND (OLD.status || ' ' || NEW.status) NOT IN ({steps})"


def _sqlite(connection: BaseDatabaseWrapper, table: str, derived: Set[str]) -> Iterator[str]:
    def differs(names: Sequence[str]) -> str:
        return " OR ".join(f'OLD."{name}" IS NOT NEW."{name}"' for name in names)

    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    frozen, words = _frozen(connection, table, derived)
    changed = _changed(frozen, table, differs)
    yield f'CREATE TRIGGER "{table}_no_update" BEFORE UPDATE ON "{table}" WHEN {changed} {refuse}'
    if words:
        told_otherwise = f"({_changed(words, table, differs)}) AND NOT {_ERASES}"
        yield f'CREATE TRIGGER "{table}_no_words" BEFORE UPDATE ON "{table}" WHEN {told_otherwise} {refuse}'
    if table == JOURNAL:
        refuse_leap = f"BEGIN SELECT RAISE(ABORT, '{_LEAP}'); END"
        yield f'CREATE TRIGGER "{table}_no_leap" BEFORE UPDATE ON "{table}" WHEN {_leaps()} {refuse_leap}'
    yield f'CREATE TRIGGER "{table}_no_delete" BEFORE DELETE ON "{table}" {refuse}'


def _postgresql(connection: BaseDatabaseWrapper, table: str, derived: Set[str]) -> Iterator[str]:
    def differs(names: Sequence[str]) -> str:
        old, new = (", ".join(f'{row}."{name}"' for name in names) for row in ("OLD", "NEW"))
        return f"({old}) IS DISTINCT FROM ({new})"

    run = "EXECUTE FUNCTION ledger_is_append_only()"
    frozen, words = _frozen(connection, table, derived)
    changed = _changed(frozen, table, differs)
    yield (
        "CREATE OR REPLACE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    yield f'CREATE TRIGGER "{table}_no_update" BEFORE UPDATE ON "{table}" FOR EACH ROW WHEN ({changed}) {run}'
    if words:
        # What a trigger is called for cannot be asked of another table; the function asks.
        yield (
            "CREATE OR REPLACE FUNCTION ledger_keeps_its_words() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {_ERASES} THEN RETURN NEW; END IF; "
            "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        yield (
            f'CREATE TRIGGER "{table}_no_words" BEFORE UPDATE ON "{table}" FOR EACH ROW '
            f"WHEN ({_changed(words, table, differs)}) EXECUTE FUNCTION ledger_keeps_its_words()"
        )
    if table == JOURNAL:
        yield (
            "CREATE OR REPLACE FUNCTION journal_keeps_its_states() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_LEAP}'; END $$"
        )
        refuse_leap = f"FOR EACH ROW WHEN ({_leaps()}) EXECUTE FUNCTION journal_keeps_its_states()"
        yield f'CREATE TRIGGER "{table}_no_leap" BEFORE UPDATE ON "{table}" {refuse_leap}'
    yield f'CREATE TRIGGER "{table}_no_delete" BEFORE DELETE ON "{table}" FOR EACH ROW {run}'
    yield f'CREATE TRIGGER "{table}_no_truncate" BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT {run}'


_DIALECTS = {"sqlite": _sqlite, "postgresql": _postgresql}


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    """Take the guards off; only a test database that is being emptied has a reason to."""
    tail = {"postgresql": ' ON "{table}"'}.get(connection.vendor, "")
    with connection.cursor() as cursor:
        for table in (*DERIVED, *parents.KEPT):
            for change in ("update", "words", "leap", "delete", "truncate"):
                cursor.execute(f'DROP TRIGGER IF EXISTS "{table}_no_{change}"' + tail.format(table=table))


def create_triggers(connection: BaseDatabaseWrapper) -> None:
    """Put the guards on, new each time, so that they know every column of today."""
    with transaction.atomic(using=connection.alias):
        drop_triggers(connection)
        with connection.cursor() as cursor:
            for table, derived in DERIVED.items():
                for statement in _DIALECTS[connection.vendor](connection, table, set(derived.split())):
                    cursor.execute(statement)
            for statement in parents.guards(connection):
                cursor.execute(statement)


def guard_ledger(*, using: str, **kwargs: object) -> None:
    """post_migrate: the guards belong to the schema."""
    connection = connections[using]
    if {*DERIVED, *parents.KEPT, ERASURES} <= set(connection.introspection.table_names()):
        create_triggers(connection)


def let_tables_be_made_anew(*, using: str, **kwargs: object) -> None:
    """pre_migrate: SQLite alters a table by making it anew, and refuses that while a guard elsewhere names it."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for table in WORDS:
                cursor.execute(f'DROP TRIGGER IF EXISTS "{table}_no_words"')
