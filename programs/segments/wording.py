"""How are lists, numbers and spans said in the sentences of conditions?"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from loyalty_site.lib import instants

#: Of a long list so many are named.
_NAMED = 8


def either(texts: Sequence[str]) -> str:
    """One of several: “a, b or c”."""
    named = list(texts[:_NAMED])
    if len(texts) > _NAMED:
        named = [*named, f"{len(texts) - _NAMED} others"]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"


def number(value: Decimal | int) -> str:
    """A number without needless zeros: “1,250.5”."""
    text = format(value, ",f") if isinstance(value, Decimal) else f"{value:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def within(least: Decimal | int | None, most: Decimal | int | None) -> str:
    """A range: “at least 2”, “at most 5”, “2 to 5” or “exactly 2”."""
    if least is None:
        return f"at most {number(most or 0)}"
    if most is None:
        return f"at least {number(least)}"
    return f"exactly {number(least)}" if least == most else f"{number(least)} to {number(most)}"


def days(count: int) -> str:
    """“1 day”, “30 days”."""
    return f"{count:,} {'day' if count == 1 else 'days'}"


def day(value: date) -> str:
    """A day in full: “31 December 2026”."""
    return instants.full_day(value)
