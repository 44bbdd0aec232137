"""Which rows must stay because the ledger names them, although no foreign key of the database says so?

A foreign key on the tables that every posting writes is looked up for each row at COMMIT: two thirds of these
look-ups asked for a member, a currency or a program, and were a quarter of the server's time. The models keep
those fields with `db_constraint=False`. What they name cannot vanish, whatever else happens at that moment:

* Members are closed or merged, never deleted.
* Every entry and every lot belongs to a balance, which names its member and its currency by foreign keys, and
  which is there already or written by the same transaction.
* Every journal was posted under a version of its program, which names the program by a foreign key.
* A use of a promotion is of the member and of a currency of its journal, which the same transaction writes.
* Entries and lots, which traces name, are append-only (immutability.py), and are written by the transaction that
  writes the trace, or were before.

So triggers on both databases refuse to delete a member, a balance or a version of a program, and to give one
another key; on SQLite REPLACE is refused only on connections with `recursive_triggers` on, as settings.py sets it for
those of the product. transactions/proof/audit/orphans.py looks for what names nobody all the same.
"""

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

#: The tables whose rows are never deleted, and the columns of these that never change.
KEPT = {
    "members_member": "id",
    "members_balance": "member_id currency_id",
    "programs_programversion": "program_id number document",
}

_REFUSAL = "is named by the ledger: its rows are never deleted and keep their keys"


def guards(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """The statements that put the guards on."""
    if connection.vendor == "postgresql":
        # The code is that of a foreign key, so that it is the same IntegrityError.
        yield (
            "CREATE OR REPLACE FUNCTION ledger_names_its_rows() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '% {_REFUSAL}', TG_TABLE_NAME USING ERRCODE = 'foreign_key_violation'; END $$"
        )
    dialect = {"sqlite": _sqlite, "postgresql": _postgresql}[connection.vendor]
    for table, columns in KEPT.items():
        yield from dialect(table, columns.split())


def _sqlite(table: str, columns: list[str]) -> Iterator[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} {_REFUSAL}'); END"
    # Not UPDATE OF these columns: a key can be changed by the name `rowid` as well.
    changed = " OR ".join(f'OLD."{name}" IS NOT NEW."{name}"' for name in columns)
    yield f'CREATE TRIGGER "{table}_no_update" BEFORE UPDATE ON "{table}" WHEN {changed} {refuse}'
    yield f'CREATE TRIGGER "{table}_no_delete" BEFORE DELETE ON "{table}" {refuse}'


def _postgresql(table: str, columns: list[str]) -> Iterator[str]:
    run = "EXECUTE FUNCTION ledger_names_its_rows()"
    names = ", ".join(f'"{name}"' for name in columns)
    old, new = (", ".join(f'{row}."{name}"' for name in columns) for row in ("OLD", "NEW"))
    # After the update, and of these columns only: before it, each row that a posting moves would be locked twice.
    yield (
        f'CREATE TRIGGER "{table}_no_update" AFTER UPDATE OF {names} ON "{table}" FOR EACH ROW '
        f"WHEN (({old}) IS DISTINCT FROM ({new})) {run}"
    )
    yield f'CREATE TRIGGER "{table}_no_delete" BEFORE DELETE ON "{table}" FOR EACH ROW {run}'
    yield f'CREATE TRIGGER "{table}_no_truncate" BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT {run}'
