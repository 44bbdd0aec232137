"""How do the conditions of a rule, which are one tree, stand in the fields of a page?

Plain conditions and simple exclusions have fields of their own; everything else is JSON in one further field.
"""

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from loyalty_site.lib.admin import widgets
from programs.admin.condition_fields import json_in
from programs.document.reading import Unreadable
from programs.rules import sentences
from programs.rules.conditions.reading import COMBINING, problems

#: Conditions of which a page has a field for what is left out.
EXCLUDED = ("labels", "products", "categories")
_LONGEST = 20_000

TWICE = (
    "What is left out stands in the fields above and under “not” here: write it in one place only, "
    'for example here as {"not": {"any": [...]}}.'
)
_HELP = (
    "JSON of conditions that are put together by all, any and not, at most three deep, for example "
    '{"any": [{"channels": ["web"]}, {"weekdays": [6, 7]}]}.'
)


class NodesField(forms.CharField):
    """Nodes of a tree of conditions as JSON: an object with all, any or not."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label="Further conditions",
            help_text=_HELP,
            max_length=_LONGEST,
            widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        )

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return json.dumps(value, ensure_ascii=False, indent=2) if value else ""

    def to_python(self, value: Any) -> Any:
        text: str = super().to_python(value) or ""
        if not text:
            return {}
        try:
            found = json_in(text)
        except Unreadable as error:
            raise forms.ValidationError(f"It is no JSON: {error}.") from error
        if not isinstance(found, dict) or not found.keys() <= set(COMBINING):
            raise forms.ValidationError('Write an object with all, any or not, like {"any": [{…}, {…}]}.')
        return found

    def validate(self, value: Any) -> None:
        super().validate(value)
        if wrong := [f"{path}: {message}." for path, message in problems(value)]:
            raise forms.ValidationError(wrong)

    def run_validators(self, value: Any) -> None:
        # They are for texts, and this is JSON by now; what is in it the model looks through.
        return


def meaning(further: Mapping[str, Any]) -> str:
    """What stands below the field: how to write it, and what it says now."""
    return f"{_HELP} It says now: only {sentences.of_conditions(further)}." if further else _HELP


def taken_apart(stored: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """(plain conditions by key, exclusions by key, what is left of the tree) of the conditions of a rule."""
    plain = {key: value for key, value in stored.items() if key not in COMBINING}
    further = {key: value for key, value in stored.items() if key in COMBINING}
    excluded = _exclusions(further.get("not"))
    if excluded:
        del further["not"]
    return plain, excluded, further


def put_together(plain: Mapping[str, Any], excluded: Mapping[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions of a rule, of the values of the three kinds of fields."""
    nodes = [{key: value} for key, value in excluded.items()]
    left_out = {"not": nodes[0] if len(nodes) == 1 else {"any": nodes}} if nodes else {}
    return {**plain, **left_out, **further}


def _exclusions(node: Any) -> dict[str, Any]:
    """What a node under `not` leaves out, if fields can say it; else nothing."""
    nodes = node["any"] if isinstance(node, dict) and node.keys() == {"any"} else [node]
    found: dict[str, Any] = {}
    for one in nodes if isinstance(nodes, list) else [None]:
        if (
            not isinstance(one, dict)
            or len(one) != 1
            or not found.keys().isdisjoint(one)
            or not one.keys() <= set(EXCLUDED)
        ):
            return {}
        found |= one
    # In the order of the fields, or saving a page that nobody changed would change the rule.
    return found if list(found) == [key for key in EXCLUDED if key in found] else {}
