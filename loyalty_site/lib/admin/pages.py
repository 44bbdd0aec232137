"""What do the list and the pages of a model consist of, whoever looks after its rows?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.functional import cached_property
from django.utils.text import capfirst

from loyalty_site.lib.admin.addresses import open_page_of
from loyalty_site.lib.admin.checks import PageChecks
from loyalty_site.lib.admin.choices import KnownChoices
from loyalty_site.lib.admin.extensions import Extension, names_of
from loyalty_site.lib.admin.lists import SearchedList
from loyalty_site.lib.admin.theme import Action, Actions, Method, StaffRequest, ThemeHistoryAdmin, ThemeModelAdmin
from loyalty_site.lib.forms import ModelForm
from loyalty_site.lib.panels import Cards, Panel, Tiles
from loyalty_site.lib.referrers import referrers

#: Lists are counted up to here: an exact number of millions costs a scan and helps nobody.
MOST_COUNTED = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts to MOST_COUNTED and not beyond, so that the first page of a long table costs no scan."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows.order_by()[:MOST_COUNTED].count() if isinstance(rows, QuerySet) else len(rows)


class ModelAdmin(KnownChoices, ThemeModelAdmin):
    """The pages of one model, declared by the app that owns it; `extensions` are what other apps add to them."""

    #: Where the model stands in the side bar, None for what is reached from elsewhere.
    place: int | None = None
    icon: str = "circle"
    #: Buttons at the top of a row's page.
    actions_detail: Actions = ()
    #: The inlines on the page of a new row, None where they are the same.
    add_inlines: list[type[InlineModelAdmin[Any, Any]]] | None = None
    #: What is chosen when a row is made, and can only be read from then on.
    fixed_fields: Sequence[str] = ()
    #: {field: the condition on other fields under which it is shown}.
    conditional_fields: Mapping[str, str] = {}
    form = ModelForm
    change_list_template = "admin/list.html"
    change_form_before_template = "admin/panels.html"
    list_per_page = 25
    # The theme asks for them without having any.
    list_sections: Sequence[Any] = ()
    list_filter_submit = True
    show_full_result_count = False
    paginator = CappedPaginator
    warn_unsaved_form = True
    checks_class = PageChecks

    def __init__(self, model: type[Model], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        self.extensions: list[Extension[Any]] = []

    def extend(self, extension: type[Extension[Any]]) -> None:
        """Add what `extension` declares, see Site.extend. Raises ImproperlyConfigured when it does not fit."""
        added = extension(self)
        for name in names_of(added.actions_detail):
            if not callable(getattr(added, name, None)):
                raise ImproperlyConfigured(f"{extension.__name__} has no method for its action “{name}”.")
        subpages = [page.name for one in self.extensions for page in one.subpages]
        twice = {*names_of(self.actions_detail), *subpages} & {
            *names_of(added.actions_detail),
            *(page.name for page in added.subpages),
        }
        if twice:
            names = ", ".join(f"“{name}”" for name in sorted(twice))
            raise ImproperlyConfigured(f"{extension.__name__} adds {names} to {self}, which has that already.")
        self.extensions.append(added)
        self.actions_detail = [*self.actions_detail, *added.actions_detail]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[SearchedList]:
        return SearchedList

    def panels(self, request: StaffRequest, row: Any) -> list[Panel]:
        """What is shown above the form of `row`."""
        return []

    def offered(self, request: StaffRequest, object_id: str) -> Collection[str]:
        """Those of its own actions that the state of the row leaves; asked when the user may do any of them."""
        return names_of(type(self).actions_detail)

    def autocomplete_text(self, row: Any) -> str:
        """How `row` is called where somebody chooses it."""
        return str(row)

    def done(
        self,
        request: HttpRequest,
        row: Model,
        *,
        log: str,
        say: str,
        level: int = messages.SUCCESS,
        opens: Model | None = None,
    ) -> HttpResponse:
        """The end of a dialog: `log` what was done to `row`, `say` it to the user, open its page or another one."""
        self.log_change(request, row, log)
        self.message_user(request, say, level)
        return open_page_of(opens or row)

    def draw(self, request: HttpRequest, template: str, *, title: str, **context: Any) -> TemplateResponse:
        """A page of the back office that is not the form of a row."""
        shown = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, **context}
        return TemplateResponse(request, template, shown)

    def get_deleted_objects(
        self, objs: Sequence[Any] | QuerySet[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What goes with `objs`, and what keeps them: the kinds of it, where Django would name each row."""
        kept_by = [capfirst(name) for name in referrers(objs)] if objs else []
        return ([], {}, set(), kept_by) if kept_by else super().get_deleted_objects(objs, request)

    def get_urls(self) -> list[URLPattern]:
        subpages = [page.url(self) for extension in self.extensions for page in extension.subpages]
        return [*subpages, *super().get_urls()]

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Action]:
        allowed = {one.method.original_function_name: one for one in super().get_actions_detail(request, object_id)}
        owners: list[ModelAdmin | Extension[Any]] = [self, *self.extensions]
        offered: set[str] = set()
        for owner in owners:
            if not allowed.keys().isdisjoint(names_of(type(owner).actions_detail)):
                offered.update(owner.offered(cast(StaffRequest, request), object_id))
        return [one for name, one in allowed.items() if name in offered]

    def _get_instance_method(self, method_name: str) -> Method:
        # The theme looks for actions at the admin alone.
        for extension in self.extensions:
            if method_name in names_of(extension.actions_detail):
                return cast(Method, getattr(extension, method_name))
        return super()._get_instance_method(method_name)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        try:
            return super().get_object(request, object_id, from_field)
        except OverflowError:
            # A number that no column holds is nobody's, as any other one of no row.
            return None

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj or self.add_inlines is None else self.add_inlines

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Sequence[str]]:
        # A code that others already refer to does not follow the name.
        return {} if obj else super().get_prepopulated_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *(self.fixed_fields if obj else ())]

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None and obj.pk:
            # After a refused form `obj` holds what was typed; panels describe what is stored.
            stored = self.get_object(request, str(obj.pk)) if request.method == "POST" else obj
            context["panels"] = self.all_panels(cast(StaffRequest, request), stored) if stored else []
        if self.conditional_fields:
            context["adminform"].model_admin = self._shown(context["adminform"].form)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def all_panels(self, request: StaffRequest, row: Model) -> list[Panel]:
        """The panels of the page: its own tiles and cards, what the extensions add in order, its other panels."""
        for extension in self.extensions:
            extension.refresh(request, row)
        own = self.panels(request, row)
        added = [panel for extension in self.extensions for panel in extension.panels(request, row)]
        first = [panel for panel in own if isinstance(panel, Tiles | Cards)]
        return [*first, *added, *(panel for panel in own if not isinstance(panel, Tiles | Cards))]

    def _shown(self, form: forms.BaseForm) -> ModelAdmin:
        """This admin as the template sees it: only fields that are inputs can appear and vanish."""
        shown = copy(self)
        shown.conditional_fields = {
            name: when for name, when in self.conditional_fields.items() if name in form.fields
        }
        return shown


class HistoryAdmin(ThemeHistoryAdmin, ModelAdmin):
    """Configuration: who changed what and when can be read on the history page."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            self.opts.pk.to_python(unquote(object_id))
        except ValidationError as error:
            raise Http404 from error
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # Whoever may read the history could otherwise send the form, and change what they may only read.
        if request.method != "GET":
            raise PermissionDenied
        # The page asks no method for these, and a code that is fixed has no input. A copy, as in VerbAdmin.
        shown = copy(self)
        shown.prepopulated_fields = {}  # type: ignore[misc]
        return super(HistoryAdmin, shown).history_form_view(request, object_id, version_id, extra_context)


class FactAdmin(ModelAdmin):
    """Rows that only the ledger writes: everybody reads, nobody touches."""

    actions: Sequence[str] | None = None

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
