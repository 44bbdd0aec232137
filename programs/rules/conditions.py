"""Under which circumstances does a rule hold? One small class for each condition of a rule's JSON."""

import re
from collections.abc import Collection
from datetime import time
from typing import ClassVar

from loyalty_site.lib.json_types import ExactJson
from programs.rules.base import Basket, BasketLine, Facts

#: How many values a condition may list, and how long each may be.
MOST, LONGEST = 1000, 64

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


class Condition:
    """Made of its value in a rule's JSON; raises ValueError with a sentence where that cannot be meant.

    `wanted` is what the value says, `hint` in words what it lists.
    """

    key: ClassVar[str] = ""
    hint: ClassVar[str] = ""
    wanted: frozenset[str] | frozenset[int] | tuple[time, time]

    def __init__(self, value: ExactJson) -> None:
        raise NotImplementedError

    def holds(self, basket: Basket, facts: Facts) -> bool:
        """Whether the circumstances are those that it asks for."""
        raise NotImplementedError

    def miss(self, basket: Basket, facts: Facts) -> str:
        """What was found instead of what it asks for, as the end of a sentence; for one that does not hold."""
        raise NotImplementedError


class Texts(Condition):
    """Its value is a list of at least one text, none of them endless."""

    wanted: frozenset[str]

    def __init__(self, value: ExactJson) -> None:
        given = value if isinstance(value, list) and len(value) <= MOST else []
        texts = [text for text in given if isinstance(text, str) and text.strip() and len(text) <= LONGEST]
        if not texts or len(texts) < len(given):
            raise ValueError(f"must be a list of 1 to {MOST} {self.hint}")
        self.wanted = frozenset(texts)


class _OneOf(Texts):
    """One value of the basket, which is called `noun`, must be in the list."""

    noun: ClassVar[str] = ""

    def of(self, basket: Basket) -> str:
        raise NotImplementedError

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return self.of(basket) in self.wanted

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"{self.noun} is {self.of(basket) or 'not given'}, needs {_list(sorted(self.wanted))}"


class Channels(_OneOf):
    key, noun, hint = "channels", "channel", "channels, like web"

    def of(self, basket: Basket) -> str:
        return basket.channel


class Stores(_OneOf):
    key, noun, hint = "stores", "store", "store codes"

    def of(self, basket: Basket) -> str:
        return basket.store


class Partners(_OneOf):
    key, noun, hint = "partners", "partner", "partner codes"

    def of(self, basket: Basket) -> str:
        return basket.partner


class Codes(_OneOf):
    key, noun, hint = "codes", "code", "promo codes"

    def of(self, basket: Basket) -> str:
        return basket.code


class Tiers(Texts):
    """The member holds one of the tiers, in whatever group."""

    key, hint = "tiers", "tier codes"

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return not self.wanted.isdisjoint(facts.tiers.values())

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"tier is {_list(sorted(set(facts.tiers.values())))}, needs {_list(sorted(self.wanted))}"


class Weekdays(Condition):
    """Days of the week by their ISO numbers, in the program's zone."""

    key, hint = "weekdays", "weekdays, 1 (Monday) to 7 (Sunday)"
    wanted: frozenset[int]

    def __init__(self, value: ExactJson) -> None:
        given = value if isinstance(value, list) and len(value) <= MOST else []
        days = [day for day in given if type(day) is int and 1 <= day <= 7]
        if not days or len(days) < len(given):
            raise ValueError(f"must be a list of {self.hint}")
        self.wanted = frozenset(days)

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return basket.local.isoweekday() in self.wanted

    def miss(self, basket: Basket, facts: Facts) -> str:
        wanted = [_WEEKDAYS[day - 1] for day in sorted(self.wanted)]
        return f"it was a {_WEEKDAYS[basket.local.weekday()]}, needs {_list(wanted)}"


class Hours(Condition):
    """From the first time of day up to, not including, the second; over midnight when it is the smaller one."""

    key, hint = "hours", 'two times, like ["17:00", "19:00"]'
    wanted: tuple[time, time]

    def __init__(self, value: ExactJson) -> None:
        given = value if isinstance(value, list) else []
        times = [text for text in given if isinstance(text, str) and _TIME.fullmatch(text)]
        if len(given) != 2 or len(times) != 2:
            raise ValueError(f"must be {self.hint}")
        if times[0] == times[1]:
            raise ValueError("must be two different times; leave the condition out for the whole day")
        self.wanted = time.fromisoformat(times[0]), time.fromisoformat(times[1])

    def holds(self, basket: Basket, facts: Facts) -> bool:
        start, end = self.wanted
        now = basket.local.time()
        return start <= now < end if start < end else now >= start or now < end

    def miss(self, basket: Basket, facts: Facts) -> str:
        start, end = self.wanted
        return f"it was {basket.local:%H:%M}, needs {start:%H:%M} to {end:%H:%M}"


class LineFilter(Texts):
    """Restricts the rule to the lines of which one value, called `noun`, is in the list; none left is a miss."""

    noun: ClassVar[str] = ""

    def keeps(self, line: BasketLine) -> bool:
        """Whether the rule counts the line."""
        raise NotImplementedError

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return any(map(self.keeps, basket.lines))

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"no line with {self.noun} {_list(sorted(self.wanted))}"


class Products(LineFilter):
    key, noun, hint = "products", "sku", "SKUs"

    def keeps(self, line: BasketLine) -> bool:
        return line.sku in self.wanted


class Categories(LineFilter):
    key, noun, hint = "categories", "category", "categories"

    def keeps(self, line: BasketLine) -> bool:
        return line.category in self.wanted


registry: dict[str, type[Condition]] = {
    condition.key: condition
    for condition in (Channels, Stores, Partners, Codes, Tiers, Weekdays, Hours, Products, Categories)
}


def _list(values: Collection[str]) -> str:
    return ", ".join(values) or "nothing"
