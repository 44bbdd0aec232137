"""What is a condition of a rule? The interface that each one fills, and the shapes that their values have."""

import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, TypeAlias

from loyalty_site.lib.json_types import ExactJson
from programs.rules.base import Basket, BasketLine, Exact, Facts, plain

#: How many values a condition may list, and how long each may be.
MOST, LONGEST = 1000, 64
#: How many names a condition on attributes may ask for.
MOST_NAMES = 20
#: How many values a sentence names before it only counts them.
_NAMED = 6

#: A text that is the only way to write its number: 7 and 1.5, but not 007.
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,12})?", re.ASCII)
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,3})?", re.ASCII)

#: What two values of attributes are compared by.
Comparable: TypeAlias = str | bool | Fraction


class Condition:
    """Made of its value in a rule's JSON; raises ValueError with the end of a sentence where that cannot be meant.

    `hint` says in words what the value lists. `needs` is the name of what has to be known of the member beyond their
    tiers, see `Facts.seen`: it is read only where a rule asks. If not `known_to_night` it never holds for a birthday.
    """

    key: ClassVar[str] = ""
    hint: ClassVar[str] = ""
    needs: ClassVar[str] = ""
    known_to_night: ClassVar[bool] = True

    def __init__(self, value: ExactJson) -> None:
        raise NotImplementedError

    def holds(self, basket: Basket, facts: Facts) -> bool:
        """Whether the circumstances are those that it asks for."""
        raise NotImplementedError

    def miss(self, basket: Basket, facts: Facts) -> str:
        """What was found instead of what it asks for, as the end of a sentence; for one that does not hold."""
        raise NotImplementedError

    def says(self) -> str:
        """What it asks for, as a part of an English sentence: “in the store lyon”."""
        raise NotImplementedError

    def of_whom(self, members: str) -> str:
        """These `members` with what it asks of them, as the subject of a sentence: “gold members”; unchanged where it
        asks for something else than who they are."""
        return members

    def asks(self) -> frozenset[str]:
        """Which of the values that the member may have under `needs` it tells from others."""
        return frozenset()

    def example(self, basket: Basket) -> Basket:
        """The basket changed so that it holds, where that can be; for the examples on pages."""
        return basket

    def example_seen(self) -> Sequence[str]:
        """What has to be seen of a member under `needs` so that it holds; for the examples on pages."""
        return ()


class LineCondition(Condition):
    """Asks lines, one by one; a rule counts those that it keeps, and none left is a miss."""

    known_to_night = False

    def keeps(self, line: BasketLine) -> bool:
        """Whether the rule counts the line."""
        raise NotImplementedError

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return any(map(self.keeps, basket.lines))

    def example_line(self, line: BasketLine) -> BasketLine:
        """The line changed so that it is kept."""
        raise NotImplementedError

    def example(self, basket: Basket) -> Basket:
        return basket._replace(lines=tuple(map(self.example_line, basket.lines)))


class TotalCondition(Condition):
    """Asks the lines that count all together: those that the entries beside it and around it keep."""

    known_to_night = False

    def suits(self, lines: Collection[BasketLine]) -> bool:
        """Whether these lines are together what it asks for."""
        raise NotImplementedError

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return self.suits(basket.lines)


class Texts:
    """A value that is a list of at least one text, none of them endless; mixed into a condition."""

    hint: ClassVar[str]
    wanted: frozenset[str]

    def __init__(self, value: ExactJson) -> None:
        given = value if isinstance(value, list) and len(value) <= MOST else []
        texts = [text for text in given if isinstance(text, str) and text.strip()]
        if not texts or len(texts) < len(given):
            raise ValueError(f"must be a list of 1 to {MOST} {self.hint}")
        if longest := [text for text in texts if len(text) > LONGEST]:
            named = f"“{longest[0][:20]}…” is longer than {LONGEST} characters"
            raise ValueError(f"must be a list of 1 to {MOST} {self.hint}; {named}")
        self.wanted = frozenset(texts)

    @property
    def first(self) -> str:
        """One of the texts, the same each time."""
        return min(self.wanted)

    def named(self) -> str:
        """The texts as a part of a sentence."""
        return either(sorted(self.wanted))


