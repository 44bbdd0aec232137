"""Does everything exist that the ledger names without a foreign key of the database?

transactions/models/parents.py says why it must. Asked of the whole ledger at once, because what names a member
who is missing is found under no member.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from loyalty_site.lib.sql import Session
from transactions.proof.audit.drift import Drift


@dataclass(frozen=True, slots=True)
class Named:
    """The column `field`_id of a `row` of the ledger, which holds a key of the table `parent`."""

    row: str
    field: str
    parent: str

    def missing(self) -> str:
        """SELECT of (what it is, key of the row, key that it names) where that one is missing, of one program."""
        letter, pk, way = _WAYS[self.row]
        key = f"{letter}.{self.field}_id"
        return (
            f"SELECT 'the {self.field} of {self.row} {{}}', {letter}.{pk}, {key} FROM {way} "
            f"WHERE {key} IS NOT NULL AND {_is_missing(self.parent, key)} "
            f"AND (j.program_id = %s OR {_is_missing('programs_program', 'j.program_id')})"
        )


#: The letter of a row in these statements, its primary key, and the way from it to its journal.
_WAYS = {
    "transaction": ("j", "id", "transactions_journal j"),
    "entry": ("e", "id", "transactions_entry e JOIN transactions_journal j ON j.id = e.journal_id"),
    "lot": (
        "l",
        "entry_id",
        "transactions_lot l JOIN transactions_entry e ON e.id = l.entry_id "
        "JOIN transactions_journal j ON j.id = e.journal_id",
    ),
    "use of a promotion": (
        "u",
        "id",
        "transactions_promotionuse u LEFT JOIN transactions_journal j ON j.id = u.journal_id",
    ),
    # Of one whose entry is missing nobody knows the program.
    "trace": (
        "t",
        "id",
        "transactions_trace t LEFT JOIN transactions_entry e ON e.id = t.entry_id "
        "LEFT JOIN transactions_journal j ON j.id = e.journal_id",
    ),
}

NAMED = [
    Named("transaction", "program", "programs_program"),
    Named("transaction", "member", "members_member"),
    Named("entry", "member", "members_member"),
    Named("entry", "currency", "programs_currency"),
    Named("lot", "member", "members_member"),
    Named("lot", "currency", "programs_currency"),
    Named("use of a promotion", "journal", "transactions_journal"),
    Named("use of a promotion", "member", "members_member"),
    Named("use of a promotion", "currency", "programs_currency"),
    Named("trace", "entry", "transactions_entry"),
    Named("trace", "lot", "transactions_lot"),
]

#: Primary keys that have another name.
_KEYS = {"transactions_lot": "entry_id"}


def _is_missing(parent: str, key: str) -> str:
    return f"NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.{_KEYS.get(parent, 'id')} = {key})"


def orphans(session: Session, program_id: int) -> Iterator[Drift]:
    """A Drift for each row of the program's ledger that names a row which is not there. What names a program that
    is not there, or has none to be found, is reported with every program."""
    parts = [named.missing() for named in NAMED]
    found = session.run(f"{' UNION ALL '.join(parts)} ORDER BY 1, 2", [program_id] * len(parts))
    for what, pk, key in found.fetchall():
        yield Drift("", "", what.format(pk), "missing", key)
