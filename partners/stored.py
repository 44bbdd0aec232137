"""How is what happened kept as plain JSON, and read again years later?"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from loyalty_site.lib.json_types import Json, JsonObject
from partners.activity import Line, Occasion, PointsPaid, Refunded, Reversal

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
#: Fields by name as `dump` stored them: their types are known to be right, but no annotation can say which has which.
_Stored: TypeAlias = dict[str, Any]  # type: ignore[explicit-any]


def dump(item: "DataclassInstance") -> JsonObject:
    """The plain JSON of an item, without what is at its default."""
    values: JsonObject = {}
    for name, default in _defaults(type(item)):
        value = getattr(item, name)
        if value is default or value == default:
            continue
        if isinstance(value, date):  # an instant is one, too
            value = value.isoformat()
        elif isinstance(value, tuple):
            value = [dump(part) for part in value]
        elif isinstance(value, PointsPaid | Occasion):
            value = dump(value)
        values[name] = value
    return values


@cache
def _defaults(kind: type["DataclassInstance"]) -> tuple[tuple[str, object], ...]:
    """(name, default) of the fields of the dataclass `kind`; what has none equals nothing."""
    return tuple((each.name, {} if each.default_factory is dict else each.default) for each in fields(kind))


def load(kind: type[T], values: Mapping[str, Json]) -> T:
    """The item of class `kind` that `dump` made `values` of."""
    known: _Stored = dict(values)
    if known.get("activity_at"):
        known["activity_at"] = datetime.fromisoformat(known["activity_at"])
    for name in ("usable_through", "available_from"):
        if known.get(name):
            known[name] = date.fromisoformat(known[name])
    if "lines" in known:
        part = Refunded if kind is Reversal else Line
        known["lines"] = tuple(part(**line) for line in known["lines"])
    if "redeem" in known:
        known["redeem"] = PointsPaid(**known["redeem"])
    if "occasion" in known:
        said = known["occasion"]
        known["occasion"] = Occasion(date.fromisoformat(said["on"]), said["years"], said["rules"])
    return kind(**known)
