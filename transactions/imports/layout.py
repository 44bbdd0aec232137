"""How is a foreign file written, and where do its values stand? What mappings of every kind of import have in common.

docs/import.md describes it for people. Every problem is reported with its path, like `fields.date.format`.
"""

import codecs
import json
import zoneinfo
from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Mapping as Names
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, TypedDict, cast

from loyalty_site.lib import notation
from loyalty_site.lib.json_types import ExactJson
from programs import document
from programs.checks import Problem, absurd, clipped
from transactions.imports.moments import ISO

WIDEST = 100_000
#: What a mapping says, by name.
Given: TypeAlias = Names[str, ExactJson]
_THOUSANDS = ("", ".", ",", " ", "'", "\u00a0", "\u202f")


class BadMapping(Exception):
    """The mapping cannot be used; `problems` says why, each with its path."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{p.path or 'mapping'}: {p.message}" for p in self.problems))


@dataclass(frozen=True, slots=True)
class Field:
    """Where a value stands. CSV: `column`, a name or a number from 1. Fixed width: `start`, from 0, up to `end`.

    `others` are names that the column may have instead. A file may lack the column of one that is `optional`: each
    row says nothing there.
    """

    target: str
    column: str | int = ""
    others: tuple[str, ...] = ()
    start: int = 0
    end: int = 0
    format: str = ISO
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a file is written and where its values stand, with what is the same for all rows. `enrol`: who is unknown
    becomes a member."""

    fields: tuple[Field, ...]
    constants: Names[str, str]
    format: str
    encoding: str
    delimiter: str
    quote: str
    header: bool
    skip_lines: int
    decimal: str
    thousands: str
    time_zone: str
    country: str
    enrol: bool
    final_line_end: bool

    @property
    def width(self) -> int:
        """How long a line of fixed width must be."""
        return max(field.end for field in self.fields)


class Settings(TypedDict):
    """How a file is written, without where its values stand."""

    format: str
    encoding: str
    delimiter: str
    quote: str
    header: bool
    skip_lines: int
    decimal: str
    thousands: str
    time_zone: str
    country: str
    enrol: bool
    final_line_end: bool


DEFAULTS: Settings = {
    "format": "csv",
    "encoding": "utf-8",
    "delimiter": ",",
    "quote": '"',
    "header": True,
    "skip_lines": 0,
    "decimal": ".",
    "thousands": "",
    "time_zone": "",
    "country": "",
    "enrol": False,
    "final_line_end": True,
}


class Checks(NamedTuple):
    """How the mappings of one kind of import are checked: the `names` and `defaults` of their settings, what
    `constants` there may be, an `example` of fields; and functions that give the Problems of the kind's own settings,
    of one entry of `fields` (target, entry, settings), and of all of them (fields, constants, settings)."""

    names: Collection[str]
    defaults: Names[str, object]
    constants: Collection[str]
    example: str
    own: Callable[[Given], Iterator[Problem]]
    field: Callable[[str, ExactJson, Given], Iterator[Problem]]
    whole: Callable[[Given, Given, Given], Iterator[Problem]]


class Parts(NamedTuple):
    """What a mapping is made of."""

    settings: dict[str, ExactJson]
    fields: tuple[Field, ...]
    constants: dict[str, str]


def read(raw: bytes, checks: Checks) -> Parts:
    """The Parts of the mapping in `raw` (bytes of JSON). Raises BadMapping."""
    try:
        value = document.read(raw)
    except document.Unreadable as error:
        raise BadMapping([Problem("", str(error))]) from None
    problems = list(_check(value, checks))
    if problems:
        raise BadMapping(problems)
    # What `_check` found nothing to say against has these types.
    given = cast(dict[str, ExactJson], value)
    settings = cast(dict[str, ExactJson], dict(checks.defaults))
    settings |= {name: given[name] for name in checks.defaults if name in given}
    settings["encoding"] = codecs.lookup(str(settings["encoding"])).name
    specs, is_fixed = cast(dict[str, ExactJson], given["fields"]), settings["format"] == "fixed"
    fields = tuple(field_of(target, spec, is_fixed=is_fixed) for target, spec in specs.items())
    return Parts(settings, fields, cast(dict[str, str], given.get("constants", {})))


def _check(value: ExactJson, checks: Checks) -> Iterator[Problem]:
    """Problems of a JSON value that is meant to be a mapping."""
    if not isinstance(value, dict):
        yield Problem("", "must be an object with fields")
        return
    yield from check_names(value, checks.names)
    wrong: list[Problem] = []
    settings = check_settings(value, wrong, checks.defaults)
    yield from wrong
    yield from check_writing(cast(Settings, settings))
    yield from checks.own(settings)
    constants = value.get("constants", {})
    yield from check_constants(constants, checks.constants)
    fields = value.get("fields")
    if not isinstance(fields, dict) or not fields:
        yield Problem("fields", f"must say where each value stands, for example {checks.example}")
        return
    for target, spec in fields.items():
        yield from (problem.under(f"fields.{clipped(target)}") for problem in checks.field(target, spec, settings))
    yield from checks.whole(fields, constants if isinstance(constants, dict) else {}, settings)


def field_of(target: str, spec: ExactJson, *, is_fixed: bool) -> Field:
    """The Field that an entry of `fields` describes, against which nothing was found."""
    given = spec if isinstance(spec, dict) else {"column": spec}
    pattern, is_optional = str(given.get("format", ISO)), bool(given.get("optional", False))
    if is_fixed:
        start, end = cast(int, given["from"]), cast(int, given["to"])
        return Field(target, start=start - 1, end=end, format=pattern)
    column = given["column"]
    first, *others = cast(list[str | int], column if isinstance(column, list) else [column])
    return Field(target, column=first, others=tuple(map(str, others)), format=pattern, optional=is_optional)


