"""What can a message name? The parts of its event, the member, the program, and where one unsubscribes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from loyalty_site.lib.json_types import Json
from partners import event_shapes
from programs.messages.speech import Points

#: What a template is given: plain values, never rows.
Value: TypeAlias = "str | int | bool | list[Value] | dict[str, Value]"

#: What a message says of the person, read when it is composed: {name: (what it is, an example)}.
PERSON = {
    "member.first_name": ("First name.", "Ada"),
    "member.last_name": ("Last name.", "Lovelace"),
    "member.name": ("The whole name, of a company that of the company.", "Ada Lovelace"),
    "member.language": ("Language of the person, like fr.", "en"),
}
PROGRAM = {"program.name": ("Name of the program.", "Alpine Club")}
UNSUBSCRIBE = "unsubscribe_url"
#: Numbers beside the code of a currency that are no points of it.
_NO_POINTS = frozenset({"days"})


@dataclass(frozen=True, slots=True)
class Single:
    """Something that can be written as it is; `is_number` can be summed."""

    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Several:
    """A list."""

    of: "Shape"


@dataclass(frozen=True, slots=True)
class Parts:
    """Something of which only the parts can be written."""

    parts: Mapping[str, "Shape"]


Shape: TypeAlias = Single | Several | Parts

#: What a loop knows of itself.
FORLOOP = Parts({name: Single(name not in ("first", "last")) for name in ("counter", "counter0", "first", "last")})


@dataclass(frozen=True, slots=True)
class Currency:
    """How points of it are written."""

    name: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Person:
    """What a message may say of whom it is for."""

    first_name: str = ""
    last_name: str = ""
    name: str = ""
    language: str = ""


@cache
def shape(event: str) -> Parts:
    """Everything that a message about `event` can name. Raises KeyError for a name that is no event."""
    parts: dict[str, Shape] = {}
    for one in event_shapes.variables(event).values():
        _put(parts, one.name.split("."), _shape_of(one))
    for name in (*PERSON, *PROGRAM, UNSUBSCRIBE):
        _put(parts, name.split("."), Single())
    own = dict(parts)
    parts["events"] = Several(Parts(own))
    parts["count"] = Single(is_number=True)
    return Parts(parts)


def _shape_of(one: event_shapes.Variable) -> Shape:
    if not isinstance(one.sample, list):
        is_number = isinstance(one.sample, int) and not isinstance(one.sample, bool)
        return Single(is_number)
    if not one.items:
        return Several(Single())
    items = {name: _shape_of_item(one, name) for name in one.items}
    return Several(Parts(items | ({"currency_name": Single()} if "currency" in items else {})))


def _shape_of_item(one: event_shapes.Variable, name: str) -> Single:
    first = one.sample[0] if isinstance(one.sample, list) and one.sample else {}
    return Single(isinstance(first, dict) and isinstance(first.get(name), int))


def _put(parts: dict[str, Shape], path: Sequence[str], found: Shape) -> None:
    """Put a shape into nested parts, which are dicts while they are made."""
    name, *rest = path
    if not rest:
        parts[name] = found
        if name == "currency":
            parts["currency_name"] = Single()
        return
    below = parts.setdefault(name, Parts({}))
    if isinstance(below, Parts) and isinstance(below.parts, dict):
        _put(below.parts, rest, found)


def names(known: Shape, prefix: str = "") -> Iterator[str]:
    """The names of all that can be written or gone through, in their order."""
    if isinstance(known, Parts):
        for name, inner in known.parts.items():
            yield from names(inner, f"{prefix}.{name}" if prefix else name)
    else:
        yield prefix


def described(event: str) -> list[tuple[str, str, str]]:
    """(name, what it is, an example) of all that a message about `event` can name, for those who write it."""
    texts: dict[str, tuple[str, Json]] = {
        one.name: (one.text, one.sample) for one in event_shapes.variables(event).values()
    }
    texts |= PERSON | PROGRAM
    texts |= {
        UNSUBSCRIBE: ("Where the member says that they want no more.", "https://…/u/…/"),
        "events": ("All that happened, in a message that tells of several; else the one.", []),
        "count": ("How many that are.", 1),
    }
    rows = []
    for name in names(shape(event)):
        text, example = texts.get(name, ("Name of the currency." if name.endswith("currency_name") else "", ""))
        shown = "a list" if isinstance(example, list) else "" if example is None else str(example)
        rows.append((name, text, shown))
    return rows


def values(
    told: Sequence[Mapping[str, Json]],
    *,
    person: Person,
    program: str,
    currencies: Mapping[str, Currency],
    unsubscribe_url: str = "",
) -> dict[str, Value]:
    """What a template is given: the `data` of the events that are `told`, the oldest first, and who is meant.

    The last event's parts have their names; all of them are in `events`.
    """
    events: list[dict[str, Value]] = [{name: dress(part, currencies) for name, part in data.items()} for data in told]
    found: dict[str, Value] = dict(events[-1])
    member = found.get("member")
    found["member"] = {
        **(member if isinstance(member, dict) else {}),
        "first_name": harmless(person.first_name),
        "last_name": harmless(person.last_name),
        "name": harmless(person.name),
        "language": person.language,
    }
    found["program"] = {"name": harmless(program)}
    found[UNSUBSCRIBE] = unsubscribe_url
    found["events"], found["count"] = list(events), len(events)
    return found


def dress(value: Json, currencies: Mapping[str, Currency]) -> Value:
    """A part of an event as a template is given it: numbers beside a currency are its points, null is nothing."""
    if isinstance(value, list):
        return [dress(one, currencies) for one in value]
    if not isinstance(value, dict):
        return "" if value is None else value if isinstance(value, str | int) else str(value)
    code = value.get("currency")
    currency = currencies.get(code) if isinstance(code, str) else None
    found: dict[str, Value] = {}
    for name, inner in value.items():
        is_points = currency and isinstance(inner, int) and not isinstance(inner, bool) and name not in _NO_POINTS
        found[name] = (
            Points(int(str(inner)), currency.decimals) if is_points and currency else dress(inner, currencies)
        )
    if isinstance(code, str):
        found["currency_name"] = currency.name if currency else code
    return found


def harmless(name: str) -> str:
    """A name on one line, in which no reader of mail finds an address: people choose their own names."""
    return " ".join(name.replace("://", " ").split())
