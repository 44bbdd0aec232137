"""Under which circumstances does a rule hold? One small class for each condition of a rule's JSON."""

import re
from datetime import time

#: How many values a condition may list, and how long each may be.
MOST, LONGEST = 1000, 64

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _list(values):
    return ", ".join(values) or "nothing"


class Condition:
    """`read` turns the JSON value into what `miss` compares with, or raises ValueError with a sentence."""

    key = ""
    hint = ""

    def __init__(self, value):
        self.wanted = self.read(value)

    def read(self, value):
        """A list of at least one text, none of them endless."""
        is_list = isinstance(value, list) and 0 < len(value) <= MOST
        if not is_list or not all(isinstance(v, str) and 0 < len(v) <= LONGEST for v in value):
            raise ValueError(f"must be a list of 1 to {MOST} {self.hint}")
        return frozenset(value)

    def miss(self, basket, facts):
        """None when it holds, else what was found instead, as the end of a sentence."""
        raise NotImplementedError


class _OneOf(Condition):
    """The basket's own attribute `of` must be one of the list."""

    of = ""

    def miss(self, basket, facts):
        found = getattr(basket, self.of)
        if found in self.wanted:
            return None
        return f"{self.of} is {found or 'not given'}, needs {_list(sorted(self.wanted))}"


class Channels(_OneOf):
    key, of, hint = "channels", "channel", "channels, like web"


class Stores(_OneOf):
    key, of, hint = "stores", "store", "store codes"


class Partners(_OneOf):
    key, of, hint = "partners", "partner", "partner codes"


class Codes(_OneOf):
    key, of, hint = "codes", "code", "promo codes"


class Tiers(Condition):
    key, hint = "tiers", "tier codes"

    def miss(self, basket, facts):
        held = set(facts.tiers.values())
        return None if held & self.wanted else f"tier is {_list(sorted(held))}, needs {_list(sorted(self.wanted))}"


class Weekdays(Condition):
    key, hint = "weekdays", "weekdays, 1 (Monday) to 7 (Sunday)"

    def read(self, value):
        is_list = isinstance(value, list) and 0 < len(value) <= MOST
        if not is_list or not all(type(v) is int and 1 <= v <= 7 for v in value):
            raise ValueError(f"must be a list of {self.hint}")
        return frozenset(value)

    def miss(self, basket, facts):
        day = basket.local.isoweekday()
        if day in self.wanted:
            return None
        return f"it was a {_WEEKDAYS[day - 1]}, needs {_list([_WEEKDAYS[d - 1] for d in sorted(self.wanted)])}"


class Hours(Condition):
    """From the first time of day up to, not including, the second; over midnight when it is the smaller one."""

    key, hint = "hours", 'two times, like ["17:00", "19:00"]'

    def read(self, value):
        shape = isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)
        if not shape or not all(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", v) for v in value):
            raise ValueError(f"must be {self.hint}")
        if value[0] == value[1]:
            raise ValueError("must be two different times; leave the condition out for the whole day")
        return tuple(time.fromisoformat(v) for v in value)

    def miss(self, basket, facts):
        start, end = self.wanted
        now = basket.local.time()
        inside = start <= now < end if start < end else now >= start or now < end
        return None if inside else f"it was {now:%H:%M}, needs {start:%H:%M} to {end:%H:%M}"


class _Lines(Condition):
    """Restricts the rule to the lines whose attribute `of` is in the list; none left is a miss."""

    of = ""

    def keeps(self, line):
        return getattr(line, self.of) in self.wanted

    def miss(self, basket, facts):
        if any(map(self.keeps, basket.lines)):
            return None
        return f"no line with {self.of} {_list(sorted(self.wanted))}"


class Products(_Lines):
    key, of, hint = "products", "sku", "SKUs"


class Categories(_Lines):
    key, of, hint = "categories", "category", "categories"


registry = {
    condition.key: condition
    for condition in (Channels, Stores, Partners, Codes, Tiers, Weekdays, Hours, Products, Categories)
}


def is_line_filter(condition):
    """Whether the condition narrows the lines that the rule counts."""
    return isinstance(condition, _Lines)
