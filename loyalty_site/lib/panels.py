"""What is shown on a page besides its form? Tiles, tables and sentences as values; a template draws them."""

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html

from loyalty_site.lib import money


@dataclass(frozen=True, slots=True)
class Tile:
    """One number that catches the eye, with notes below it; `colour` is a CSS colour, `share` 0 to 100."""

    label: str
    value: str
    notes: list = field(default_factory=list)
    colour: str = ""
    share: int | None = None


@dataclass(frozen=True, slots=True)
class Tiles:
    tiles: list
    kind = "tiles"


@dataclass(frozen=True, slots=True)
class Table:
    """`more` is a (text, address) pair that leads to the whole."""

    title: str
    headers: list
    rows: list
    empty: str = "Nothing yet."
    more: tuple = ()
    kind = "table"

    @property
    def as_component(self):
        return {"headers": self.headers, "rows": self.rows}


@dataclass(frozen=True, slots=True)
class Sentences:
    title: str
    sentences: list
    kind = "sentences"


def link(request, obj, text=""):
    """A link to the page of `obj` for those who may see it, else only its text."""
    text = text or str(obj)
    meta = obj._meta
    if not request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}"):
        return text
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[obj.pk])
    return format_html('<a class="text-link" href="{}">{}</a>', address, text)


def moment(instant, zone, empty="-"):
    """An instant on the clocks of `zone`."""
    return date_format(instant.astimezone(zone), "j M Y, H:i") if instant else empty


def points(units, currency, *, signed=False):
    """Points with the decimals of their currency, e.g. "+1.50"."""
    sign = "+" if signed and units > 0 else ""
    return f"{sign}{money.render(units, currency.decimals)}"


def amount(units, iso):
    """Money with its currency, e.g. "12.34 EUR"; nothing when no money is meant."""
    return f"{money.render(units, money.exponent(iso))} {iso}" if iso else "-"


def dot(colour, text):
    """A text behind a dot of its colour."""
    return format_html('<span><span class="loyalty-dot" style="background:{}"></span>{}</span>', colour, text)
