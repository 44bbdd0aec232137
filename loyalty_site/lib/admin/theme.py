"""What of the theme, Unfold, is used here, and of which types is it? The only module that imports it.

Another version of the theme is a change of this file. Unfold and django-simple-history come without types that
a checker may use, and Unfold narrows some of Django's: for the checker they are declared here, as they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from unfold import widgets
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)

__all__ = [
    "AdminPasswordChangeForm",
    "AutocompleteSelectFilter",
    "ChoicesDropdownFilter",
    "DropdownFilter",
    "Fieldset",
    "Fieldsets",
    "RangeDateTimeFilter",
    "RelatedDropdownFilter",
    "ThemeDialogForm",
    "ThemeFormSet",
    "ThemeHistoryAdmin",
    "ThemeModelAdmin",
    "ThemeSite",
    "ThemeStackedInline",
    "ThemeTabularInline",
    "UserChangeForm",
    "UserCreationForm",
    "display",
    "theme_action",
    "theme_list",
    "widgets",
]


class StaffRequest(HttpRequest):
    """A request behind the site's login: `user` is somebody. Only types name it; Django makes the requests."""

    user: User


class Menu(TypedDict):
    """Several actions behind one button."""

    title: str
    items: list[str]


#: Names of methods that are made by `action`, in the order of their buttons.
Actions = Sequence[str | Menu]


class Texts(TypedDict):
    """What an action asks: the form, the texts around it, and the one on its button."""

    title: str
    description: str
    form_class: type[ThemeDialogForm]
    form_submit_text: str


class Method(Protocol):
    """A method that was made an action."""

    original_function_name: str
    allowed_permissions: Sequence[str]

    def __call__(self, request: StaffRequest, object_id: str) -> HttpResponse: ...


class Action(Protocol):
    """An action of a page, with the name of its address."""

    action_name: str
    method: Method


if TYPE_CHECKING:
    from django import forms
    from django.contrib import admin
    from django.contrib.admin.options import _FieldOpts
    from django.contrib.admin.templatetags.admin_list import ResultList
    from django.contrib.admin.views.main import ChangeList
    from django.contrib.auth import forms as auth
    from django.db.models import Field, Model
    from django.template import Context
    from django.utils.functional import _StrPromise

    _Column = TypeVar("_Column", bound=Callable[..., Any])

    Fieldset = tuple[str | _StrPromise | None, _FieldOpts]
    Fieldsets = list[Fieldset]

    class DropdownFilter(admin.SimpleListFilter): ...

    class ThemeModelAdmin(admin.ModelAdmin[Any]):
        actions_detail: Actions
        actions_submit_line: Sequence[str]
        add_fieldsets: Fieldsets
        change_form_before_template: str | None
        conditional_fields: Mapping[str, str]
        list_filter_submit: bool
        list_sections: Sequence[Any]
        ordering_field: str | None
        warn_unsaved_form: bool

        def _changeform_view(
            self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: dict[str, Any] | None
        ) -> HttpResponse: ...
        def _get_base_actions_detail(self) -> list[Action]: ...
        def _get_instance_method(self, method_name: str) -> Method: ...
        def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Action]: ...

    class _ThemeList(Protocol):
        CHECKBOX_CLASSES: Sequence[str]
        LINK_CLASSES: Sequence[str]
        ROW_CLASSES: Sequence[str]
        UnfoldResultList: Callable[[Model | None, forms.Form | None, Sequence[str]], ResultList]

        def display_for_dropdown(self, row: Model, name: Any, value: Any, empty: str) -> str: ...
        def display_for_field(self, value: Any, field: Field[Any, Any], empty: str) -> str: ...
        def display_for_header(self, value: Any, empty: str) -> str: ...
        def display_for_label(self, value: Any, empty: str, label: Any) -> str: ...
        def display_for_value(self, value: Any, empty: str, boolean: bool = False) -> str: ...
        def result_list(self, context: Context, cl: ChangeList) -> dict[str, Any]: ...

    theme_list: _ThemeList

    class ThemeHistoryAdmin(admin.ModelAdmin[Any]):
        def history_form_view(
            self,
            request: HttpRequest,
            object_id: str,
            version_id: str,
            extra_context: dict[str, Any] | None = None,
        ) -> HttpResponse: ...

    class _ThemeInline(admin.options.InlineModelAdmin[Any, Any]):
        collapsible: bool
        hide_title: bool
        inlines: list[type[admin.options.InlineModelAdmin[Any, Any]]]
        per_page: int | None
        tab: bool

    class ThemeTabularInline(_ThemeInline): ...

    class ThemeStackedInline(_ThemeInline): ...

    class ThemeSite(admin.AdminSite):
        def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]: ...

    class ThemeDialogForm(forms.Form):
        form_before_template: str | None
        request: HttpRequest
        object_id: str | None

        def get_before_template_context(
            self, request: HttpRequest, object_id: str | None = None
        ) -> dict[str, Any]: ...

    ThemeFormSet = forms.BaseInlineFormSet[Any, Any, Any]
    AdminPasswordChangeForm = auth.AdminPasswordChangeForm[Any]
    UserChangeForm = auth.UserChangeForm
    UserCreationForm = auth.UserCreationForm

    def display(
        *,
        description: str,
        boolean: bool | None = None,
        ordering: str | None = None,
        empty_value: str | None = None,
        label: Mapping[str, str] | None = None,
    ) -> Callable[[_Column], _Column]: ...

    def theme_action(
        *, description: str, permissions: Sequence[str], icon: str, dialog: Texts | None
    ) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]: ...

else:
    from simple_history.admin import SimpleHistoryAdmin as ThemeHistoryAdmin
    from unfold.admin import ModelAdmin as ThemeModelAdmin
    from unfold.admin import StackedInline as ThemeStackedInline
    from unfold.admin import TabularInline as ThemeTabularInline
    from unfold.contrib.filters.admin import DropdownFilter
    from unfold.decorators import action as theme_action
    from unfold.decorators import display
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
    from unfold.forms import BaseDialogForm as ThemeDialogForm
    from unfold.forms import PaginationInlineFormSet as ThemeFormSet
    from unfold.sites import UnfoldAdminSite as ThemeSite
    from unfold.templatetags import unfold_list as theme_list

    Fieldset, Fieldsets = tuple, list