def check_names(value: Names[str, ExactJson], names: Collection[str]) -> Iterator[Problem]:
    """Problems of the names at the top of a mapping, which has `names`."""
    yield from absurd(value)
    for name in value.keys() - set(names):
        yield Problem(clipped(name), f"unknown; a mapping has {', '.join(names)}")


def check_settings(
    value: Names[str, ExactJson], settings: list[Problem], defaults: Names[str, object]
) -> dict[str, ExactJson]:
    """The settings of `value` with the `defaults` of those that are left out or wrong; problems go to `settings`."""
    wrong = [name for name, default in defaults.items() if type(value.get(name, default)) is not type(default)]
    settings += [Problem(name, f"must be like {json.dumps(defaults[name])}") for name in wrong]
    given = {name: value[name] for name in defaults if name in value and name not in wrong}
    return cast(dict[str, ExactJson], dict(defaults)) | given


def check_writing(given: Settings) -> Iterator[Problem]:
    """Problems of how the file is said to be written."""
    if given["format"] not in ("csv", "fixed"):
        yield Problem("format", "must be csv or fixed")
    for name, character in (("delimiter", given["delimiter"]), ("quote", given["quote"])):
        if len(character) != 1 or not character.isascii() or character in "\r\n\0":
            yield Problem(name, "must be one ASCII character, for example ; or \\t")
    if given["delimiter"] == given["quote"]:
        yield Problem("quote", "must differ from the delimiter")
    if given["decimal"] not in (".", ","):
        yield Problem("decimal", "must be . or ,")
    if given["thousands"] not in _THOUSANDS or given["thousands"] == given["decimal"]:
        yield Problem("thousands", "must be empty, or one of . , ' and space, and not the decimal sign")
    if not 0 <= given["skip_lines"] <= 1000:
        yield Problem("skip_lines", "must be from 0 to 1000")
    if given["time_zone"] and given["time_zone"] not in zoneinfo.available_timezones():
        yield Problem("time_zone", "is no IANA time zone; write it like Europe/Paris")
    if given["country"] and not notation.is_country(given["country"]):
        yield Problem("country", "is no country; write the two capital letters of ISO 3166, like FR")
    yield from _encoding(given["encoding"])


def _encoding(name: str) -> Iterator[Problem]:
    """Lines are cut at the byte of a line end, so ASCII must mean itself."""
    sample = "\r\n,;\t0aZ\"'"
    try:
        if sample.encode(name) != sample.encode("ascii") or not codecs.lookup(name)._is_text_encoding:
            raise LookupError
    except (LookupError, ValueError):
        yield Problem("encoding", "must be utf-8, cp1252, iso-8859-15 or alike; convert other files first")


def check_place(spec: ExactJson, settings: Settings, *, may_be_missing: bool = False) -> Iterator[Problem]:
    """Problems of where an entry of `fields` says that its value stands; some may be `optional`."""
    extra = {"format", "optional"} if may_be_missing else {"format"}
    names = {"from", "to"} if settings["format"] == "fixed" else {"column"}
    example = '{"from": 8, "to": 11}' if settings["format"] == "fixed" else '"Order date"'
    spec = {"column": spec} if isinstance(spec, (str, int, list)) and "column" in names else spec
    if not isinstance(spec, dict) or not names <= spec.keys() <= {*names, *extra}:
        yield Problem("", f"must be like {example}, or with a format beside it")
        return
    if type(spec.get("optional", False)) is not bool or ("optional" in spec and not settings["header"]):
        yield Problem("optional", "must be true or false, and needs a header in which the column may be missing")
    yield from _place(spec, settings)


def _place(spec: Names[str, ExactJson], settings: Settings) -> Iterator[Problem]:
    if settings["format"] == "fixed":
        start, end = spec["from"], spec["to"]
        if type(start) is not int or type(end) is not int or not 1 <= start <= end <= WIDEST:
            yield Problem("", f"from and to are the first and the last character, from 1 to {WIDEST}")
        return
    column = spec["column"]
    names = column if isinstance(column, list) and column else [column]
    if settings["header"] and not all(isinstance(name, str) and name for name in names):
        yield Problem("column", "must be the column's name in the header, or a list of the names that it may have")
    elif not settings["header"] and not (type(column) is int and 1 <= column <= 10_000):
        yield Problem("column", "must be the column's number, from 1, because the file has no header")


def check_constants(constants: ExactJson, possible: Collection[str]) -> Iterator[Problem]:
    """Problems of what is said to be the same for all rows; only `possible` names can be."""
    if not isinstance(constants, dict):
        yield Problem("constants", "must be an object of texts")
        return
    for name, text in constants.items():
        if name not in possible:
            yield Problem(f"constants.{clipped(name)}", f"unknown; possible are {', '.join(possible)}")
        elif not isinstance(text, str) or not text:
            yield Problem(f"constants.{name}", "must be a text")


def check_said_once(fields: Names[str, ExactJson], constants: Names[str, ExactJson]) -> Iterator[Problem]:
    """Problems of what is said by the rows and for all of them."""
    for name in sorted(fields.keys() & constants.keys()):
        yield Problem(f"constants.{name}", "stands in the fields already")
