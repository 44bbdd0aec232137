"""How is the start of a text looked up so that an index answers?

All here compares byte by byte, letter case included: SQLite's texts do so by themselves, PostgreSQL's by the
operators of an index of `varchar_pattern_ops`, whatever the language of the database.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, OrderBy, Q
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.db.models.sql.compiler import SQLCompiler

#: Sorts behind every text that can follow a prefix.
_LAST = "\U0010ffff"


def starts(column: str, text: str) -> Q:
    """A Q for rows whose `column` starts with `text`.

    A range and not LIKE: SQLite's LIKE ignores case and so no ordinary index serves it, and PostgreSQL takes the
    rows of LIKE 'text%' for a hundredth of what they are, where the range is counted from its histogram.
    """
    return Q(_NotBefore(F(column), text)) & Q(_Before(F(column), text + _LAST))


class ByStart(OrderBy):
    """The order of the index that answers `starts`: the exact text, then the longer ones.

    With a limit it keeps PostgreSQL with that index. For a start that many rows have, it would otherwise read
    the whole table, hoping to meet enough of them early.
    """

    def __init__(self, column: str) -> None:
        super().__init__(F(column))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        # Django looks for the word ASC in what it gets.
        return self.as_sql(compiler, connection, template="%(expression)s USING ~<~ /* %(ordering)s */")


class _NotBefore(GreaterThanOrEqual):
    def get_rhs_op(self, connection: BaseDatabaseWrapper, rhs: str) -> str:
        return f"~>=~ {rhs}" if connection.vendor == "postgresql" else super().get_rhs_op(connection, rhs)


class _Before(LessThan):
    def get_rhs_op(self, connection: BaseDatabaseWrapper, rhs: str) -> str:
        return f"~<~ {rhs}" if connection.vendor == "postgresql" else super().get_rhs_op(connection, rhs)
