"""Which JSON lists and objects do we take and give? Those that are made of the types of schema_types.py."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import TypeAlias, Unpack

from loyalty_site.lib import beyond
from loyalty_site.lib.json_types import Json
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.schema_types import Drawing, Options, SchemaType, T_co, or_null

#: What an answer is made of: JSON, with days and instants that are written as text.
Answered: TypeAlias = Json | date | Sequence["Answered"] | Mapping[str, "Answered"]
_PRINTABLE = re.compile(r"[\w.-]{1,40}", re.ASCII)


class Items(SchemaType[Sequence[T_co]]):
    """From `least` to `most` values of one type, read as a list; None: as many as there are, in what we answer."""

    def __init__(
        self, of: SchemaType[T_co], *, least: int = 0, most: int | None = None, **options: Unpack[Options]
    ) -> None:
        super().__init__(**options)
        self.of, self.least, self.most = of, least, most

    def read(self, value: Json, field: str, errors: list[Refusal]) -> Sequence[T_co] | None:
        if type(value) is not list:
            errors.append(Refusal("invalid_type", "Send a list.", field))
        elif self.most is not None and len(value) > self.most:
            errors.append(Refusal("too_many_items", beyond.items(len(value), self.most), field))
        elif len(value) < self.least:
            errors.append(Refusal("field_missing", "It must not be empty.", field))
        else:
            found = [self.of.read(item, f"{field}[{place}]", errors) for place, item in enumerate(value)]
            return [item for item in found if item is not None]
        return None

    def draw(self) -> Drawing:
        drawn: Drawing = {"type": "array", "items": self.of.schema()}
        drawn |= {"minItems": self.least} if self.least else {}
        return drawn | ({"maxItems": self.most} if self.most else {})


class FrozenItems(Items[T_co]):
    """Items that are read as a tuple, for a frozen value."""

    def read(self, value: Json, field: str, errors: list[Refusal]) -> tuple[T_co, ...] | None:
        found = super().read(value, field, errors)
        return None if found is None else tuple(found)


class Map(SchemaType[Mapping[str, T_co]]):
    """Values by code, in what we answer."""

    def __init__(self, of: SchemaType[T_co], **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self.of = of

    def draw(self) -> Drawing:
        return {"type": "object", "additionalProperties": self.of.schema()}


class Component(SchemaType[T_co]):
    """An object of these fields; one with a name has it to itself, and is drawn once among the components."""

    def __init__(self, name: str, fields: Mapping[str, SchemaType[object]], **options: Unpack[Options]) -> None:
        super().__init__(**options)
        self.name, self.fields = name, dict(fields)
        if name in named:
            raise ValueError(f"There is a component {name} already.")
        if name:
            named[name] = self

    def draw(self) -> Drawing:
        return {"$ref": f"#/components/schemas/{self.name}"} if self.name else self.component()

    def component(self) -> Drawing:
        """The object itself, as the schema holds it under its name."""
        raise NotImplementedError


#: Every object with a name, for the components of the schema.
named: dict[str, Component[object]] = {}


class Fields(Component[T_co]):
    """An object that we are sent: unknown names are refused, null is the same as leaving a field out.

    It is read as what `make` makes of the fields that were sent, as keyword arguments; `names` says which of them
    have another name there. Without `make` it is a dict.
    """

    def __init__(
        self,
        name: str,
        fields: Mapping[str, SchemaType[object]],
        make: Callable[..., T_co] = dict,  # type: ignore[assignment]  # Only where T_co is a dict.
        *,
        names: Mapping[str, str] | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(name, fields, **options)
        self.make = make
        renamed = names or {}
        self._readers = {field: (renamed.get(field, field), kind.read) for field, kind in self.fields.items()}
        self._musts = [field for field, kind in self.fields.items() if kind.required]

    def read(self, value: Json, field: str, errors: list[Refusal]) -> T_co | None:
        if type(value) is not dict:
            errors.append(Refusal("invalid_type", "Send an object.", field))
            return None
        prefix, readers, before = f"{field}." if field else "", self._readers, len(errors)
        found: dict[str, object] = {}
        for name, item in value.items():
            if name not in readers:
                errors.append(self._unknown(name, prefix))
            elif item is not None:
                target, read = readers[name]
                found[target] = read(item, prefix + name, errors)
        for name in self._musts:
            if readers[name][0] not in found:
                errors.append(Refusal("field_missing", "This field is needed.", prefix + name))
        return None if len(errors) > before else self.make(**found)

    def _unknown(self, name: str, prefix: str) -> Refusal:
        # A name of our own making: theirs may be a megabyte, or what no JSON can hold.
        shown = name if _PRINTABLE.fullmatch(name) else "…"
        return Refusal("unknown_field", f"Known here are {', '.join(self.fields) or 'none'}.", prefix + shown)

    def component(self) -> Drawing:
        properties: dict[str, Json] = {}
        for name, kind in self.fields.items():
            properties[name] = kind.schema() if kind.required else or_null(kind.schema())
        drawn: Drawing = {"type": "object", "properties": properties, "additionalProperties": False}
        return drawn | ({"required": list(self._musts)} if self._musts else {})


class Answer(Component[Mapping[str, object]]):
    """An object that we answer: every field is there, except those of `maybe`. Later versions may add some."""

    def __init__(
        self,
        name: str,
        fields: Mapping[str, SchemaType[object]],
        *,
        maybe: Collection[str] = (),
        **options: Unpack[Options],
    ) -> None:
        super().__init__(name, fields, **options)
        self.maybe = maybe

    def component(self) -> Drawing:
        return {
            "type": "object",
            "properties": {name: kind.schema() for name, kind in self.fields.items()},
            "required": [name for name in self.fields if name not in self.maybe],
        }
