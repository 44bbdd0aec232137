"""How are conditions put together? By all, any and not, each of which keeps some of the lines.

A rule counts those lines for which its whole tree holds. Conditions on lines ask the line, all others say the same of
each; where an activity has no lines, the tree is asked once, of a line that says nothing. Totals ask the lines that
everything else in their node, and around it, has kept.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from programs.rules.base import Basket, BasketLine, Facts
from programs.rules.conditions.base import Condition, LineCondition, TotalCondition

#: Places of lines in those that are asked.
Places: TypeAlias = frozenset[int]

_NONE: Places = frozenset()
#: What is asked where there are no lines.
NO_LINE = BasketLine(sku="", category="", quantity=0, eligible=0)


class Asked(NamedTuple):
    """Of what a tree is asked."""

    lines: Sequence[BasketLine]
    basket: Basket
    facts: Facts


class Node:
    """A part of a tree. `is_total` where it asks for a sum of lines: its turn comes after what chooses them."""

    is_total: bool = False

    def kept(self, places: Places, asked: Asked) -> Places:
        """For which of the lines at these places it holds."""
        raise NotImplementedError

    def leaves(self) -> Iterator[Condition]:
        """The conditions in it, in the order in which they are written."""
        raise NotImplementedError

    def says(self) -> str:
        """What it asks for, as a part of an English sentence."""
        raise NotImplementedError

    def inside(self) -> str:
        """The same for a place inside another one."""
        return self.says()

    def miss(self, places: Places, asked: Asked) -> str:
        """What was missing, as the end of a sentence; where it keeps none of the lines."""
        raise NotImplementedError

    def example(self, basket: Basket) -> Basket:
        """The basket changed so that it holds, where that can be."""
        raise NotImplementedError


class Leaf(Node):
    """A single condition."""

    def __init__(self, condition: Condition) -> None:
        self.condition, self.is_total = condition, isinstance(condition, TotalCondition)

    def kept(self, places: Places, asked: Asked) -> Places:
        condition, lines = self.condition, asked.lines
        if isinstance(condition, LineCondition):
            return frozenset([place for place in places if condition.keeps(lines[place])])
        if isinstance(condition, TotalCondition):
            return places if condition.suits([lines[place] for place in places]) else _NONE
        return places if condition.holds(asked.basket, asked.facts) else _NONE

    def leaves(self) -> Iterator[Condition]:
        yield self.condition

    def says(self) -> str:
        return self.condition.says()

    def miss(self, places: Places, asked: Asked) -> str:
        lines = tuple(asked.lines[place] for place in sorted(places))
        return self.condition.miss(asked.basket._replace(lines=lines), asked.facts)

    def example(self, basket: Basket) -> Basket:
        return self.condition.example(basket)


class All(Node):
    """Every part has to hold."""

    def __init__(self, parts: Iterable[Node]) -> None:
        self.parts = tuple(parts)
        self.is_total = any(part.is_total for part in self.parts)
        self._choosing = [part for part in self.parts if not part.is_total]
        self._adding = [part for part in self.parts if part.is_total]

    def kept(self, places: Places, asked: Asked) -> Places:
        for part in self._choosing:
            if not places:
                return places
            places = part.kept(places, asked)
        if not self._adding or not places:
            return places
        return places.intersection(*[part.kept(places, asked) for part in self._adding])

    def leaves(self) -> Iterator[Condition]:
        for part in self.parts:
            yield from part.leaves()

    def says(self) -> str:
        # What stands alone, or is of the same kind, needs no brackets.
        is_alone = len(self.parts) == 1
        return ", ".join(part.says() if is_alone or isinstance(part, All) else part.inside() for part in self.parts)

    def inside(self) -> str:
        if len(self.parts) == 1:
            return self.parts[0].inside()
        return f"({' and '.join(part.inside() for part in self.parts)})"

    def miss(self, places: Places, asked: Asked) -> str:
        for part in self._choosing:
            left = part.kept(places, asked)
            if not left:
                return part.miss(places, asked)
            places = left
        missed = [part.miss(places, asked) for part in self._adding if not part.kept(places, asked)]
        return "; ".join(missed) or "no line is all that it asks for"

    def example(self, basket: Basket) -> Basket:
        for part in self.parts:
            basket = part.example(basket)
        return basket


class Any(Node):
    """One part or several have to hold."""

    def __init__(self, parts: Iterable[Node]) -> None:
        self.parts = tuple(parts)
        self.is_total = any(part.is_total for part in self.parts)

    def kept(self, places: Places, asked: Asked) -> Places:
        return _NONE.union(*[part.kept(places, asked) for part in self.parts])

    def leaves(self) -> Iterator[Condition]:
        for part in self.parts:
            yield from part.leaves()

    def says(self) -> str:
        if len(self.parts) == 1:
            return self.parts[0].says()
        return f"either {' or '.join(part.inside() for part in self.parts)}"

    def inside(self) -> str:
        return f"({self.says()})" if len(self.parts) > 1 else self.parts[0].inside()

    def miss(self, places: Places, asked: Asked) -> str:
        return f"none of these: {'; '.join(part.miss(places, asked) for part in self.parts)}"

    def example(self, basket: Basket) -> Basket:
        return self.parts[0].example(basket)


class Not(Node):
    """The part must not hold: of lines, an exclusion."""

    def __init__(self, part: Node) -> None:
        self.part, self.is_total = part, part.is_total

    def kept(self, places: Places, asked: Asked) -> Places:
        return places - self.part.kept(places, asked)

    def leaves(self) -> Iterator[Condition]:
        return self.part.leaves()

    def says(self) -> str:
        return f"not {self.part.inside()}"

    def miss(self, places: Places, asked: Asked) -> str:
        return f"it must not be {self.part.inside()}"

    def example(self, basket: Basket) -> Basket:
        return basket


def lines_kept(
    node: Node, lines: Sequence[BasketLine], basket: Basket, facts: Facts
) -> tuple[BasketLine, ...] | None:
    """Those of `lines`, which are all or some of the basket's, for which `node` holds; None where it does not."""
    asked = Asked(lines or (NO_LINE,), basket, facts)
    kept = node.kept(frozenset(range(len(asked.lines))), asked)
    if not kept:
        return None
    return tuple(lines[place] for place in sorted(kept)) if lines else ()


def why_none(node: Node, lines: Sequence[BasketLine], basket: Basket, facts: Facts) -> str:
    """What was missing where `lines_kept` has said None."""
    asked = Asked(lines or (NO_LINE,), basket, facts)
    return node.miss(frozenset(range(len(asked.lines))), asked)
