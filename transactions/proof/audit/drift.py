"""What does a check of the audit get, and what does it tell?"""

from dataclasses import dataclass

from loyalty_site.lib.sql import Session


@dataclass(frozen=True, slots=True)
class Drift:
    """Something stored that does not follow from the ledger. `currency` is a code, "" where none is meant;
    so is `member`, the number, of what belongs to the whole program."""

    member: str
    currency: str
    what: str
    stored: object
    computed: object

    def __str__(self):
        of = f" {self.currency}" if self.currency else ""
        whose = f"member {self.member}{of}: " if self.member else ""
        return f"{whose}{self.what} is {self.stored}, the ledger says {self.computed}"


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one chunk: {id: number}, the keys in ascending order; and {currency id: code}."""

    session: Session
    program_id: int
    numbers: dict
    currencies: dict

    @property
    def ids(self):
        return list(self.numbers)

    def ask(self, sql):
        """The rows of a statement; each `{ids}` in it stands for "is one of these members"."""
        return self.session.run(sql, [self.ids] * sql.count("{ids}"))

    def drift(self, member_id, currency_id, what, stored, computed):
        return Drift(self.numbers[member_id], self.currencies.get(currency_id, ""), what, stored, computed)
