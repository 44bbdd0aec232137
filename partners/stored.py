"""How is what happened kept as plain JSON, and read again years later?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from loyalty_site.lib.json_types import Json, JsonObject
from partners.activity import Line, Occasion, PointsPaid, Refunded, Reversal

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
#: Fields by name as `dump` stored them: their types are known to be right, but no annotation can say which has which.
_Stored: TypeAlias = dict[str, Any]  # type: ignore[explicit-any]
#: What a field of an item may hold, and the parts of one that are items themselves.
_Held: TypeAlias = "Json | date | PointsPaid | Occasion | tuple[DataclassInstance | str, ...]"
_PARTS = (PointsPaid, Occasion)


def dump(item: "DataclassInstance") -> JsonObject:
    """The plain JSON of an item, without what is at its default."""
    names, defaults, read = _fields(type(item))
    values: JsonObject = {}
    for name, value, default in zip(names, read(item), defaults, strict=True):
        if value is default or value == default:
            continue
        if isinstance(value, date):  # an instant is one, too
            values[name] = value.isoformat()
        elif isinstance(value, tuple):
            values[name] = [part if isinstance(part, str) else dump(part) for part in value]
        else:
            values[name] = dump(value) if isinstance(value, _PARTS) else value
    return values


class _Fields(NamedTuple):
    """The fields of a dataclass: names, defaults (what has none equals nothing), and what reads the values of all."""

    names: tuple[str, ...]
    defaults: tuple[object, ...]
    read: "Callable[[DataclassInstance], tuple[_Held, ...]]"


@cache
def _fields(kind: type["DataclassInstance"]) -> _Fields:
    """The fields of the dataclass `kind`, which has more than one."""
    names = [each.name for each in fields(kind)]
    defaults: list[object] = [{} if each.default_factory is dict else each.default for each in fields(kind)]
    return _Fields(tuple(names), tuple(defaults), attrgetter(*names))


def _line(labels: Sequence[str] = (), **said: Any) -> Line:  # type: ignore[explicit-any]
    return Line(labels=tuple(labels), **said)


def load(kind: type[T], values: Mapping[str, Json]) -> T:
    """The item of class `kind` that `dump` made `values` of."""
    known: _Stored = dict(values)
    if known.get("activity_at"):
        known["activity_at"] = datetime.fromisoformat(known["activity_at"])
    for name in ("usable_through", "available_from"):
        if known.get(name):
            known[name] = date.fromisoformat(known[name])
    if "lines" in known:
        part = Refunded if kind is Reversal else _line
        known["lines"] = tuple(part(**line) for line in known["lines"])
    if "redeem" in known:
        known["redeem"] = PointsPaid(**known["redeem"])
    if "occasion" in known:
        said = known["occasion"]
        known["occasion"] = Occasion(date.fromisoformat(said["on"]), said["years"], said["rules"])
    return kind(**known)
