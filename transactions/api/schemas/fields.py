"""What are the fields of requests made of? Of the limits of the values that they become."""

from datetime import date
from typing import TYPE_CHECKING, TypedDict, Unpack

from loyalty_site.lib import instants, quantities
from loyalty_site.lib.json_types import Json, JsonObject
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.schema_types import Drawing, Options, Quantity, SchemaType, Text, Whole
from partners import limits
from partners.activity import Line, Refunded

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class _OfLine(TypedDict, total=False):
    """What a Line says beside its quantity."""

    sku: str
    category: str
    amount: int
    tax: int
    discount: int
    labels: tuple[str, ...]
    attributes: JsonObject


def text(kind: type["DataclassInstance"], name: str, **options: Unpack[Options]) -> Text:
    """A text as long as the field `name` of the value `kind` may be."""
    return Text(limits.longest(kind, name), **options)


def whole(kind: type["DataclassInstance"], name: str, **options: Unpack[Options]) -> Whole:
    """A number within what the field `name` of the value `kind` may be."""
    limit = limits.within(kind, name)
    return Whole(limit.least, limit.largest, **options)


def quantity(kind: type[Line | Refunded], *, text: str) -> Quantity:
    """A number of units of the value `kind`."""
    return Quantity(limits.within(kind, "quantity").largest, text=text)


def line(quantity: int = quantities.UNIT, **others: Unpack[_OfLine]) -> Line:
    """The Line of `quantity` thousandths of a unit."""
    whole, part = quantities.split(quantity)
    return Line(quantity=whole, thousandths=part, **others)


def returned(position: int, amount: int, quantity: int = 0) -> Refunded:
    """The Refunded of `quantity` thousandths of a unit."""
    whole, part = quantities.split(quantity)
    return Refunded(position, amount, whole, thousandths=part)


def named(name: str, decimals: int) -> str:
    """The usual money gives the schema its components."""
    return name if decimals == 2 else ""


class AnyText(Text):
    """A text that has to be sent, and may be empty."""

    def __init__(self, longest: int, *, text: str) -> None:
        super().__init__(longest, required=True, text=text)
        self._shortest = 0

    def draw(self) -> Drawing:
        return {name: drawn for name, drawn in super().draw().items() if name != "minLength"}


class DayOrInstant(SchemaType[date]):
    """A day of the calendar, or an instant with its time zone."""

    def read(self, value: Json, field: str, errors: list[Refusal]) -> date | None:
        found = (instants.day(value) or instants.instant(value)) if type(value) is str else None
        if found is None:
            detail = "Write a day like 2026-12-31, or an instant with its time zone like 2026-12-31T12:00:00Z."
            errors.append(Refusal("invalid_day", detail, field))
        return found

    def draw(self) -> Drawing:
        return {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}
