"""Which JSON values do we take and give? Types that read a value, and draw themselves in the API's schema.

One declaration serves both, so the documentation cannot drift from what is accepted. Reading is plain code
without reflection, because a batch holds a thousand items. Validation libraries were measured and are not
quicker at this strictness: numbers with a fraction that stay text, null that is the same as leaving a field
out, mistakes in the order in which they were sent, and amounts in minor units all need Python of ours.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from typing import Generic, TypeAlias, TypedDict, TypeVar, Unpack

from loyalty_site.lib import beyond, instants, money, quantities
from loyalty_site.lib import json_types as json
from loyalty_site.lib.refusals import Refusal, Refused
from loyalty_site.lib.texts import STORABLE_PATTERN, wrong_text

T_co = TypeVar("T_co", covariant=True)
#: An amount with nothing around it.
_BARE = re.compile(r"-?[0-9.]+")
#: A JSON Schema (draft 2020-12), as far as it is drawn.
Drawing: TypeAlias = json.JsonObject


class Options(TypedDict, total=False):
    """What every type can be declared with."""

    required: bool
    null: bool
    text: str


class SchemaType(Generic[T_co]):
    """A kind of JSON value that is read as a T_co.

    `required` ones must be given, `null` ones may be null in what we answer; `text` describes it to developers.
    """

    def __init__(self, *, required: bool = False, null: bool = False, text: str = "") -> None:
        self.required, self.null, self.text = required, null, text

    def read(self, value: json.Json, field: str, errors: list[Refusal]) -> T_co | None:
        """The value as our code uses it; where it does not fit, appends a Refusal of the path `field` to `errors`,
        and what is returned means nothing."""
        raise NotImplementedError

    def draw(self) -> Drawing:
        """The JSON Schema of what `read` takes, without null and description."""
        raise NotImplementedError

    def schema(self) -> Drawing:
        """The JSON Schema of what we take or give."""
        drawn = or_null(self.draw()) if self.null else self.draw()
        return drawn | ({"description": self.text} if self.text else {})


def or_null(drawn: Drawing) -> Drawing:
    """The schema of what `drawn` describes, or null."""
    if "$ref" in drawn:
        return {"oneOf": [drawn, {"type": "null"}]}
    wider: Drawing = {}
    kinds, choices = drawn.get("type"), drawn.get("enum")
    if isinstance(kinds, str | list):
        wider["type"] = [*([kinds] if isinstance(kinds, str) else kinds), "null"]
    if isinstance(choices, list):
        wider["enum"] = [*choices, None]
    return drawn | wider


class Text(SchemaType[str]):
    """Text of at most `longest` characters; `hint` says what to send instead of what `pattern` does not fit."""

    def __init__(
        self,
        longest: int,
        *,
        pattern: str = "",
        hint: str = "",
        choices: Iterable[str] = (),
        **options: Unpack[Options],
    ) -> None:
        super().__init__(**options)
        self.longest, self.hint, self.choices = longest, hint, tuple(choices)
        self.pattern = re.compile(pattern, re.ASCII) if pattern else None
        self._shortest = 1 if self.required else 0
        self._is_free = not (self.choices or self.pattern)

    def read(self, value: json.Json, field: str, errors: list[Refusal]) -> str | None:
        # A number with a fraction is kept as a subclass of str: no text.
        if type(value) is not str:
            errors.append(Refusal("invalid_type", "Send text in quotation marks.", field))
            return None
        is_plain = value.isascii() and "\0" not in value and not value.isspace()
        if not (is_plain and self._is_free and self._shortest <= len(value) <= self.longest):
            errors += self._wrong(value, field)
        return value

    def _wrong(self, value: str, field: str) -> list[Refusal]:
        """The Refusal of a text, if it deserves one."""
        if wrong := wrong_text(value):
            return [Refusal("invalid_text", wrong, field)]
        if len(value) > self.longest:
            return [Refusal("text_too_long", beyond.characters(len(value), self.longest), field)]
        if self.required and not value:
            return [Refusal("field_missing", "It must not be empty.", field)]
        if self.choices and value not in self.choices:
            return [Refusal("invalid_choice", f"Choose one of {', '.join(self.choices)}.", field)]
        if self.pattern and value and not self.pattern.fullmatch(value):
            return [Refusal("invalid_text", self.hint, field)]
        return []

    def draw(self) -> Drawing:
        if self.choices:
            return {"type": "string", "enum": list(self.choices)}
        drawn: Drawing = {"type": "string", "maxLength": self.longest, "pattern": self._drawn_pattern()}
        return drawn | ({"minLength": 1} if self.required else {})

    def _drawn_pattern(self) -> str:
        """The own pattern, which an empty text need not fit, or that of all texts."""
        if not self.pattern:
            return STORABLE_PATTERN
        return f"^{self.pattern.pattern}$" if self.required else f"^({self.pattern.pattern})?$"


class Whole(SchemaType[int]):
    """A whole number from `least` to `largest`; 5.0 and "5" are none."""

    def __init__(self, least: int = 0, largest: int = money.LARGEST, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self.least, self.largest = least, largest

    def read(self, value: json.Json, field: str, errors: list[Refusal]) -> int | None:
        if type(value) is int and self.least <= value <= self.largest:
            return value
        errors.append(Refusal("invalid_number", beyond.number(value, self.least, self.largest), field))
        return None

    def draw(self) -> Drawing:
        return {"type": "integer", "format": "int64", "minimum": self.least, "maximum": self.largest}


class NotZero(Whole):
    """A whole number that moves something; who takes it refuses 0 in the words of its own."""

    def draw(self) -> Drawing:
        return super().draw() | {"not": {"const": 0}}


class Money(SchemaType[int]):
    """An amount, read as minor units of a money with so many decimals.

    Decimal text, or a JSON number, which is read as the text that it was written as; never by a float.
    """

    def __init__(self, decimals: int = 2, **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self.decimals = decimals

    def read(self, value: json.Json, field: str, errors: list[Refusal]) -> int | None:
        if isinstance(value, str) and (plain := money.plain(value, self.decimals)) is not None:
            return plain
        try:
            units = money.parse(value, self.decimals, field=field)
            if isinstance(value, str) and not _BARE.fullmatch(value):
                # A cell of a file or a form may have them; in a program's message they are a mistake.
                raise money.BadNumber("Send the amount without blanks, line ends and +.", field=field)
        except Refused as refused:
            errors.append(refused.refusal)
            return None
        if units < 0:
            detail = f"{value} is below 0: send 0 or more; what is taken back is a reversal."
            errors.append(Refusal("invalid_number", detail, field))
        return units

    def draw(self) -> Drawing:
        pattern = r"^\d{1,16}(\.\d{1,3})?$"
        return {"type": ["string", "number"], "pattern": pattern, "minimum": 0, "examples": ["12.34"]}


class Quantity(SchemaType[int]):
    """A number of units with up to three decimals, read as thousandths: a JSON number or decimal text, no float."""

    def __init__(self, largest: int, **options: Unpack[Options]) -> None:
        """`largest` counts in units."""
        super().__init__(**options)
        self.largest = largest

    def read(self, value: json.Json, field: str, errors: list[Refusal]) -> int | None:
        if type(value) is int and 0 <= value <= self.largest:
            return value * quantities.UNIT
        if not isinstance(value, str) or _BARE.fullmatch(value):
            with suppress(Refused):
                return quantities.parse(value, field=field, largest=self.largest * quantities.UNIT)
        errors.append(Refusal("invalid_number", f"Send {quantities.possible(self.largest)}", field))
        return None

    def draw(self) -> Drawing:
        drawn: Drawing = {"type": ["number", "string"], "pattern": r"^\d{1,7}(\.\d{1,3})?$"}
        return drawn | {"minimum": 0, "maximum": self.largest, "examples": [2, "0.35"]}


class Number(SchemaType[float]):
    """A plain JSON number that we answer: whole, or with a few decimals."""

    def draw(self) -> Drawing:
        return {"type": "number"}


class DecimalText(SchemaType[str]):
    """What we answer for money and exact numbers."""

    def draw(self) -> Drawing:
        return {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}


class Instant(SchemaType[datetime]):
    """An instant with its time zone as RFC 3339 writes it, read in UTC."""

    def read(self, value: json.Json, field: str, errors: list[Refusal]) -> datetime | None:
        found = instants.instant(value) if type(value) is str else None
        if found is None:
            detail = "Write the instant with its time zone, for example 2026-03-09T17:30:00Z."
            errors.append(Refusal("invalid_instant", detail, field))
        return found

    def draw(self) -> Drawing:
        return {"type": "string", "format": "date-time"}


class Day(SchemaType[date]):
    """A day of the calendar, like 1984-03-09."""

    def read(self, value: json.Json, field: str, errors: list[Refusal]) -> date | None:
        found = instants.day(value) if type(value) is str else None
        if found is None:
            errors.append(Refusal("invalid_day", "Write the date like 1984-03-09.", field))
        return found

    def draw(self) -> Drawing:
        return {"type": "string", "format": "date"}


class Truth(SchemaType[bool]):
    """true or false, and no word or number for them."""

    def read(self, value: json.Json, field: str, errors: list[Refusal]) -> bool | None:
        if type(value) is bool:
            return value
        errors.append(Refusal("invalid_type", "Send true or false.", field))
        return None

    def draw(self) -> Drawing:
        return {"type": "boolean"}


class Json(SchemaType[json.JsonObject]):
    """Any JSON object; who keeps it decides what it can hold."""

    def read(self, value: json.Json, field: str, errors: list[Refusal]) -> json.JsonObject | None:
        if type(value) is dict:
            return value
        errors.append(Refusal("invalid_type", "Send an object.", field))
        return None

    def draw(self) -> Drawing:
        return {"type": "object", "additionalProperties": True}
