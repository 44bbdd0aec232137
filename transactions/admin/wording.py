"""How are points of several currencies said in one sentence?"""

from collections.abc import Mapping

from loyalty_site.lib.panels import points
from programs.models import Program


def points_in_words(program: Program, moved: Mapping[str, int] | None, *, signed: bool = False) -> str:
    """{currency code: smallest units} in words, e.g. "46 Points, 12 Status points"; unknown codes are left out."""
    currencies = {currency.code: currency for currency in program.currencies.all()}
    return ", ".join(
        f"{points(units, currencies[code], signed=signed)} {currencies[code].name}"
        for code, units in (moved or {}).items()
        if code in currencies
    )
