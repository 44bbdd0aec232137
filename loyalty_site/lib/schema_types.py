"""Which JSON values do we take and give? Shapes that read a value and that draw themselves in the API schema.

One declaration serves both, so the documentation cannot drift from what is accepted. Reading is plain code
without reflection, because a batch holds a thousand items.
"""

import re
from contextlib import suppress
from datetime import UTC, date, datetime

from loyalty_site.lib import money
from loyalty_site.lib.refusals import Refusal, Refused

#: Years in which anything that a loyalty program speaks of can lie; both databases and `datetime` bear them.
FIRST_YEAR, LAST_YEAR = 1900, 2199

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TELLABLE = re.compile(r"[\w.-]{1,40}", re.ASCII)

#: Every object with a name, for the components of the schema.
named = {}


class Shape:
    """A kind of value. `required` ones must be given, `null` ones may be null in what we answer."""

    def __init__(self, *, required=False, null=False, text=""):
        self.required, self.null, self.text = required, null, text

    def read(self, value, field, errors):
        """The value as our code uses it; appends a Refusal to `errors` where it does not fit."""
        raise NotImplementedError

    def draw(self):
        """The JSON Schema of what `read` takes, without null and description."""
        raise NotImplementedError

    def schema(self):
        drawn = self.draw()
        if self.null:
            drawn = {"oneOf": [drawn, {"type": "null"}]} if "$ref" in drawn else drawn | _or_null(drawn)
        return drawn | ({"description": self.text} if self.text else {})


