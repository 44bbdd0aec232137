"""Which amount does a cell say, in the notation that the mapping describes?"""

import re
import unicodedata

from loyalty_site.lib import money
from transactions.imports import cells, money_signs
from transactions.imports.cells import Misread
from transactions.imports.mapping import Mapping

_MINUS = "-\u2212\u2013\ufe63\uff0d"
_NUMBER = re.compile(r"\d(?:.*\d)?", re.ASCII)
#: What East Asian systems write in the width of their letters, as the same characters that others write.
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0xFFE0 + n: sign for n, sign in enumerate("¢£")}
_NARROW |= {0xFFE5: "¥", 0xFFE6: "₩", 0x3000: " "}
#: Beside a number: minus signs and brackets, which are counted, and marks of the direction of a text.
_BESIDE = re.compile(f"[{_MINUS}()\u00a0\u202f\u200e\u200f\u061c\u2066-\u2069]")
_WITHOUT_SIGN = ("discount", "line_discount", "refund")


def read(name: str, text: str, mapping: Mapping, iso: str, decimals: int) -> int:
    """The amount of the field `name` in minor units of the currency `iso`. Raises Misread, money.BadNumber."""
    is_negative = False
    if mapping.signs and text and not text.isdigit():
        text, is_negative = _undressed(name, text, iso)
    elif mapping.negative == "refund" and text.startswith("-"):
        text, is_negative = text[1:], True
    text = cells.number(name, text, mapping)
    whole, _, part = text.partition(".")
    digits = whole + part
    # The ordinary number, recognised without a regular expression and a Decimal.
    if whole and len(part) == decimals and len(digits) <= 15 and digits.isascii() and digits.isdigit():
        return -int(digits) if is_negative else int(digits)
    if text.startswith("-"):
        raise below_zero(name)
    units = money.parse(text, decimals, field=name)
    return -units if is_negative else units


def below_zero(name: str) -> Misread:
    """What is wrong where the field `name` is below zero and no refund."""
    if name == "amount":
        detail = "A negative amount is no purchase: leave it out and reverse that, or say what it is by negative."
    elif name in _WITHOUT_SIGN:
        detail = f"Write the {name} without a minus sign, or set signs in the mapping: then -1.00 is 1.00 here."
    else:
        detail = f"The {name} of a purchase is 0 or more; leave it out, and say what came back as a refund."
    return Misread(detail, field=name)


def _undressed(name: str, text: str, iso: str) -> tuple[str, bool]:
    """(the bare number, whether it is negative). Raises Misread for the sign of another currency."""
    text = text.translate(_NARROW)
    found = _NUMBER.search(text)
    if not found:
        raise Misread("The cell holds no number.", field=name)
    before, behind = text[: found.start()], text[found.end() :]
    minus = sum(map((before + behind).count, _MINUS))
    is_open, is_closed = before.count("("), behind.count(")")
    signs = [*_signs(before), *_signs(behind)]
    for sign in signs:
        if not money_signs.may_mean(sign, iso):
            detail = f"“{sign[:10]}” is not {iso}, in which this amount is read; name the column of the currency."
            raise Misread(detail, field=name)
    codes = [sign for sign in signs if sign.upper() == iso]
    is_said_twice = len(codes) > 1 or len(signs) - len(codes) > 1
    if is_open != is_closed or minus + is_open > 1 or is_said_twice:
        detail = "Write one number, with at most a currency sign, a code and a minus sign or brackets."
        raise Misread(detail, field=name)
    return found[0], bool(minus or is_open)


def _signs(text: str) -> list[str]:
    """The signs and codes in what stands on one side of a number."""
    parts = _BESIDE.sub(" ", text).split()
    whole = "".join(parts)
    return [whole] if whole and money_signs.is_sign(whole) else parts


def is_negative(text: str, mapping: Mapping) -> bool:
    """Whether a cell says a refund, at a glance."""
    text = unicodedata.normalize("NFKC", text)
    marks = f"{_MINUS}(" if mapping.signs else "-"
    return mapping.negative == "refund" and any(mark in text for mark in marks)
