"""What does a formula say? A small language of numbers: parsed here, worked out exactly, nothing of it is executed.

sum        := product (("+" | "-") product)*
product    := signed (("*" | "/") signed)*
signed     := "-" signed | number | name | "(" sum ")" | function "(" arguments ")"
comparison := sum ("<" | "<=" | ">" | ">=" | "=" | "!=") sum, only as the first argument of "if"
"""

import operator
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple, NoReturn, TypeAlias

from programs.rounding import round_to

LONGEST, DEEPEST, LARGEST, MOST_PLACES, MOST_ARGUMENTS = 500, 20, 10**9, 6, 10

#: The number that a name stands for in one activity.
Look: TypeAlias = Callable[[str], Fraction]
#: A part of a formula, ready to be worked out.
Term: TypeAlias = Callable[[Look], Fraction]
_Test: TypeAlias = Callable[[Look], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w.]*)|(?P<sign><=|>=|!=|[-+*/(),<>=]))", re.ASCII
)
_COMPARISONS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_ROUNDINGS = {"floor": "floor", "ceil": "ceil", "round": "half_up"}
_EXTREMES: dict[str, Callable[[Sequence[Fraction]], Fraction]] = {"min": min, "max": max}
FUNCTIONS = (*_EXTREMES, *_ROUNDINGS, "if")


class Wrong(ValueError):
    """The formula cannot be read; `place` is the character at which that shows, from 1."""

    def __init__(self, place: int, why: str) -> None:
        super().__init__(f"Character {place}: {why}.")


class Undefined(ArithmeticError):
    """A formula has no value for an activity; its text is the end of a sentence that says why."""


class _Token(NamedTuple):
    """A piece of the text: its kind ("number", "name", "sign", or "end"), and the character where it begins."""

    kind: str
    text: str
    place: int


def parse(text: str, is_name: Callable[[str], bool]) -> Term:
    """The formula, ready to be worked out; `is_name` says which names there are. Raises Wrong."""
    if len(text) > LONGEST:
        raise Wrong(LONGEST + 1, f"a formula has at most {LONGEST} characters")
    return _Parser(_tokens(text), is_name).whole()


def _tokens(text: str) -> list[_Token]:
    found, place, text = [], 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            raise Wrong(start + 1, f"“{text[start]}” has no meaning here")
        found.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1))
        place = match.end()
    return [*found, _Token("end", "", len(text) + 1)]


class _Parser:
    """Reads tokens from the left to the right, one method for each line of the grammar."""

    def __init__(self, tokens: list[_Token], is_name: Callable[[str], bool]) -> None:
        self.tokens, self.is_name = tokens, is_name
        self.at = self.depth = 0

    def whole(self) -> Term:
        """The formula to its end."""
        term = self._sum()
        if self.tokens[self.at].text in _COMPARISONS:
            raise Wrong(self.tokens[self.at].place, "a comparison stands only first in if(…)")
        self._end_with("end", "")
        return term

    def _sum(self) -> Term:
        term = self._product()
        while sign := self._take("+", "-"):
            term = _joined(sign, term, self._product())
        return term

    def _product(self) -> Term:
        term = self._signed()
        while sign := self._take("*", "/"):
            term = _joined(sign, term, self._signed())
        return term

    def _signed(self) -> Term:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Wrong(self.tokens[self.at].place, f"nested deeper than {DEEPEST} levels")
        term = _negative(self._signed()) if self._take("-") else self._single()
        self.depth -= 1
        return term

    def _single(self) -> Term:
        token = self.tokens[self.at]
        if self._take("("):
            term = self._sum()
            self._end_with("sign", ")")
            return term
        if token.kind not in ("number", "name"):
            self._fail("a number, a name or “(” is missing")
        self.at += 1
        if token.kind == "number":
            return _constant(token)
        if token.text in FUNCTIONS:
            return self._function(token)
        if not self.is_name(token.text):
            raise Wrong(token.place, f"“{token.text[:40]}” is no name that a formula knows")
        return _named(token.text)

    def _function(self, token: _Token) -> Term:
        self._end_with("sign", "(")
        if token.text == "if":
            return self._choice()
        given = [self._sum()]
        while self._take(","):
            given.append(self._sum())
        self._end_with("sign", ")")
        if token.text in _ROUNDINGS:
            if len(given) != 1:
                raise Wrong(token.place, f"{token.text} takes one number")
            return _rounded(_ROUNDINGS[token.text], given[0])
        if not 2 <= len(given) <= MOST_ARGUMENTS:
            raise Wrong(token.place, f"{token.text} takes 2 to {MOST_ARGUMENTS} numbers")
        return _extreme(_EXTREMES[token.text], given)

    def _choice(self) -> Term:
        """The rest of if(comparison, one, other)."""
        left = self._sum()
        sign = self._take(*_COMPARISONS) or self._fail("a comparison is missing, like eligible > 100")
        test = _compared(_COMPARISONS[sign], left, self._sum())
        self._end_with("sign", ",")
        one = self._sum()
        self._end_with("sign", ",")
        other = self._sum()
        self._end_with("sign", ")")
        return _chosen(test, one, other)

    def _take(self, *signs: str) -> str:
        """The next token if it is one of these signs, which is then done with; else "" ."""
        token = self.tokens[self.at]
        if token.kind != "sign" or token.text not in signs:
            return ""
        self.at += 1
        return token.text

    def _end_with(self, kind: str, text: str) -> None:
        token = self.tokens[self.at]
        if (token.kind, token.text) != (kind, text):
            self._fail(f"“{text}” is missing" if text else f"“{token.text[:40]}” is too much")
        self.at += 1

    def _fail(self, why: str) -> NoReturn:
        raise Wrong(self.tokens[self.at].place, why)


def _constant(token: _Token) -> Term:
    whole, _, places = token.text.partition(".")
    if len(whole.lstrip("0")) > 10 or int(whole[-11:]) > LARGEST or len(places) > MOST_PLACES:
        raise Wrong(token.place, f"numbers are at most {LARGEST}, with at most {MOST_PLACES} places")
    number = Fraction(token.text)
    return lambda look: number


def _named(name: str) -> Term:
    return lambda look: look(name)


def _negative(term: Term) -> Term:
    return lambda look: -term(look)


def _joined(sign: str, left: Term, right: Term) -> Term:
    if sign == "/":
        return lambda look: _divided(left(look), right(look))
    join = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
    return lambda look: Fraction(join(left(look), right(look)))


def _divided(over: Fraction, under: Fraction) -> Fraction:
    if not under:
        raise Undefined("the formula divides by zero")
    return over / under


def _rounded(mode: str, term: Term) -> Term:
    return lambda look: Fraction(round_to(term(look), mode))


def _extreme(choose: Callable[[Sequence[Fraction]], Fraction], terms: Sequence[Term]) -> Term:
    return lambda look: choose([term(look) for term in terms])


def _compared(compare: Callable[[Fraction, Fraction], bool], left: Term, right: Term) -> _Test:
    return lambda look: compare(left(look), right(look))


def _chosen(test: _Test, one: Term, other: Term) -> Term:
    return lambda look: one(look) if test(look) else other(look)