def _or_null(drawn):
    kinds = drawn.get("type", [])
    wider = {"type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]} if kinds else {}
    return wider | ({"enum": [*drawn["enum"], None]} if "enum" in drawn else {})


def is_text(value):
    """Whether both databases can hold it: neither takes half a surrogate pair, PostgreSQL takes no NUL."""
    if type(value) is not str or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


class Text(Shape):
    def __init__(self, longest, *, pattern="", hint="", choices=(), **options):
        super().__init__(**options)
        self.longest, self.hint, self.choices = longest, hint, tuple(choices)
        self.pattern = re.compile(pattern, re.ASCII) if pattern else None

    def read(self, value, field, errors):
        if type(value) is not str:
            errors.append(Refusal("invalid_type", "Send text in quotation marks.", field))
        elif not is_text(value):
            errors.append(Refusal("invalid_text", "Send Unicode text without NUL characters.", field))
        elif len(value) > self.longest:
            errors.append(Refusal("text_too_long", f"At most {self.longest} characters are possible.", field))
        elif self.required and not value:
            errors.append(Refusal("field_missing", "It must not be empty.", field))
        elif self.choices and value not in self.choices:
            errors.append(Refusal("invalid_choice", f"Choose one of {', '.join(self.choices)}.", field))
        elif self.pattern and value and not self.pattern.fullmatch(value):
            errors.append(Refusal("invalid_text", self.hint, field))
        return value

    def draw(self):
        drawn = {"type": "string", "maxLength": self.longest}
        if self.choices:
            return {"type": "string", "enum": list(self.choices)}
        return drawn | ({"minLength": 1} if self.required else {})


class Whole(Shape):
    """A whole number; 5.0 and "5" are none."""

    def __init__(self, least=0, largest=money.LARGEST, **options):
        super().__init__(**options)
        self.least, self.largest = least, largest

    def read(self, value, field, errors):
        if type(value) is not int or not self.least <= value <= self.largest:
            detail = f"Send a whole number from {self.least:,} to {self.largest:,}."
            errors.append(Refusal("invalid_number", detail, field))
        return value

    def draw(self):
        return {"type": "integer", "format": "int64", "minimum": self.least, "maximum": self.largest}


class Money(Shape):
    """Decimal text, or a JSON number, which is read as the text that it was written as; never by a float."""

    def __init__(self, decimals=2, **options):
        super().__init__(**options)
        self.decimals = decimals

    def read(self, value, field, errors):
        try:
            units = money.parse(value, self.decimals, field=field)
        except Refused as refused:
            errors.append(refused.refusal)
            return 0
        if units < 0:
            errors.append(Refusal("invalid_number", "Send 0 or more; what is taken back is a reversal.", field))
        return units

    def draw(self):
        pattern = r"^\d{1,16}(\.\d{1,3})?$"
        return {"type": ["string", "number"], "pattern": pattern, "minimum": 0, "examples": ["12.34"]}


class DecimalText(Shape):
    """What we answer for money and exact numbers."""

    def draw(self):
        return {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}


class Instant(Shape):
    def read(self, value, field, errors):
        found = instant(value) if type(value) is str else None
        if found is None:
            detail = "Write the instant with its time zone, for example 2026-03-09T17:30:00Z."
            errors.append(Refusal("invalid_instant", detail, field))
        return found

    def draw(self):
        return {"type": "string", "format": "date-time"}


class Day(Shape):
    def read(self, value, field, errors):
        found = None
        if type(value) is str and _DAY.fullmatch(value):
            with suppress(ValueError):
                found = date.fromisoformat(value)
        if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
            errors.append(Refusal("invalid_day", "Write the date like 1984-03-09.", field))
        return found

    def draw(self):
        return {"type": "string", "format": "date"}


class Truth(Shape):
    def read(self, value, field, errors):
        if type(value) is not bool:
            errors.append(Refusal("invalid_type", "Send true or false.", field))
        return value

    def draw(self):
        return {"type": "boolean"}


class Json(Shape):
    """Any JSON object; who keeps it decides what it can hold."""

    def read(self, value, field, errors):
        if type(value) is not dict:
            errors.append(Refusal("invalid_type", "Send an object.", field))
        return value

    def draw(self):
        return {"type": "object", "additionalProperties": True}


class Items(Shape):
    def __init__(self, of, *, least=0, most=None, **options):
        super().__init__(**options)
        self.of, self.least, self.most = of, least, most

    def read(self, value, field, errors):
        if type(value) is not list:
            errors.append(Refusal("invalid_type", "Send a list.", field))
        elif len(value) > self.most:
            errors.append(Refusal("too_many_items", f"At most {self.most:,} are possible here.", field))
        elif len(value) < self.least:
            errors.append(Refusal("field_missing", "It must not be empty.", field))
        else:
            return [self.of.read(item, f"{field}[{place}]", errors) for place, item in enumerate(value)]
        return []

    def draw(self):
        drawn = {"type": "array", "items": self.of.schema()}
        drawn |= {"minItems": self.least} if self.least else {}
        return drawn | ({"maxItems": self.most} if self.most else {})


class Map(Shape):
    """Values by code."""

    def __init__(self, of, **options):
        super().__init__(**options)
        self.of = of

    def draw(self):
        return {"type": "object", "additionalProperties": self.of.schema()}


class Fields(Shape):
    """An object that we are sent: unknown names are refused, null is the same as leaving a field out."""

    def __init__(self, name, fields, **options):
        super().__init__(**options)
        self.name, self.fields = name, fields
        self.musts = [field for field, shape in fields.items() if shape.required]
        if name in named:
            raise ValueError(f"There is a component {name} already.")
        if name:
            named[name] = self

    def read(self, value, field, errors):
        if type(value) is not dict:
            errors.append(Refusal("invalid_type", "Send an object.", field))
            return {}
        prefix, found = f"{field}." if field else "", {}
        for name, item in value.items():
            shape = self.fields.get(name)
            if shape is None:
                errors.append(self._unknown(name, prefix))
            elif item is not None:
                found[name] = shape.read(item, prefix + name, errors)
        for name in self.musts:
            if name not in found:
                errors.append(Refusal("field_missing", "This field is needed.", prefix + name))
        return found

    def _unknown(self, name, prefix):
        # A name of our own making: theirs may be a megabyte, or what no JSON can hold.
        told = name if _TELLABLE.fullmatch(name) else "…"
        return Refusal("unknown_field", f"Known here are {', '.join(self.fields)}.", prefix + told)

    def draw(self):
        return {"$ref": f"#/components/schemas/{self.name}"} if self.name else self.component()

    def component(self):
        """The object itself, as the schema holds it under its name."""
        properties = {}
        for name, shape in self.fields.items():
            drawn = shape.schema()
            properties[name] = drawn if shape.required else _optional(drawn)
        drawn = {"type": "object", "properties": properties, "additionalProperties": False}
        return drawn | ({"required": self.musts} if self.musts else {})


def _optional(drawn):
    return {"oneOf": [drawn, {"type": "null"}]} if "$ref" in drawn else drawn | _or_null(drawn)


class Answer(Fields):
    """An object that we answer: every field is there, except those of `maybe`. Later versions may add some."""

    def __init__(self, name, fields, *, maybe=(), **options):
        super().__init__(name, fields, **options)
        self.maybe = maybe

    def component(self):
        properties = {name: shape.schema() for name, shape in self.fields.items()}
        return {
            "type": "object",
            "properties": properties,
            "required": [name for name in self.fields if name not in self.maybe],
        }


def instant(text):
    """The instant in UTC that RFC 3339 `text` says, or None."""
    if len(text) > 40 or not _INSTANT.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None
