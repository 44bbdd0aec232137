"""Which fields does a segment have on its page? Those of every condition there is, and one for what is combined.

The fields are made of the registry when a page is asked for: conditions come from apps that are ready later. Fields
that are filled in have to be true all of them; what stands under “Further conditions” has to be true as well.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

from django import forms
from django.utils.text import capfirst

from loyalty_site.lib.admin import dressed, widgets
from loyalty_site.lib.forms import Errors, ModelForm
from programs.checks import sentence_of
from programs.document.filling import storable
from programs.document.reading import Unreadable, read
from programs.models import Program, Segment
from programs.segments import fields, registry, trees
from programs.segments.base import Condition

FURTHER = "further"
#: The condition, and its field, by which segments can go in circles.
SEGMENT, CIRCLES = "segment", "segment__code"
#: So many fields have room beside each other.
_BESIDE = 2
#: Where a message of the model says that something is wrong: the place in the list of all, the condition, the rest.
_PLACE = re.compile(r"(?:all\[(\d+)\]\.)?(\w+)(?:\.(\w+))?: (.*)", re.DOTALL)


class Part(NamedTuple):
    """A field of a page: one parameter of a condition."""

    key: str
    name: str


@cache
def parts() -> dict[str, Part]:
    """{name of the field: what it asks for} of all conditions."""
    kinds = registry.conditions().values()
    return {f"{kind.key}__{name}": Part(kind.key, name) for kind in kinds for name in kind.Params.base_fields}


def families() -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """(title, rows of fields) of the conditions that are offered together."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for kind in registry.conditions().values():
        own = [f"{kind.key}__{name}" for name in kind.Params.base_fields]
        rows = (tuple(own[n : n + _BESIDE]) for n in range(0, len(own), _BESIDE))
        found.setdefault(kind.family, []).extend(rows)
    yield from found.items()


class FurtherField(forms.CharField):
    """A tree of conditions as JSON, as documents have it; empty for none."""

    def prepare_value(self, value: Any) -> Any:
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        """The tree. Raises ValidationError where it is no JSON, or wrong by itself."""
        text = str(value or "").strip()
        if not text:
            return None
        try:
            tree = read(text)
        except Unreadable as error:
            raise forms.ValidationError(f"Write it as JSON: {error}.") from error
        if wrong := trees.problems(tree):
            said = [f"{one.path}: {one.message}." if one.path else sentence_of(one.message) for one in wrong]
            raise forms.ValidationError(said)
        return storable(tree)


class SegmentForm(ModelForm):
    """A segment by the fields of its conditions; `program` is the one whose parts are offered, None on a new page."""

    program: Program | None = None
    instance: Segment

    class Meta:
        model = Segment
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        simple, further = split(self.instance.conditions)
        for name, (key, parameter) in parts().items():
            if name in self.fields and key in simple and parameter in simple[key]:
                self.initial.setdefault(name, simple[key][parameter])
        self.initial.setdefault(FURTHER, further)
        self._places: list[str] = []
        self._is_whole = False

    def clean(self) -> dict[str, Any]:
        """Put the fields together to what the model keeps; the model itself says what is wrong with it."""
        cleaned: dict[str, Any] = super().clean() or {}
        given: dict[str, dict[str, Any]] = {}
        for name, (key, parameter) in parts().items():
            if cleaned.get(name) not in (None, "", []):
                given.setdefault(key, {})[parameter] = fields.plain(cleaned[name])
        self._places = list(given)
        listed: list[Any] = [{key: params} for key, params in given.items()]
        further = cleaned.get(FURTHER)
        if further:
            listed += further.get("all", [further])
        self.instance.conditions = listed[0] if len(listed) == 1 else {"all": listed} if listed else {}
        self._is_whole = bool(listed) and not self.errors
        if not listed and not self.errors:
            self.add_error(None, "Say at least one condition: a segment without any would hold everybody.")
        return cleaned

    def place_error(self, name: str | None, errors: Errors) -> None:
        """Errors of the conditions come as “all[0].spent.days: must be …”; they go beside that field."""
        if name != "conditions":
            super().place_error(name, errors)
            return
        if not self._is_whole:
            return  # of what is wrong with a field by itself the form has said it
        for error in errors if isinstance(errors, list) else [errors]:
            for message in getattr(error, "messages", [error]):
                field, words = self._at(str(message))
                if field not in self.errors:
                    super().place_error(field, words)

    def _at(self, message: str) -> tuple[str, str]:
        """The field that a message is about, and the words there."""
        found = _PLACE.fullmatch(message)
        if not found:
            # Of the whole, such as a circle of segments.
            return (CIRCLES if SEGMENT in self._places else FURTHER), message
        place, key, parameter, words = found.groups()
        if int(place or 0) >= len(self._places) or self._places[int(place or 0)] != key:
            return FURTHER, message
        names = [name for name, part in parts().items() if part.key == key]
        own = f"{key}__{parameter}"
        return (own if own in names else names[0]), capfirst(words)


def split(tree: Any) -> tuple[dict[str, Any], Any]:
    """({key: parameters} of the conditions that have fields of their own, the rest of a tree or None)."""
    if not isinstance(tree, dict) or not tree:
        return {}, None
    listed = tree["all"] if isinstance(tree.get("all"), list) else [tree]
    simple: dict[str, Any] = {}
    rest = []
    for part in listed:
        key, params = next(iter(part.items())) if isinstance(part, dict) and len(part) == 1 else ("", None)
        if key in registry.conditions() and key not in simple and isinstance(params, dict):
            simple[key] = params
        else:
            rest.append(part)
    return simple, rest[0] if len(rest) == 1 else {"all": rest} if rest else None


@cache
def form_class() -> type[SegmentForm]:
    """The form with a field for each parameter of each condition."""
    own = {name: _field(registry.conditions()[key], parameter) for name, (key, parameter) in parts().items()}
    own[FURTHER] = FurtherField(
        required=False,
        label="Further conditions",
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 8, "class": "loyalty-template"}),
        help_text='As JSON, for any, all and not: {"any": [{"tags": {"names": ["vip"]}}, {"not": {…}}]}. '
        "It has to be true beside all of the above.",
    )
    return type("SegmentForm", (SegmentForm,), own)


def _field(kind: type[Condition], parameter: str) -> forms.Field:
    field = deepcopy(kind.Params.base_fields[parameter])
    if isinstance(field, forms.ChoiceField):
        field.choices = [("", "-"), *_choices(field)]
    is_only = len(kind.Params.base_fields) == 1
    said = field.label or capfirst(parameter.replace("_", " "))
    field.label = str(said) if is_only else f"{kind.label}: {str(said)[:1].lower()}{str(said)[1:]}"
    field = dressed(field)
    field.required = field.widget.is_required = False
    return field


def _choices(field: forms.ChoiceField) -> list[Any]:
    offered: Any = field.choices
    return list(offered)
