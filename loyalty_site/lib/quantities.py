"""How are quantities read and written? Whole units and thousandths of a further one inside, plain decimals outside.

What is sold by weight has up to three decimals: 0.35 kg are 350 thousandths.
"""

from fractions import Fraction

from loyalty_site.lib import money
from loyalty_site.lib.json_types import Json

#: A quantity has at most so many decimals,
DECIMALS = 3
#: and so many of its smallest parts make one unit.
UNIT = 1000


def parse(text: Json, *, field: str = "", largest: int = money.LARGEST) -> int:
    """The thousandths that `text` (str or int) says, e.g. "0.35" -> 350; `largest` counts in thousandths, too.

    `field` is the path of the value in what was sent. Raises BadNumber for what is no plain decimal number, has more
    than three decimals, or is too large.
    """
    return money.parse(text, DECIMALS, field=field, largest=largest)


def split(thousandths: int) -> tuple[int, int]:
    """(whole units, thousandths of a further one), as quantities are kept."""
    return divmod(thousandths, UNIT)


def exact(thousandths: int) -> int | Fraction:
    """The units themselves, a whole number where they are one."""
    whole, part = split(thousandths)
    return Fraction(thousandths, UNIT) if part else whole


def text(thousandths: int) -> str:
    """Plain decimal text without needless zeros: 1500 -> "1.5", 2000 -> "2"."""
    whole, part = split(thousandths)
    return f"{whole}.{part:03}".rstrip("0") if part else str(whole)


def text_of(units: int | Fraction) -> str:
    """The same of exact units, as `exact` makes them."""
    return text(int(units * UNIT))
