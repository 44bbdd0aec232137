"""How is a foreign file read? The mapping file: checked whole before the first row is looked at.

docs/import.md describes it for people. Every problem is reported with its path, like `fields.date.format`.
"""

import codecs
import json
import zoneinfo
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as Names
from dataclasses import dataclass
from typing import TypedDict, cast

from loyalty_site.lib import notation
from loyalty_site.lib.json_types import ExactJson
from programs import document
from programs.checks import Problem, absurd, clipped
from transactions.imports import moments
from transactions.imports.moments import ISO

#: What a row can say, by the kind of value that is expected.
IDENTIFIERS = ("number", "card", "customer", "email", "phone")
#: By which of them somebody new is known from then on.
ENROLLED_BY = ("customer", "card", "email", "phone")
MONEY = ("amount", "tax", "shipping", "gift_card", "points_value")
MOMENTS = ("date", "time", "birth_date")
TEXTS = ("external_id", "kind", "money", "channel", "partner", "store", "code", "sku", "category", "order")
PERSON = ("first_name", "last_name", "company_name", "language")
#: What each row of an order says of its own line.
LINE = ("sku", "category", "quantity", "line_amount", "line_price")
TARGETS = tuple(dict.fromkeys((*IDENTIFIERS, *MONEY, *MOMENTS, *TEXTS, *PERSON, *LINE)))
#: What may be the same for all rows.
CONSTANTS = ("kind", "money", "channel", "partner", "store", "code", "sku", "category", "language")
WIDEST = 100_000
_THOUSANDS = ("", ".", ",", " ", "'", "\u00a0", "\u202f")


class BadMapping(Exception):
    """The mapping cannot be used; `problems` says why, each with its path."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{p.path or 'mapping'}: {p.message}" for p in self.problems))


@dataclass(frozen=True, slots=True)
class Field:
    """Where a value stands. CSV: `column`, a name or a number from 1. Fixed width: `start`, from 0, up to `end`."""

    target: str
    column: str | int = ""
    start: int = 0
    end: int = 0
    format: str = ISO


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping. `enrol`: unknown customers become members."""

    format: str
    fields: tuple[Field, ...]
    constants: Names[str, str]
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    skip_lines: int = 0
    decimal: str = "."
    thousands: str = ""
    time_zone: str = ""
    country: str = ""
    enrol: bool = False
    final_line_end: bool = True

    @property
    def targets(self) -> set[str]:
        """What a row says."""
        return {field.target for field in self.fields}

    @property
    def width(self) -> int:
        """How long a line of fixed width must be."""
        return max(field.end for field in self.fields)


class Settings(TypedDict):
    """How the file is written, without where its values stand."""

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


