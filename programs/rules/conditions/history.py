"""Which conditions ask what the member did before, of the same kind of activity?"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from loyalty_site.lib.json_types import ExactJson
from programs.rules.base import Basket, Facts, plain
from programs.rules.conditions.base import Condition, Range, ordinal

#: The names under which they ask, see `Facts.seen`.
NUMBER: Final = "purchase_number"
DAYS: Final = "days_since_last"
#: Up to which number purchases are counted, and how long ago the last one may be.
MOST_COUNTED, MOST_DAYS = 1_000, 36_500
#: Behind a number that is only known to be at least that.
AND_MORE: Final = "+"

_ORDINALS = ("first", "second", "third", "fourth", "fifth")


class _Whole(Range):
    """A range of whole numbers from `first` to `last`; mixed into a condition."""

    first: int
    last: int

    def __init__(self, value: ExactJson) -> None:
        super().__init__(value)
        for name, bound in (("least", self.least), ("most", self.most)):
            if bound is not None and not (bound.denominator == 1 and self.first <= bound <= self.last):
                raise ValueError(f"{name} must be a whole number from {self.first} to {self.last}")
        self._said = {name: plain(bound) for name, bound in self.bounds.items()}

    @property
    def largest(self) -> int:
        """The largest number that it names."""
        return int(max(self.bounds.values()))

    def example_seen(self) -> Sequence[str]:
        """A number that lies in it, as it is seen."""
        return (plain(self.bounds.get("least", Fraction(self.largest))),)


class PurchaseNumber(_Whole, Condition):
    """How many purchases it is, this one counted; of another kind of activity how many of those."""

    key, needs, hint = NUMBER, NUMBER, 'like {"least": 1, "most": 1}, the first purchase'
    first, last = 1, MOST_COUNTED

    def holds(self, basket: Basket, facts: Facts) -> bool:
        found = facts.seen.get(self.needs, ())
        return bool(found) and self.contains(int(found[0].removesuffix(AND_MORE)))

    def miss(self, basket: Basket, facts: Facts) -> str:
        found = facts.seen.get(self.needs, ("not known",))[0]
        said = f"{found.removesuffix(AND_MORE)} or a later one" if found.endswith(AND_MORE) else found
        return f"the number of the {basket.kind} is {said}, needs {self.named('').strip()}"

    def says(self) -> str:
        least, most = self.bounds.get("least", 1), self.bounds.get("most")
        if most is None:
            return f"from the {_nth(int(least))} purchase on"
        if least == most:
            return f"on the {_nth(int(most))} purchase"
        return f"on the first {most} purchases" if least == 1 else f"on the purchases {least} to {most}"

    def asks(self) -> frozenset[str]:
        return frozenset({str(self.largest)})


class DaysSinceLast(_Whole, Condition):
    """How many days of the program's calendar lie between the last purchase and this one; it needs a last one."""

    key, needs, hint = DAYS, DAYS, 'like {"least": 30}'
    first, last = 0, MOST_DAYS

    def holds(self, basket: Basket, facts: Facts) -> bool:
        found = facts.seen.get(self.needs, ())
        return bool(found) and self.contains(int(found[0]))

    def miss(self, basket: Basket, facts: Facts) -> str:
        found = facts.seen.get(self.needs)
        if not found:
            return f"there was no {basket.kind} before it"
        return f"days since the last {basket.kind}: {found[0]}, needs {self.named('').strip()}"

    def says(self) -> str:
        return f"{self.named('days')} after the last purchase"

    def asks(self) -> frozenset[str]:
        return frozenset({"last"})


def _nth(number: int) -> str:
    """A number in its order: first, second … fifth, 6th, 21st."""
    return _ORDINALS[number - 1] if number <= len(_ORDINALS) else ordinal(number)


CONDITIONS: tuple[type[Condition], ...] = (PurchaseNumber, DaysSinceLast)
