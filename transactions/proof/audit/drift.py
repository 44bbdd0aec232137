"""What does a check of the audit get, and what does it report?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from loyalty_site.lib.sql import Session

#: A value that is stored, or what the ledger says in its place.
Value: TypeAlias = int | str | date | None


@dataclass(frozen=True, slots=True)
class Drift:
    """Something stored that does not follow from the ledger. `currency` is a code, "" where none is meant;
    so is `member`, the number, of what belongs to the whole program."""

    member: str
    currency: str
    what: str
    stored: Value
    computed: Value

    def __str__(self) -> str:
        of = f" {self.currency}" if self.currency else ""
        whose = f"member {self.member}{of}: " if self.member else ""
        return f"{whose}{self.what} is {self.stored}, the ledger says {self.computed}"


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one chunk: {id: number}, the keys in ascending order; and {currency id: code}."""

    session: Session
    program_id: int
    numbers: Mapping[int, str]
    currencies: Mapping[int, str]

    @property
    def ids(self) -> list[int]:
        """The primary keys."""
        return list(self.numbers)

    def ask(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a statement, of which only the caller knows the types.

        Each `{ids}` in it stands for "is one of these members".
        """
        rows: Sequence[tuple[Any, ...]] = self.session.run(sql, [self.ids] * sql.count("{ids}")).fetchall()
        return rows

    def drift(self, member_id: int, currency_id: int | None, what: str, stored: Value, computed: Value) -> Drift:
        """A Drift of one of these members; `currency_id` None where no currency is meant."""
        currency = self.currencies.get(currency_id, "") if currency_id is not None else ""
        return Drift(self.numbers[member_id], currency, what, stored, computed)
