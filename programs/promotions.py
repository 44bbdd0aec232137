"""What does a promotion ask of whoever may have it, beside its own conditions and dates? Pure."""

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar, overload

from loyalty_site.lib.json_types import ExactJson
from programs import checks
from programs.configuration import Configuration
from programs.rules.base import Basket, Facts
from programs.rules.conditions import reading
from programs.rules.conditions.base import Condition
from programs.rules.conditions.others import OnlyIf

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

    from programs.document.format import PromotionSpec

#: The names under which rules ask, see `Condition.needs`: the promotions in which the member has enrolled, of which
#: the member is left out, and of which a code that can be used was typed.
ENROLLED, LEFT_OUT, OWN_CODES = "enrolled", "left_out", "own_codes"

#: The hash of a member is a number modulo this prime, which SQL computes like Python: no step leaves 63 bits.
PRIME = 2_147_483_647


class _Gate(Condition):
    """A condition that no rule names: the promotion `code` makes it."""

    known_to_night = False
    words: ClassVar[str] = ""
    missed: ClassVar[str] = ""

    def __init__(self, code: str) -> None:
        self.code = code

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return self.code in facts.seen.get(self.needs, ())

    def miss(self, basket: Basket, facts: Facts) -> str:
        return self.missed

    def says(self) -> str:
        return self.words

    def asks(self) -> frozenset[str]:
        return frozenset({self.code})


class Enrolled(_Gate):
    """The member had enrolled in the promotion when it happened."""

    needs, words = ENROLLED, "for members who have enrolled"
    missed = "the member had not enrolled in the promotion"


class OwnCode(_Gate):
    """A code of the promotion's own list was typed, which can be used once more."""

    needs, words = OWN_CODES, "with a code of its list"
    missed = "no code of the promotion's list was given that can still be used"


class NotLeftOut(_Gate):
    """The member is not one of those who are left out to measure what the promotion brings."""

    needs, words = LEFT_OUT, "for who is not left out to compare"
    missed = "the member is left out of the promotion, to measure what it brings"

    def holds(self, basket: Basket, facts: Facts) -> bool:
        return self.code not in facts.seen.get(self.needs, ())


def problems(conditions: ExactJson) -> Iterator[checks.Problem]:
    """What is wrong with the conditions of a promotion by themselves."""
    wrong = list(checks.conditions(conditions))
    yield from wrong
    for one in [] if wrong else reading.written(conditions):
        if one.key == OnlyIf.key:
            words = "asks what rules give; ask that of the rules of the promotion"
            yield checks.Problem(f"conditions.{one.path}", words)


def gates(offer: "PromotionSpec") -> Iterator[Condition]:
    """The conditions that a promotion makes of its settings."""
    if offer["opt_in"]:
        yield Enrolled(offer["code"])
    if offer["uses_per_code"]:
        yield OwnCode(offer["code"])
    if offer["holdout_percent"]:
        yield NotLeftOut(offer["code"])


def left_out(configuration: Configuration, member_id: int, asked: Collection[str]) -> list[str]:
    """The promotions among those `asked` of which this member is left out, always the same ones."""
    program, offers = configuration.code, configuration.promotions
    # A list and no generator, because it is asked for each purchase.
    return [code for code in sorted(asked) if place(seeds(program, code), member_id) < offers[code].holdout_percent]


def stopped(configuration: Configuration, at: datetime) -> list[str]:
    """The promotions that count for nothing at this instant, because they were stopped by then."""
    return sorted(code for code, since in configuration.stopped.items() if since <= at)


@cache
def seeds(program: str, promotion: str) -> tuple[int, int, int]:
    """Three numbers below PRIME, the first not 0, that make one promotion divide members otherwise than others do."""
    text = blake2b(f"{program}/{promotion}".encode(), digest_size=12).digest()
    factor, shift, last = (int.from_bytes(text[n : n + 4]) % PRIME for n in (0, 4, 8))
    return factor or 1, shift, last


@overload
def place(numbers: tuple[int, int, int], member_id: int) -> int: ...
@overload
def place(numbers: tuple[int, int, int], member_id: "Combinable") -> "Combinable": ...
def place(numbers: tuple[int, int, int], member_id: "int | Combinable") -> "int | Combinable":
    """A number from 0 to 99 for a member, evenly spread; who is below the holdout percent is left out.

    Of an expression of the key it is the same as an expression, for the database to compute.
    """
    factor, shift, last = numbers
    first = (member_id % PRIME * factor + shift) % PRIME
    # The square, because a straight line would keep the order of members who enrolled one after the other.
    return (first * first + last) % PRIME % 100
