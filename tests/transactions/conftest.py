"""One shop with one member, which most tests of the ledger begin with."""

from tests.support import factories
from tests.support.books_balance import books_balance
from tests.support.stage import kept

__all__ = ["books_balance"]


@kept
def made(db):
    return factories.program()


@kept
def who(made):
    return factories.member(made)


@kept
def plain(db):
    """A program with one rule of a point for a euro."""
    made = factories.program(rules=False, max_backdate_days=3650)
    factories.rule(made, "promo", "per_amount", {"points": "1", "per": "1"}, group="promotions")
    return made


@kept
def ada(plain):
    return factories.member(plain)
