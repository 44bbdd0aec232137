"""How are rows edited, or only shown, on the page of the row to which they belong?"""

from django.db.models import Model
from django.http import HttpRequest
from unfold import admin as unfold

from loyalty_site.lib.forms import ModelForm


class _Inline:
    form = ModelForm
    extra = 0
    #: The row whose page this is, None on the page of a new one.
    parent: Model | None = None

    def get_formset(self, request, obj=None, **kwargs):
        # Inlines are made anew for each request, so this cannot leak into another one.
        self.parent = obj
        return super().get_formset(request, obj, **kwargs)


class TabularInline(_Inline, unfold.TabularInline):
    """One line for each row."""

    # A row's name above its own columns would say everything twice.
    hide_title = True


class StackedInline(_Inline, unfold.StackedInline):
    """One block of fields for each row."""


class ReadOnlyInline(TabularInline):
    """Rows that are edited on pages of their own, or never."""

    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
