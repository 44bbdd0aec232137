"""In which words does a sentence say points, money and activities?"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from loyalty_site.lib import money
from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import parts_of
from programs.rules.conditions.base import either

#: What English counts and programs call their points. Every other name stays as it is written, for whatever number.
_COUNTED = frozenset("points miles stars nights stays visits segments credits coins tokens stamps bookings".split())


class Units(NamedTuple):
    """The name of the currency that a rule gives, and the program's money by its ISO code."""

    currency: str
    money: str

    @property
    def plural(self) -> str:
        """Many of the currency: “points”, “Status points”, “Avios”."""
        *before, last = self.currency.split(" ")
        return last.lower() if not before and last.lower() in _COUNTED else self.currency

    def points(self, count: ExactJson) -> str:
        """So many: “1 point”, “2.5 points”."""
        number, name = plain(count), self.plural
        is_counted = name.rpartition(" ")[2].lower() in _COUNTED
        return f"{number} {name[:-1] if number == '1' and is_counted else name}"

    def amount(self, of: ExactJson) -> str:
        """So much money: “100 EUR”, “3.50 EUR”."""
        exact, places = Decimal(str(of)), money.exponent(self.money)
        is_usual = exact != exact.to_integral_value() and exact == round(exact, places)
        return f"{exact:.{places}f} {self.money}" if is_usual else f"{plain(of)} {self.money}"

    def each(self, of: ExactJson) -> str:
        """Each so much money, behind “per”: “EUR”, “5 EUR”."""
        return self.money if Decimal(str(of)) == 1 else self.amount(of)


def plain(number: ExactJson) -> str:
    """A number as its shortest decimal text. Raises ArithmeticError for what is none."""
    return money.shortest(str(number))


def activities(names: ExactJson) -> str:
    """Names of activities separated by commas, in words: “app download or review”."""
    return either([name.replace("_", " ") for name in parts_of(str(names))])


def both(texts: Iterable[str]) -> str:
    """All of these: “a, b and c”."""
    *before, last = texts
    return f"{', '.join(before)} and {last}" if before else last
