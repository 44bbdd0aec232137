"""How are rows edited, or only shown, on the page of the row to which they belong?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import ForeignKey, Model
from django.forms import BaseInlineFormSet, ModelChoiceField
from django.http import HttpRequest

from loyalty_site.lib.admin.choices import KnownChoices
from loyalty_site.lib.admin.theme import ThemeFormSet, ThemeStackedInline, ThemeTabularInline
from loyalty_site.lib.forms import ModelForm
from loyalty_site.lib.read_along import ReadAlongFormSet, read_choices

if TYPE_CHECKING:
    from loyalty_site.lib.admin.theme import _ThemeInline as _Base
else:
    _Base = object


class _InlineFormSet(ReadAlongFormSet, ThemeFormSet):
    """Rows that were read along, or a page of them."""


class _Inline(KnownChoices, _Base):
    form = ModelForm
    formset: type[BaseInlineFormSet[Any, Any, Any]] = _InlineFormSet
    extra = 0
    #: The row whose page this is, None on the page of a new one.
    parent: Any = None

    def get_formset(
        self, request: HttpRequest, obj: Any = None, **kwargs: Any
    ) -> type[BaseInlineFormSet[Any, Any, Any]]:
        # Inlines are made anew for each request, so this cannot leak into another one.
        self.parent = obj
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name not in self.get_autocomplete_fields(request):
            read_choices(field)
        return field


class TabularInline(_Inline, ThemeTabularInline):
    """One line for each row."""

    # A row's name above its own columns would say everything twice.
    hide_title = True


class StackedInline(_Inline, ThemeStackedInline):
    """One block of fields for each row; above them stands what is wrong with one as a whole."""

    template_before = "admin/errors_of_inline.html"


class ReadOnlyInline(TabularInline):
    """Rows that are edited on pages of their own, or never."""

    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
