"""How are quantities read and written? Whole units and thousandths of a further one inside, plain decimals outside.

What is sold by weight has up to three decimals: 0.35 kg are 350 thousandths.
"""

from fractions import Fraction

from loyalty_site.lib import money
from loyalty_site.lib.json_types import Json

#: A quantity has at most so many decimals,
DECIMALS = 3
#: so many of its smallest parts make one unit,
UNIT = 1000
#: and no line has more units.
LARGEST = 10**6


def possible(largest: int = LARGEST) -> str:
    """What a quantity of at most so many units can be, in words that stand behind a verb."""
    return f"a number from 0 to {largest:,} with at most {DECIMALS} decimals."


def parse(text: Json, *, field: str = "", largest: int = LARGEST * UNIT) -> int:
    """The thousandths that `text` (str or int) says, e.g. "0.35" -> 350; `largest` counts in thousandths, too.

    `field` is the path of the value in what was sent. Raises BadNumber for what is no plain decimal number (an
    exponent, a separator), has more than three decimals, is below 0 or too large.
    """
    try:
        found = money.parse(text, DECIMALS, field=field, largest=largest)
    except money.BadNumber:
        found = -1
    if found < 0:
        raise money.BadNumber(f"Write {possible()}", field=field)
    return found


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
