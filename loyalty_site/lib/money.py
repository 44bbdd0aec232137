"""How is money read and written? Integers of the minor unit inside, decimal text outside."""

import re
from collections.abc import Sequence
from decimal import Decimal

from loyalty_site.lib.json_types import Json
from loyalty_site.lib.refusals import Refused

#: ISO 4217 currencies whose minor unit is not a hundredth.
_EXPONENTS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
) | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)

#: ISO 4217 as of today; new ones appear now and then.
_ISO = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG "
    "QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD "
    "TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG".split()
)

#: Far above any real basket, far below what a 64-bit column holds.
LARGEST = 10**15

_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,12})?", re.ASCII)
#: Numbers of so many digits are below `LARGEST`.
_PLAIN_DIGITS = 15


class BadNumber(Refused):
    """A text is not a number, or not one that is possible here."""

    code = "invalid_number"


def is_iso(code: str) -> bool:
    """Whether ISO 4217 lists the currency `code`, as far as is known here."""
    return code in _ISO


def exponent(iso: str) -> int:
    """How many decimals the currency `iso` has: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(iso, 2)


def parse(text: Json, decimals: int, *, field: str = "", largest: int = LARGEST) -> int:
    """The integer of 10^-decimals units that `text` (str or int) says, e.g. ("12.34", 2) -> 1234.

    `field` is the path of the value in what was sent; `largest` counts in the same units.

    Raises BadNumber for anything else: floats, exponents, more decimals than the unit has, too large.
    """
    if isinstance(text, bool) or not isinstance(text, (str, int)):
        raise BadNumber('Write the number as decimal text, for example "12.34".', field=field)
    if isinstance(text, int):
        text = str(text) if abs(text) <= largest else "9" * 31
    units = plain(text, decimals)
    if units is not None and units <= largest:
        return units
    if not _NUMBER.fullmatch(text.strip()):
        raise BadNumber(
            'Write a plain decimal number of at most 30 digits, for example "12.34": '
            "no exponent, no thousands separator, no currency sign.",
            field=field,
        )
    exact = Decimal(text.strip()).scaleb(decimals)
    if exact != exact.to_integral_value():
        raise BadNumber(f"At most {decimals} decimals are possible here.", field=field)
    if abs(exact) > largest:
        raise BadNumber(f"At most {render(largest, decimals)} is possible here.", field=field)
    return int(exact)


def plain(text: str, decimals: int) -> int | None:
    """What `parse` reads of a number without a sign that has just the decimals of its unit: nearly all of them, and
    quickly. None for every other text."""
    whole, point, part = text.partition(".")
    digits = whole + part
    if not whole or len(part) != decimals or bool(point) != bool(decimals) or len(digits) > _PLAIN_DIGITS:
        return None
    return int(digits) if digits.isascii() and digits.isdecimal() else None


def render(units: int, decimals: int) -> str:
    """The decimal text of `units` of 10^-decimals, e.g. (1234, 2) -> "12.34"."""
    if not decimals:
        return str(units)
    whole, rest = divmod(abs(units), 10**decimals)
    return f"{'-' if units < 0 else ''}{whole}.{rest:0{decimals}d}"


def shortest(number: Decimal | int | str) -> str:
    """A number as decimal text without needless zeros: 1, 1.0 and 1.000 are the same.

    Raises ArithmeticError for what is no number.
    """
    text = f"{Decimal(str(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def divide(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in proportion to `weights`, to the last unit; nothing where they weigh nothing."""
    whole, so_far, given = sum(weights) or 1, 0, 0
    shares: list[int] = []
    for weight in weights:
        so_far += weight
        share = total * so_far // whole - given
        given += share
        shares.append(share)
    return shares
