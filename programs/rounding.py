"""How does an exact number become an integer? Source of the modes: semantics C2."""

from fractions import Fraction


def round_to(number: int | Fraction, mode: str) -> int:
    """The integer that the exact `number` is rounded to by "floor", "half_up", "half_even" or "ceil"."""
    return rounded(number.numerator, number.denominator, mode)


def rounded(over: int, under: int, mode: str) -> int:
    """The same of a quotient, which need not be in lowest terms; `under` is positive."""
    if mode == "floor":
        return over // under
    if mode == "ceil":
        return -(-over // under)
    if mode == "half_up":
        return (2 * over + under) // (2 * under)
    whole, rest = divmod(over, under)
    return whole + (2 * rest > under or (2 * rest == under and whole % 2 == 1))
