"""What is wrong with a template? Asked when it is saved, of each place where it names something."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.template import TemplateSyntaxError
from django.template.base import FilterExpression, Node, NodeList, TextNode, Variable, VariableNode
from django.template.defaulttags import FirstOfNode, ForNode, IfNode, WithNode

from programs.messages import language, templates, variables
from programs.messages.variables import FORLOOP, Parts, Several, Shape, Single

#: Loops in each other: a list in a list in a list would make a message of a million lines.
_DEEPEST = 2
_MARKS = re.compile(r"\{\{|\}\}|\{%|%\}")


@dataclass(slots=True)
class Checked:
    """What was found: sentences about what is wrong, and the names that are written."""

    problems: list[str] = field(default_factory=list)
    written: set[str] = field(default_factory=set)


def check(text: str, known: Parts, *, is_html: bool = False) -> Checked:
    """What is wrong with the template `text`, when it can name what is `known`."""
    checker = _Checker(known)
    try:
        template = templates.parse(text, is_html=is_html)
    except TemplateSyntaxError as error:
        checker.found.problems.append(_at(getattr(getattr(error, "token", None), "lineno", None), _said(error)))
        return checker.found
    checker.nodes(template.nodelist, dict(known.parts), 0)
    return checker.found


def _at(line: int | None, sentence: str) -> str:
    return f"Line {line}: {sentence}" if line else sentence


def _said(error: TemplateSyntaxError) -> str:
    """What Django says, with what could have been meant."""
    text = str(error).removesuffix(" Did you forget to register or load this tag?")
    if found := re.match(r"Invalid filter: '(.*)'", text):
        return _unknown("filter", found[1], language.register.filters)
    if found := re.match(r"Invalid block tag on line \d+: '(.*?)'", text):
        closing = ("elif", "else", "empty", *(f"end{name}" for name in language.register.tags))
        if found[1] in closing:
            return f"“{found[1]}” has nothing before it that it could belong to."
        return _unknown("tag", found[1], language.register.tags)
    return re.sub(r" on line \d+", "", text)


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    there = sorted(known)
    return f"There is no {what} “{name[:80]}”.{_meant(name, there)} There are: {', '.join(there)}."


def _meant(name: str, there: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, there, n=1, cutoff=0.5)
    return f" Did you mean “{close[0]}”?" if close else ""


class _Checker:
    """Goes through a template; a scope has what can be named where one is: {name: Shape}."""

    def __init__(self, known: Parts) -> None:
        self.known, self.found = known, Checked()
        self.lists_all = True

    def nodes(self, nodes: NodeList | Sequence[Node], scope: Mapping[str, Shape], depth: int) -> None:
        for node in nodes:
            line = node.token.lineno if node.token else None
            if isinstance(node, TextNode):
                self._text(node)
            elif isinstance(node, VariableNode):
                self._written(node.filter_expression, scope, line)
            elif isinstance(node, IfNode):
                self._if(node, scope, line, depth)
            elif isinstance(node, ForNode):
                self._for(node, scope, line, depth)
            elif isinstance(node, WithNode):
                extra: Mapping[str, FilterExpression] = node.extra_context
                inner = {name: self._shape(one, scope, line) or Single() for name, one in extra.items()}
                self.nodes(node.nodelist, {**scope, **inner}, depth)
            elif isinstance(node, FirstOfNode):
                for one in node.vars:
                    self._written(one, scope, line)

    def say(self, line: int | None, sentence: str) -> None:
        self.found.problems.append(_at(line, sentence))

    def _text(self, node: TextNode) -> None:
        """A mark that closes nothing, or is never closed, would be sent as it stands."""
        if mark := _MARKS.search(node.s):
            first = (node.token and node.token.lineno) or 1
            line = first + node.s.count("\n", 0, mark.start())
            self.say(line, f"“{mark[0]}” stands alone: write {{{{ name }}}} or {{% tag %}} on one line.")

    def _if(self, node: IfNode, scope: Mapping[str, Shape], line: int | None, depth: int) -> None:
        for condition, inner in node.conditions_nodelists:
            for one in _asked(condition):
                self._shape(one, scope, line)
            self.nodes(inner, scope, depth)

    def _for(self, node: ForNode, scope: Mapping[str, Shape], line: int | None, depth: int) -> None:
        sequence: Any = node.sequence
        shape = self._shape(sequence, scope, line)
        if not isinstance(shape, Several):
            self.say(line, f"“{node.sequence}” is no list that could be gone through.{self._lists()}")
        elif len(node.loopvars) != 1:
            self.say(line, "Name one variable: {% for one in list %}.")
        elif depth >= _DEEPEST:
            self.say(line, f"At most {_DEEPEST} loops can be in each other.")
        else:
            inner = {**scope, node.loopvars[0]: shape.of, "forloop": FORLOOP}
            self.nodes(_nodes(node.nodelist_loop), inner, depth + 1)
        self.nodes(_nodes(node.nodelist_empty), scope, depth)

    def _lists(self) -> str:
        there = [name for name in variables.names(self.known) if isinstance(_find(self.known.parts, name), Several)]
        return f" Lists are: {', '.join(there)}."

    def _written(self, one: FilterExpression, scope: Mapping[str, Shape], line: int | None) -> None:
        shape = self._shape(one, scope, line)
        if shape is None or not isinstance(one.var, Variable):
            return
        name = str(one.var)
        if name.partition(".")[0] in self.known.parts:
            self.found.written.add(name)
        if isinstance(shape, Parts):
            some = ", ".join(f"{name}.{part}" for part in shape.parts)
            self.say(line, f"“{name}” cannot be written as a whole; name a part of it: {some}.")
        elif isinstance(shape, Several) and not (_filters(one) & language.OF_LISTS):
            self.say(line, f"“{name}” is a list: go through it with {{% for one in {name} %}}.")

    def _shape(self, one: FilterExpression, scope: Mapping[str, Shape], line: int | None) -> Shape | None:
        """What the expression names, without its filters; None where it is unknown, which is said."""
        for _, arguments in one.filters:
            for is_variable, argument in arguments:
                if is_variable:
                    self._named(str(argument), argument, scope, line)
        if "total" in _filters(one):
            self._total(one, scope, line)
        return self._named(str(one.var), one.var, scope, line)

    def _named(self, name: str, one: Any, scope: Mapping[str, Shape], line: int | None) -> Shape | None:
        if not isinstance(one, Variable) or one.lookups is None or name in ("True", "False", "None"):
            return Single()
        shape = _find(scope, name)
        if shape is None:
            there = list(variables.names(Parts(scope)))
            # Once is enough to be read.
            all_of_them = f" There are: {', '.join(there)}." if self.lists_all else ""
            self.lists_all = False
            self.say(line, f"There is no variable “{name[:80]}”.{_meant(name, there)}{all_of_them}")
        return shape

    def _total(self, one: FilterExpression, scope: Mapping[str, Shape], line: int | None) -> None:
        shape = _find(scope, str(one.var))
        names = [str(argument) for function, arguments in one.filters for _, argument in arguments]
        of = shape.of if isinstance(shape, Several) else None
        found = _find(of.parts, names[0]) if isinstance(of, Parts) and names else None
        if not (isinstance(found, Single) and found.is_number):
            self.say(line, '“total” sums a number of each of a list, like {{ events|total:"points.points" }}.')


def _nodes(found: Any) -> Sequence[Node]:
    """The nodes of a list that is a NodeList, whatever the types of Django's stubs say."""
    return found if isinstance(found, NodeList) else []


def _filters(one: FilterExpression) -> set[str]:
    return {getattr(function, "_filter_name", "") for function, _ in one.filters}


def _asked(condition: Any) -> Iterator[FilterExpression]:
    """The expressions of a condition, which is a tree of operators; None is that of {% else %}."""
    if condition is None:
        return
    value = getattr(condition, "value", None)
    if isinstance(value, FilterExpression):
        yield value
    yield from _asked(getattr(condition, "first", None))
    yield from _asked(getattr(condition, "second", None))


def _find(scope: Mapping[str, Shape], name: str) -> Shape | None:
    """What a dotted name names; a number is a place in a list."""
    first, *rest = name.split(".")
    shape = scope.get(first)
    for part in rest:
        if isinstance(shape, Parts):
            shape = shape.parts.get(part)
        elif isinstance(shape, Several) and part.isdecimal():
            shape = shape.of
        else:
            return None
    return shape
