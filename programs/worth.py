"""What are points worth, and how many does an amount of money cost? Pure and exact (semantics C2-R4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from loyalty_site.lib import money as moneys
from programs.configuration import Configuration, Currency


@dataclass(frozen=True, slots=True)
class Worth:
    """`points_used` in the currency's smallest unit buy `money_value` in the money's minor unit."""

    points_used: int
    money_value: int


def price(money_per_point: Decimal, *, major: int, unit: int = 1) -> Fraction:
    """Minor units of money for one smallest unit of points.

    `major`: minor units that make one unit of money; `unit`: smallest units that make one point.
    EUR 0.0075 a point (major 100, unit 1) is 3/4 of a cent.
    """
    if money_per_point <= 0:
        raise ValueError("points that are worth nothing cannot pay")
    return Fraction(money_per_point) * major / unit


def of_points(points: int, price: Fraction) -> Worth:
    """What `points` buy: money is rounded down, and points that add nothing to it are left to the member."""
    money = points * price.numerator // price.denominator
    return Worth(points_used=_cost(money, price), money_value=money)


def of_money(money: int, price: Fraction) -> Worth:
    """How many points `money` costs, rounded up."""
    return Worth(points_used=_cost(money, price), money_value=money)


def most_points(money: int, price: Fraction) -> int:
    """The most points that buy no more than `money`, whether or not the last of them add anything to it."""
    return -(-(money + 1) * price.denominator // price.numerator) - 1


def in_program(points: int, currency: Currency, program: Configuration) -> int | None:
    """What `points` of one of its currencies buy in minor units of its money; None where they buy nothing."""
    if not currency.point_value:
        return None
    return of_points(points, price(currency.point_value, major=program.major, unit=currency.unit)).money_value


def text(value: int | None, program: Configuration) -> str | None:
    """Minor units of the program's money as it is answered: as decimal text, None where there is nothing to tell."""
    return None if value is None else moneys.render(value, moneys.exponent(program.money))


def texts(points: Mapping[str, int], program: Configuration) -> dict[str, str]:
    """{currency code: what so many points are worth, as text}, of the currencies that buy something."""
    found = {
        code: text(in_program(units, program.currencies[code], program), program) for code, units in points.items()
    }
    return {code: value for code, value in found.items() if value is not None}


def _cost(money: int, price: Fraction) -> int:
    return -(-money * price.denominator // price.numerator)