class Attributes:
    """A value that names attributes, each with the values of which one is wanted; mixed into a condition."""

    hint: ClassVar[str]
    wanted: Mapping[str, frozenset[Comparable]]

    def __init__(self, value: ExactJson) -> None:
        if not isinstance(value, dict) or not 1 <= len(value) <= MOST_NAMES:
            raise ValueError(f"must be an object of 1 to {MOST_NAMES} attributes, {self.hint}")
        self.wanted = {_name(name): frozenset(_values(name, values)) for name, values in value.items()}
        self._said = {name: [_said(one) for one in values] for name, values in value.items()}
        self._first = {name: values[0] for name, values in value.items()}

    def fit(self, found: Mapping[str, object]) -> bool:
        """Whether each attribute that is asked for has, or lists, one of the values."""
        return not any(map(self._misses, self.wanted, [found] * len(self.wanted)))

    def _misses(self, name: str, found: Mapping[str, object]) -> bool:
        value = found.get(name)
        values = value if isinstance(value, (list, tuple)) else [value]
        return self.wanted[name].isdisjoint([key for one in values if (key := comparable(one)) is not None])

    def missed(self, found: Mapping[str, object]) -> str:
        """Which attributes are other ones, as the end of a sentence."""
        names = [name for name in self.wanted if self._misses(name, found)]
        return "; ".join(
            f"{name} is {_said(found[name]) if name in found else 'not given'}, needs {either(self._said[name])}"
            for name in names
        )

    def named(self) -> str:
        """The attributes as a part of a sentence."""
        return " and ".join(f"{name} {either(said)}" for name, said in self._said.items())

    def filled(self, found: Mapping[str, object]) -> dict[str, object]:
        """Attributes that fit, made of others."""
        return {**found, **self._first}


class Range:
    """A value with a `least`, a `most`, or both, each inclusive; mixed into a condition."""

    hint: ClassVar[str]
    least: Fraction | None
    most: Fraction | None

    def __init__(self, value: ExactJson) -> None:
        if not isinstance(value, dict) or not value or value.keys() - {"least", "most"}:
            raise ValueError(f"must be an object with least, most or both, {self.hint}")
        self.least, self.most = (_bound(name, value[name]) if name in value else None for name in ("least", "most"))
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"least {plain(self.least)} is above most {plain(self.most)}")
        self._said = {name: str(number) for name, number in value.items()}

    def contains(self, number: Exact) -> bool:
        """Whether the number lies in it."""
        # As integers, because comparing Fractions takes five times as long.
        over, under = number.numerator, number.denominator
        least, most = self.least, self.most
        return (least is None or over * least.denominator >= least.numerator * under) and (
            most is None or over * most.denominator <= most.numerator * under
        )

    def named(self, unit: str) -> str:
        """The range as a part of a sentence, with what it counts."""
        least, most = self._said.get("least"), self._said.get("most")
        if least is None:
            return f"at most {most} {unit}"
        return f"{least} to {most} {unit}" if most is not None else f"at least {least} {unit}"

    @property
    def bounds(self) -> dict[str, Fraction]:
        """`least` and `most`, as far as they are said."""
        given = {"least": self.least, "most": self.most}
        return {name: bound for name, bound in given.items() if bound is not None}

    @property
    def inside(self) -> Fraction:
        """A number that lies in it."""
        return self.least or self.most or Fraction(0)


def comparable(value: object) -> Comparable | None:
    """What a value of an attribute is compared by, None for what can be none: numbers by what they are worth however
    they are written, everything else as it is."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return value
    if isinstance(value, (str, int, Decimal)):
        return Fraction(str(value))
    return None


def either(values: Sequence[str]) -> str:
    """Some of these, in words: “a, b or c”; of many only the first ones and their number."""
    if len(values) > _NAMED:
        return f"{', '.join(values[:_NAMED])} or {len(values) - _NAMED} more"
    return " or ".join(filter(None, [", ".join(values[:-1]), values[-1]]))


def ordinal(number: int) -> str:
    """A number as one counts: 3rd, 10th, 21st."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"


def listing(values: Collection[str]) -> str:
    """These, in words, for what was missed."""
    return ", ".join(values) or "nothing"


def _name(name: str) -> str:
    if not name.strip() or len(name) > LONGEST:
        raise ValueError(f"the name of an attribute has 1 to {LONGEST} characters")
    return name


def _values(name: str, given: ExactJson) -> list[Comparable]:
    values = given if isinstance(given, list) and len(given) <= MOST else []
    found = [key for one in values if not _is_absurd(one) and (key := comparable(one)) is not None]
    if not found or len(found) < len(values):
        texts = f"texts of at most {LONGEST} characters"
        raise ValueError(f"“{name}” must be a list of 1 to {MOST} values: {texts}, numbers, true or false")
    return found


def _is_absurd(value: ExactJson) -> bool:
    """Whether it is a text that says nothing, or is endless."""
    return isinstance(value, str) and not (value.strip() and len(value) <= LONGEST)


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:LONGEST]


def _bound(name: str, value: ExactJson) -> Fraction:
    text = "" if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)) else str(value)
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f'{name} must be a number from 0 with at most three decimals, for example "10.00"')
    return Fraction(text)
