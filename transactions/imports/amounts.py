"""Which amount does a cell say, in the notation that the mapping describes?"""

import re
import unicodedata

from loyalty_site.lib import money
from transactions.imports import cells
from transactions.imports.cells import Misread
from transactions.imports.mapping import Mapping

#: Which currencies a sign may mean; a sign that is none of them is refused.
_SIGNS = {
    "$": "USD CAD AUD NZD MXN SGD HKD TWD ARS CLP COP",
    "US$": "USD",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "MX$": "MXN",
    "S$": "SGD",
    "HK$": "HKD",
    "R$": "BRL",
    "€": "EUR",
    "£": "GBP GIP FKP",
    "¥": "JPY CNY",
    "₹": "INR",
    "₩": "KRW",
    "₺": "TRY",
    "₽": "RUB",
    "₪": "ILS",
    "₴": "UAH",
    "₫": "VND",
    "฿": "THB",
    "₱": "PHP",
    "zł": "PLN",
    "kr": "SEK NOK DKK ISK",
    "kr.": "SEK NOK DKK ISK",
    "Kč": "CZK",
    "Ft": "HUF",
    "lei": "RON",
    "Fr.": "CHF",
    "R": "ZAR",
}
_MINUS = "-\u2212\u2013\ufe63\uff0d"
_NUMBER = re.compile(r"\d(?:.*\d)?", re.ASCII)


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
        raise Misread("A negative amount is no purchase: leave it out and reverse the purchase.", field=name)
    units = money.parse(text, decimals, field=name)
    return -units if is_negative else units


def _undressed(name: str, text: str, iso: str) -> tuple[str, bool]:
    """(the bare number, whether it is negative). Raises Misread for the sign of another currency."""
    found = _NUMBER.search(text)
    if not found:
        raise Misread("The cell holds no number.", field=name)
    before, behind = text[: found.start()], text[found.end() :]
    minus = sum(map((before + behind).count, _MINUS))
    is_open, is_closed = before.count("("), behind.count(")")
    bare = [part.strip(f"{_MINUS}() \u00a0\u202f") for part in (before, behind)]
    signs = [sign for sign in bare if sign]
    if is_open != is_closed or minus + is_open > 1 or len(signs) > 1:
        raise Misread("Write one number, with at most a currency sign and a minus sign or brackets.", field=name)
    for sign in signs:
        if iso not in _SIGNS.get(sign, sign.upper()).split():
            detail = f"“{sign[:10]}” is not {iso}, in which this amount is read; name the column of the currency."
            raise Misread(detail, field=name)
    return found[0], bool(minus or is_open)


def is_negative(text: str, mapping: Mapping) -> bool:
    """Whether a cell says a refund, at a glance."""
    text = unicodedata.normalize("NFKC", text)
    marks = f"{_MINUS}(" if mapping.signs else "-"
    return mapping.negative == "refund" and any(mark in text for mark in marks)
