"""How does a page show rows that were read already? From where they are, without asking the database again."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.db.models import ForeignKey, Model, OneToOneRel, QuerySet

if TYPE_CHECKING:
    _FormSet = forms.BaseInlineFormSet[Any, Any, Any]
    _Choice = forms.ModelChoiceField[Any]
else:
    _FormSet, _Choice = forms.BaseInlineFormSet, forms.ModelChoiceField


def rows_of(parent: Model, key: "ForeignKey[Any, Any]") -> "QuerySet[Any] | list[Any] | None":
    """The rows whose `key` is `parent`, where they were prefetched or selected with it; else None."""
    relation = key.remote_field
    if isinstance(relation, OneToOneRel):
        if not relation.is_cached(parent):
            return None
        row = relation.get_cached_value(parent)
        return [] if row is None else [row]
    rows: QuerySet[Any] | None = vars(parent).get("_prefetched_objects_cache", {}).get(relation.get_accessor_name())
    return rows


class ReadAlongFormSet(_FormSet):
    """The rows of another one: those that were read with it, where they were."""

    fk: "ForeignKey[Any, Any]"

    def get_queryset(self) -> Any:
        rows = None if self.is_bound else rows_of(self.instance, self.fk)
        return super().get_queryset() if rows is None else rows

    @cached_property
    def empty_form(self) -> Any:
        # Django makes a new one each time, and a page asks for it several times.
        return super().empty_form


def note_chosen(form: "forms.ModelForm[Any]") -> None:
    """Let the fields of `form` know the rows that are chosen, where they were read with the row of the form."""
    for name, field in form.fields.items():
        if isinstance(field, forms.ModelChoiceField):
            field.known = form.instance._state.fields_cache.get(name)  # type: ignore[attr-defined]


def known(field: _Choice, value: Sequence[Any]) -> Model | None:
    """The row that the `value` of a select names, where `note_chosen` has found it."""
    row: Model | None = getattr(field, "known", None)
    return row if row is not None and [str(row.pk)] == [str(one) for one in value] else None


def read_choices(field: _Choice) -> None:
    """Read what is offered now, once for all forms that are made with the field, instead of for each of them."""
    offered = cast("Iterable[tuple[Any, str]]", field.choices)
    field.choices = [(str(value), label) for value, label in offered]