_DEFAULTS: Settings = {
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
_NAMES = (*_DEFAULTS, "fields", "constants", "comment")


def read(raw: bytes) -> Mapping:
    """The Mapping in `raw` (bytes of JSON). Raises BadMapping."""
    try:
        value = document.read(raw)
    except document.Unreadable as error:
        raise BadMapping([Problem("", str(error))]) from None
    problems = list(check(value))
    if problems:
        raise BadMapping(problems)
    # What `check` found nothing to say against has these types.
    given = cast(dict[str, ExactJson], value)
    settings = cast(Settings, _DEFAULTS | {name: given[name] for name in _DEFAULTS if name in given})
    settings["encoding"] = codecs.lookup(settings["encoding"]).name
    specs = cast(dict[str, ExactJson], given["fields"])
    fields = [_field(target, spec, settings["format"] == "fixed") for target, spec in specs.items()]
    return Mapping(fields=tuple(fields), constants=cast(dict[str, str], given.get("constants", {})), **settings)


def _field(target: str, spec: ExactJson, is_fixed: bool) -> Field:
    given = cast(Names[str, str | int], spec if isinstance(spec, dict) else {"column": spec})
    pattern = str(given.get("format", ISO))
    if is_fixed:
        return Field(target, start=int(given["from"]) - 1, end=int(given["to"]), format=pattern)
    return Field(target, column=given["column"], format=pattern)


def check(value: ExactJson) -> Iterator[Problem]:
    """Problems of a JSON value that is meant to be a mapping."""
    if not isinstance(value, dict):
        yield Problem("", "must be an object with fields")
        return
    yield from absurd(value)
    for name in value.keys() - set(_NAMES):
        yield Problem(clipped(name), f"unknown; a mapping has {', '.join(_NAMES)}")
    wrong = [name for name, default in _DEFAULTS.items() if type(value.get(name, default)) is not type(default)]
    for name in wrong:
        yield Problem(name, f"must be like {json.dumps(cast(Names[str, ExactJson], _DEFAULTS)[name])}")
    given = {name: value[name] for name in _DEFAULTS if name in value and name not in wrong}
    settings = cast(Settings, _DEFAULTS | given)
    yield from _settings(settings)
    constants = value.get("constants", {})
    yield from _constants(constants)
    fields = value.get("fields")
    if not isinstance(fields, dict) or not fields:
        yield Problem("fields", 'must say where each value stands, for example {"date": "Order date"}')
        return
    for target, spec in fields.items():
        yield from (problem.under(f"fields.{clipped(target)}") for problem in _spec(target, spec, settings))
    yield from _whole(fields, constants if isinstance(constants, dict) else {}, settings)


def _settings(given: Settings) -> Iterator[Problem]:
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


def _constants(constants: ExactJson) -> Iterator[Problem]:
    if not isinstance(constants, dict):
        yield Problem("constants", "must be an object of texts")
        return
    for name, text in constants.items():
        if name not in CONSTANTS:
            yield Problem(f"constants.{clipped(name)}", f"unknown; possible are {', '.join(CONSTANTS)}")
        elif not isinstance(text, str) or not text:
            yield Problem(f"constants.{name}", "must be a text")


def _spec(target: str, spec: ExactJson, settings: Settings) -> Iterator[Problem]:
    """Problems of one entry of `fields`."""
    if target not in TARGETS:
        yield Problem("", f"unknown; a row can say {', '.join(TARGETS)}")
        return
    names = {"from", "to"} if settings["format"] == "fixed" else {"column"}
    example = '{"from": 8, "to": 11}' if settings["format"] == "fixed" else '"Order date"'
    spec = {"column": spec} if isinstance(spec, (str, int)) and "column" in names else spec
    if not isinstance(spec, dict) or not names <= spec.keys() <= {*names, "format"}:
        yield Problem("", f"must be like {example}, or with a format beside it")
        return
    yield from _place(spec, settings)
    if "format" in spec:
        yield from _format(target, spec["format"])


def _place(spec: Names[str, ExactJson], settings: Settings) -> Iterator[Problem]:
    if settings["format"] == "fixed":
        start, end = spec["from"], spec["to"]
        if type(start) is not int or type(end) is not int or not 1 <= start <= end <= WIDEST:
            yield Problem("", f"from and to are the first and the last character, from 1 to {WIDEST}")
        return
    column = spec["column"]
    if settings["header"] and not (isinstance(column, str) and column):
        yield Problem("column", "must be the column's name in the header")
    elif not settings["header"] and not (type(column) is int and 1 <= column <= 10_000):
        yield Problem("column", "must be the column's number, from 1, because the file has no header")


def _format(target: str, pattern: ExactJson) -> Iterator[Problem]:
    if target not in MOMENTS:
        yield Problem("format", f"is only for {', '.join(MOMENTS)}")
        return
    problem = moments.problem_of(pattern, is_time=target == "time")
    if problem:
        yield Problem("format", problem)


def _whole(fields: Names[str, ExactJson], constants: Names[str, ExactJson], settings: Settings) -> Iterator[Problem]:
    """Problems of the fields together."""
    if not set(IDENTIFIERS) & fields.keys():
        yield Problem("fields", f"must name the member by one of {', '.join(IDENTIFIERS)}")
    if settings["enrol"] and not set(ENROLLED_BY) & fields.keys():
        names = " or ".join(ENROLLED_BY[1:])
        yield Problem("fields.customer", f"is missing, or {names}: whoever is enrolled must be found again")
    if "date" not in fields:
        yield Problem("fields.date", "is missing: without it points cannot be dated")
    if "amount" not in fields and "kind" not in fields and constants.get("kind", "purchase") == "purchase":
        yield Problem("fields.amount", "is missing; for other things than purchases set constants.kind")
    for name in sorted(fields.keys() & constants.keys()):
        yield Problem(f"constants.{name}", "stands in the fields already")
    yield from _order(fields.keys())


def _order(targets: Collection[str]) -> Iterator[Problem]:
    """Problems of the fields of which the rows of one order are made."""
    worth = {"line_amount", "line_price"} & {*targets}
    if "order" in targets and "external_id" in targets:
        yield Problem("fields.order", "takes the place of external_id; leave one of them out")
    if "order" in targets and {*LINE} & {*targets} and len(worth) != 1:
        yield Problem(
            "fields.line_amount", "or line_price must say, one of them, how an order is divided over its rows"
        )
    if "order" not in targets and worth:
        yield Problem(f"fields.{min(worth)}", "is for orders of several rows; name the column of the order")
