"""How are points of several currencies, and the terms of an adjustment, said in sentences?"""

from collections.abc import Iterator, Mapping

from loyalty_site.lib.instants import full_day
from loyalty_site.lib.panels import points
from partners.activity import Adjustment
from programs.models import Program


def points_in_words(program: Program, moved: Mapping[str, int] | None, *, signed: bool = False) -> str:
    """{currency code: smallest units} in words, e.g. "46 Points, 12 Status points"; unknown codes are left out."""
    currencies = {currency.code: currency for currency in program.currencies.all()}
    return ", ".join(
        f"{points(units, currencies[code], signed=signed)} {currencies[code].name}"
        for code, units in (moved or {}).items()
        if code in currencies
    )


def terms_of(item: Adjustment) -> Iterator[str]:
    """Sentences about what was said of an adjustment beside its points."""
    if item.available_from:
        yield f"It can be spent from {full_day(item.available_from)} on."
    if item.usable_through:
        yield f"It is usable through {full_day(item.usable_through)}."
    if item.partner:
        yield f"On behalf of the partner {item.partner}."
    if item.overdraw:
        yield "The balance may fall below zero."
