"""How does a form save what a verb makes, and where is shown what the verb refuses?"""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, cast

from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from loyalty_site.lib.admin.pages import ModelAdmin
from loyalty_site.lib.admin.theme import StaffRequest
from loyalty_site.lib.forms import ModelForm, VerbFormSet
from loyalty_site.lib.panels import Panel
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


class _Previewed(Exception):
    """Ends Django's view as well; the form is drawn again, below what it would do."""

    def __init__(self, panels: Sequence[Panel]) -> None:
        self.panels = panels


@dataclass(frozen=True, slots=True)
class _Button:
    """A button beside that which saves, as the theme's template asks for one."""

    action_name: str
    description: str
    icon: str
    attrs: Mapping[str, str] = field(default_factory=dict)


_PREVIEW = _Button("_preview", "Preview", "visibility")


class VerbAdmin(ModelAdmin):
    """An admin whose new rows are made by a verb: `perform` is all that saving one does.

    What the verb refuses is shown beside the field that is meant. The refusal is caught inside the request's
    transaction: the verb has undone its own work, and the form is drawn again from the same input.
    """

    #: The form of a new row.
    add_form: type[ModelForm] | None = None
    #: What the verb refused, while its form is drawn again.
    refusals: Sequence[Refusal] = ()
    #: Whether the form has a button that shows what the verb would do, see `preview`.
    has_preview = False
    #: What is shown above the form, while it is drawn again for that; None without.
    previewed: Sequence[Panel] | None = None

    def preview(self, request: StaffRequest, form: Any, formsets: list[Any]) -> list[Panel]:
        """What `perform` would do with the same, which is valid; nothing is written. Raises Refused."""
        raise NotImplementedError

    def perform(self, request: StaffRequest, form: Any, formsets: list[Any]) -> Made:
        """Call the verb with what `form` and the `formsets` of its inlines say, all of them valid. Raises Refused."""
        raise NotImplementedError

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        if self.add_form and obj is None:
            kwargs = {"form": self.add_form} | kwargs
        form = cast(type[ModelForm], super().get_form(request, obj, change, **kwargs))
        form.refusals = self.refusals
        form.is_only_shown = self.previewed is not None
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
        except _Previewed as previewed:
            again = copy(self)
            again.previewed = previewed.panels
            return super(VerbAdmin, again)._changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if add and self.has_preview:
            context |= {"actions_submit_line": [_PREVIEW], "panels": self.previewed or []}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: list[Any], change: bool) -> None:
        if change:
            super().save_related(request, form, formsets, change)
            return
        asking = cast(StaffRequest, request)
        if self.has_preview and _PREVIEW.action_name in request.POST:
            raise _Previewed(self.preview(asking, form, formsets))
        raise _Performed(self.perform(asking, form, formsets))
