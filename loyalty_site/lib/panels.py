"""What is shown on a page besides its form? Tiles, tables and sentences as values; a template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from loyalty_site.lib import instants, money

#: A cell of a table: shown as text, HTML only where it was marked as safe.
Cell = str | int


class Unit(Protocol):
    """What points are counted in, e.g. a Currency."""

    @property
    def decimals(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Tile:
    """One number that catches the eye, with notes below it; `colour` is a CSS colour, `share` 0 to 100."""

    label: str
    value: str
    notes: Sequence[str] = ()
    colour: str = ""
    share: int | None = None


@dataclass(frozen=True, slots=True)
class Tiles:
    """Tiles beside each other; those of a page stand above everything else."""

    tiles: Sequence[Tile]
    kind = "tiles"


@dataclass(frozen=True, slots=True)
class Table:
    """`more` is a (text, address) pair that leads to the whole, `empty` what is said where no row is."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    empty: str = "Nothing yet."
    more: tuple[str, str] | None = None
    kind = "table"

    @property
    def as_component(self) -> dict[str, Sequence[str] | Sequence[Sequence[Cell]]]:
        """As the theme's table wants it."""
        return {"headers": self.headers, "rows": self.rows}


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences below each other, with numbers where they are steps."""

    title: str
    sentences: Sequence[str]
    are_steps: bool = False
    kind = "sentences"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on a bar, 0 to 100, and what is reached there; `above` the bar, or below it."""

    share: int
    label: str
    above: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """How far something is, 0 to 100, with marks of what can be reached."""

    label: str
    share: int
    marks: Sequence[Mark] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """Where somebody is: what it is about, what is held, how far the rest is, and all of it in words.

    `colour` is a CSS colour, `note` follows the `value`, a `warning` is what else catches the eye.
    """

    label: str
    value: str
    note: str = ""
    colour: str = ""
    warning: str = ""
    bars: Sequence[Bar] = ()
    sentences: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Cards:
    """Cards beside each other; those of a page stand above everything else but its tiles."""

    cards: Sequence[Card]
    kind = "cards"


Panel = Tiles | Cards | Table | Sentences


def address_of(row: Model) -> str:
    """Where the page of `row` is."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def link_to(row: Model, text: str) -> str:
    """A link to the page of `row`, for pages whose readers may all see it."""
    return format_html('<a class="text-link" href="{}">{}</a>', address_of(row), text)


def link(request: HttpRequest, row: Model, text: str = "") -> str:
    """A link to the page of `row` for those who may see it, else only its text."""
    meta = row._meta
    may_see = request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}")
    return link_to(row, text or str(row)) if may_see else text or str(row)


def moment(instant: datetime | None, zone: tzinfo, empty: str = "-") -> str:
    """An instant on the clocks of `zone`, or `empty` where there is none."""
    if instant is None:
        return empty
    here = instant.astimezone(zone)
    # By hand, because Django reads the format anew for each of the many moments of a list.
    return f"{here.day} {instants.MONTHS[here.month - 1][:3]} {here.year:04}, {here.hour:02}:{here.minute:02}"


def through(end: datetime | None, zone: tzinfo, empty: str = "never") -> str:
    """An end as people say it: the last usable day in `zone`, e.g. "31 December 2026" for the midnight after it."""
    return empty if end is None else instants.full_day(instants.last_day(end, zone))


def points(units: int, currency: Unit, *, signed: bool = False) -> str:
    """Points with the decimals of their currency, e.g. "+1.50"; `units` are its smallest ones."""
    sign = "+" if signed and units > 0 else ""
    return f"{sign}{money.render(units, currency.decimals)}"


def amount(units: int, iso: str) -> str:
    """Money in minor units with its currency, e.g. "12.34 EUR"; "-" when `iso` is empty and no money is meant."""
    return f"{money.render(units, money.exponent(iso))} {iso}" if iso else "-"


def dot(colour: str, text: str) -> str:
    """A text behind a dot of its colour."""
    return format_html('<span><span class="loyalty-dot" style="background:{}"></span>{}</span>', colour, text)


def struck(text: str) -> str:
    """A text that counts no more."""
    return format_html("<s>{}</s>", text)
