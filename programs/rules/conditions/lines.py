"""Which conditions ask the lines of an activity: each by itself, or those that count all together?"""

from collections.abc import Collection
from typing import ClassVar

from loyalty_site.lib.json_types import ExactJson
from programs.rules.base import Basket, BasketLine, Facts, plain
from programs.rules.conditions.base import (
    LONGEST,
    Attributes,
    Condition,
    LineCondition,
    Range,
    Texts,
    TotalCondition,
    listing,
)

#: Activities that are about nothing which is bought, so that they never have lines.
WITHOUT_LINES = frozenset(
    {"registration", "enrolment", "app_download", "profile", "profile_completed", "profile_updated"}
    | {"referral", "birthday", "anniversary"}
)


class _LineTexts(Texts, LineCondition):
    """One text of the line, called `noun`, is in the list."""

    noun: ClassVar[str] = ""

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"no line with {self.noun} {listing(sorted(self.wanted))}"


class Products(_LineTexts):
    """Lines of some products."""

    key, noun, hint = "products", "sku", "SKUs"

    def keeps(self, line: BasketLine) -> bool:
        return line.sku in self.wanted

    def says(self) -> str:
        return f"on the product {self.named()}"

    def example_line(self, line: BasketLine) -> BasketLine:
        return line._replace(sku=self.first)


class Categories(_LineTexts):
    """Lines of some categories."""

    key, noun, hint = "categories", "category", "categories"

    def keeps(self, line: BasketLine) -> bool:
        return line.category in self.wanted

    def says(self) -> str:
        return f"on {self.named()}"

    def example_line(self, line: BasketLine) -> BasketLine:
        return line._replace(category=self.first)


class Labels(_LineTexts):
    """Lines that the sender has given one of some labels, like sale."""

    key, noun, hint = "labels", "label", "labels of lines, like sale"

    def keeps(self, line: BasketLine) -> bool:
        return not self.wanted.isdisjoint(line.labels)

    def says(self) -> str:
        return f"on lines labelled {self.named()}"

    def example_line(self, line: BasketLine) -> BasketLine:
        return line._replace(labels=(*line.labels, self.first))


class LineAttributes(Attributes, LineCondition):
    """Lines of which the sender says something in attributes of its own."""

    key, hint = "line_attributes", 'like {"colour": ["red", "blue"]}'

    def keeps(self, line: BasketLine) -> bool:
        return self.fit(line.attributes)

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"no line with {self.named()}"

    def says(self) -> str:
        return f"on lines with {self.named()}"

    def example_line(self, line: BasketLine) -> BasketLine:
        return line._replace(attributes=self.filled(line.attributes))


class SkuLists(LineCondition):
    """Lines whose SKU stands in a list of the program, which may be very long."""

    key, hint, needs = "sku_list", "the code of a list of SKUs", "sku_list"

    def __init__(self, value: ExactJson) -> None:
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
            raise ValueError(f"must be {self.hint}")
        self.wanted = value

    def keeps(self, line: BasketLine) -> bool:
        return self.wanted in line.lists

    def miss(self, basket: Basket, facts: Facts) -> str:
        return f"no line with a sku of the list {self.wanted}"

    def says(self) -> str:
        return f"on products of the list {self.wanted}"

    def asks(self) -> frozenset[str]:
        return frozenset({self.wanted})

    def example_line(self, line: BasketLine) -> BasketLine:
        return line._replace(lists=(*line.lists, self.wanted))


class Quantity(Range, TotalCondition):
    """How many units the lines that count have together."""

    key, hint = "quantity", 'like {"least": 2, "most": 10}'

    def suits(self, lines: Collection[BasketLine]) -> bool:
        return self.contains(sum(line.quantity for line in lines))

    def miss(self, basket: Basket, facts: Facts) -> str:
        found = plain(sum(line.quantity for line in basket.lines))
        return f"units that count: {found}, needs {self.named('').strip()}"

    def says(self) -> str:
        return f"for {self.named('units')}"

    def example(self, basket: Basket) -> Basket:
        head, *rest = basket.lines
        return basket._replace(lines=(head._replace(quantity=self.inside), *rest))


CONDITIONS: tuple[type[Condition], ...] = (Products, Categories, Labels, LineAttributes, SkuLists, Quantity)
