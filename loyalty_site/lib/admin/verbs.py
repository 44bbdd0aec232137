"""How does a form save what a verb makes, and where is shown what the verb refuses?"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from loyalty_site.lib.admin.pages import ModelAdmin
from loyalty_site.lib.admin.theme import StaffRequest
from loyalty_site.lib.forms import ModelForm, VerbFormSet
from loyalty_site.lib.refusals import Refusal, Refused


@dataclass(frozen=True, slots=True)
class Made:
    """What a verb made of a form: its row, and the answer to the browser where that is not the usual one."""

    row: Model
    answer: HttpResponse | None = None


class _Performed(Exception):
    """Ends Django's view, which would go on with a row of its own that was never saved."""

    def __init__(self, made: Made) -> None:
        self.made = made


class VerbAdmin(ModelAdmin):
    """An admin whose new rows are made by a verb: `perform` is all that saving one does.

    What the verb refuses is shown beside the field that is meant. The refusal is caught inside the request's
    transaction: the verb has undone its own work, and the form is drawn again from the same input.
    """

    #: The form of a new row.
    add_form: type[ModelForm] | None = None
    #: What the verb refused, while its form is drawn again.
    refusals: Sequence[Refusal] = ()

    def perform(self, request: StaffRequest, form: Any, formsets: list[Any]) -> Made:
        """Call the verb with what `form` and the `formsets` of its inlines say, all of them valid. Raises Refused."""
        raise NotImplementedError

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        if self.add_form and obj is None:
            kwargs = {"form": self.add_form} | kwargs
        form = cast(type[ModelForm], super().get_form(request, obj, change, **kwargs))
        form.refusals = self.refusals
        return form

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Iterator[tuple[type, Any]]:
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            if issubclass(formset, VerbFormSet):
                formset.refusals = self.refusals
            yield formset, inline

    def _changeform_view(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        try:
            return super()._changeform_view(request, object_id, form_url, extra_context)
        except _Performed as performed:
            made = performed.made
            self.log_addition(request, made.row, [{"added": {}}])
            return made.answer or self.response_add(request, made.row)
        except Refused as refused:
            # A copy, because other requests draw with this admin at the same time.
            again = copy(self)
            again.refusals = refused.refusals
            return super(VerbAdmin, again)._changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: list[Any], change: bool) -> None:
        if not change:
            raise _Performed(self.perform(cast(StaffRequest, request), form, formsets))
        super().save_related(request, form, formsets, change)
