"""What can one field of a value hold? Limits stand at the fields in partners/activity.py; this reads and checks them.

`external_id: Annotated[str, Longest(128)]` is the only place that says 128: the ledger checks by it, the API
reads and describes by it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from loyalty_site.lib import beyond
from loyalty_site.lib.money import LARGEST
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.texts import wrong_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: The largest key of a row, in both databases.
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Longest:
    """A text has at most so many characters; an object as many when it is written as JSON."""

    characters: int


@dataclass(frozen=True, slots=True)
class Within:
    """A whole number from `least` to `largest`."""

    least: int = 0
    largest: int = LARGEST


@dataclass(frozen=True, slots=True)
class Most:
    """A list has at most so many items."""

    items: int


Limit: TypeAlias = Longest | Within | Most
L = TypeVar("L", Longest, Within, Most)
_Read: TypeAlias = "Callable[[DataclassInstance], tuple[Any, ...]]"

#: What senders call these fields of the values.
_SENT_AS = {"kind": "activity", "money": "currency", "journal_id": "transaction", "thousandths": "quantity"}
#: Of several texts that are wrong the first of these is refused, then the others as they are declared.
_REFUSED_FIRST = ("external_id", "kind", "money", "currency", "channel", "partner", "store", "code", "order")


@cache
def of(kind: type["DataclassInstance"]) -> Mapping[str, Limit]:
    """The limits of the fields of the dataclass `kind`, as they are declared; fields without one are left out."""
    return {
        each.name: limit
        for each in fields(kind)
        for limit in getattr(each.type, "__metadata__", ())
        if isinstance(limit, Limit)
    }


def longest(kind: type["DataclassInstance"], name: str) -> int:
    """How many characters the text `name` of the dataclass `kind` may have."""
    return _limit(kind, name, Longest).characters


def within(kind: type["DataclassInstance"], name: str) -> Within:
    """What the number `name` of the dataclass `kind` may be."""
    return _limit(kind, name, Within)


def most(kind: type["DataclassInstance"], name: str) -> int:
    """How many items the list `name` of the dataclass `kind` may have."""
    return _limit(kind, name, Most).items


def _limit(kind: type["DataclassInstance"], name: str, of_kind: type[L]) -> L:
    found = of(kind).get(name)
    if not isinstance(found, of_kind):
        raise TypeError(f"{kind.__name__}.{name} is not declared with {of_kind.__name__}.")
    return found


def texts(value: "DataclassInstance", prefix: str = "") -> Iterator[Refusal]:
    """What is wrong with the texts of a value; `prefix` is the path to it."""
    limits, read = _texts_of(type(value))
    for (name, limit), text in zip(limits, read(value), strict=True):
        if text == "":
            continue
        if name == "reason" and isinstance(text, str) and not text.strip() and _is_needed(type(value), name):
            # Its verb says that it is missing, which is more than that it is blank.
            continue
        if wrong := wrong_text(text):
            yield Refusal("invalid_text", wrong, field=prefix + _SENT_AS.get(name, name))
        elif len(text) > limit:
            yield Refusal(
                "text_too_long", beyond.characters(len(text), limit), field=prefix + _SENT_AS.get(name, name)
            )


@cache
def _is_needed(kind: type["DataclassInstance"], name: str) -> bool:
    """Whether nothing is assumed where the field `name` is left out."""
    return any(each.name == name and each.default is MISSING for each in fields(kind))


@cache
def _texts_of(kind: type["DataclassInstance"]) -> tuple[tuple[tuple[str, int], ...], "_Read"]:
    """(name, most characters) of each limited text of the dataclass `kind`, in the order of their refusals; and what
    reads them."""
    places = {name: place for place, name in enumerate(_REFUSED_FIRST)}
    found = {each.name: of(kind).get(each.name) for each in fields(kind) if _type_of(each) is str}
    limited = [(name, limit.characters) for name, limit in found.items() if isinstance(limit, Longest)]
    limited.sort(key=lambda text: places.get(text[0], len(places)))
    return tuple(limited), _reading([name for name, _ in limited])


def _reading(names: Sequence[str]) -> "_Read":
    """What reads these fields of a value: at once, where they are several, because every item of a batch is read."""
    return attrgetter(*names) if len(names) > 1 else lambda value: tuple(getattr(value, name) for name in names)


def _type_of(each: "Field[object]") -> object:
    """What the field holds, without its limits."""
    return getattr(each.type, "__origin__", each.type)


def numbers(value: "DataclassInstance", *names: str, prefix: str = "") -> Iterator[Refusal]:
    """What is wrong with the numbers of a value: with all that have limits, or those of `names`.

    Fields that may be None and are have nothing wrong with them; `prefix` is the path to the value.
    """
    limits, read = _numbers_of(type(value))
    for (name, limit, is_optional), found in zip(limits, read(value), strict=True):
        if names and name not in names:
            continue
        if type(found) is int and limit.least <= found <= limit.largest:
            continue
        if found is not None or not is_optional:
            detail = beyond.number(found, limit.least, limit.largest)
            yield Refusal("invalid_number", detail, field=prefix + _SENT_AS.get(name, name))


@cache
def _numbers_of(kind: type["DataclassInstance"]) -> tuple[tuple[tuple[str, Within, bool], ...], "_Read"]:
    """(name, limit, whether it may be None) of each limited number of the dataclass `kind`; and what reads them."""
    types = {each.name: _type_of(each) for each in fields(kind)}
    limited = [(name, limit) for name, limit in of(kind).items() if isinstance(limit, Within)]
    found = tuple((name, limit, types[name] is not int) for name, limit in limited)
    return found, _reading([name for name, _ in limited])
