"""How is a part of a program called where the parts of several programs are offered? With its program."""

from typing import TYPE_CHECKING, Any

from django import forms

from loyalty_site.lib.forms import ModelForm
from programs.models import Program

if TYPE_CHECKING:
    _Choice = forms.ModelChoiceField[Any]
    _Choices = forms.ModelMultipleChoiceField[Any]
else:
    _Choice, _Choices = forms.ModelChoiceField, forms.ModelMultipleChoiceField


class PartField(_Choice):
    """A choice of currencies, rules or the like; read their programs along, for example by select_related."""

    #: Whether all that is offered belongs to one program, which need not be named then.
    is_of_one_program = False

    def label_from_instance(self, obj: Any) -> str:
        return str(obj) if self.is_of_one_program else f"{obj} ({obj.program})"


def offer_of_one(form: type[ModelForm], program: Program) -> None:
    """Offer in the PartFields of a form what belongs to this program only."""
    for field in form.base_fields.values():
        if isinstance(field, PartField) and field.queryset is not None:
            field.queryset = field.queryset.filter(program=program)
            field.is_of_one_program = True


class PartsField(_Choices):
    """A choice of several of them."""

    is_of_one_program = False

    def label_from_instance(self, obj: Any) -> str:
        return str(obj) if self.is_of_one_program else f"{obj} ({obj.program})"
