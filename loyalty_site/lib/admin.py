"""How does a page of the back office look and behave? The only module that knows the theme, Unfold.

Everything that an app's admin needs of it is imported from here, so that another version of the theme is
a change of one file.
"""

from copy import copy, deepcopy

from django import forms
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from simple_history.admin import SimpleHistoryAdmin
from unfold import admin as unfold
from unfold import widgets
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, BaseDialogForm, UserChangeForm, UserCreationForm
from unfold.sites import UnfoldAdminSite

from loyalty_site.lib.forms import ModelForm
from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.units import UnitsField

__all__ = [
    "AdminPasswordChangeForm",
    "AutocompleteSelectFilter",
    "ChoicesDropdownFilter",
    "Dialog",
    "FactAdmin",
    "HistoryAdmin",
    "ModelAdmin",
    "ModelForm",
    "RangeDateTimeFilter",
    "ReadOnlyInline",
    "RelatedDropdownFilter",
    "Site",
    "StackedInline",
    "TabularInline",
    "UserChangeForm",
    "UserCreationForm",
    "VerbAdmin",
    "action",
    "display",
    "dressed",
    "found",
    "go_to",
    "show_again",
    "widgets",
]

#: Lists are counted up to here: an exact number of millions costs a scan and helps nobody.
MOST_COUNTED = 10_000

_WIDGETS = (
    (forms.MultipleChoiceField, widgets.UnfoldAdminCheckboxSelectMultipleWidget),
    (forms.ModelChoiceField, widgets.UnfoldAdminSelect2Widget),
    (forms.ChoiceField, widgets.UnfoldAdminSelectWidget),
    (forms.BooleanField, widgets.UnfoldBooleanSwitchWidget),
    (forms.DateField, widgets.UnfoldAdminSingleDateWidget),
    (forms.DateTimeField, widgets.UnfoldAdminTextInputWidget),
    (forms.IntegerField, widgets.UnfoldAdminTextInputWidget),
    (forms.EmailField, widgets.UnfoldAdminEmailInputWidget),
    (forms.CharField, widgets.UnfoldAdminTextInputWidget),
)


def dressed(field, *, simple=False, **attrs):
    """A copy of a plain form field with the theme's widget: without it, inputs have no border.

    `simple` is for dialogs, whose scripts do not start a searchable select.
    """
    field = deepcopy(field)
    if field.widget.is_hidden:
        return field
    look = next((look for kind, look in _WIDGETS if isinstance(field, kind)), None)
    if simple and look is widgets.UnfoldAdminSelect2Widget:
        look = widgets.UnfoldAdminSelectWidget
    if look:
        choices = {"choices": field.widget.choices} if hasattr(field.widget, "choices") else {}
        if isinstance(field, (forms.IntegerField, UnitsField)):
            attrs = {"inputmode": "decimal"} | attrs
        field.widget = look(attrs=field.widget_attrs(field.widget) | attrs, **choices)
        field.widget.is_required = field.required
    return field


class Site(UnfoldAdminSite):
    """The admin with a side bar made of what is registered: nothing to forget when a model arrives."""

    #: App labels in the order of the side bar; others follow behind.
    app_order = ()
    site_title = site_header = "Loyalty"
    index_title = "Back office"

    def get_app_list(self, request, app_label=None):
        apps = super().get_app_list(request, app_label)
        places = {label: place for place, label in enumerate(self.app_order)}
        for app in apps:
            app["models"].sort(key=lambda model: self._place(model["model"]))
        return sorted(apps, key=lambda app: places.get(app["app_label"], len(places)))

    def _place(self, model):
        place = getattr(self._registry[model], "place", None)
        return place is None, place or 0, str(model._meta.verbose_name_plural)

    def get_sidebar_list(self, request):
        return [
            {"title": app["name"], "separator": True, "items": list(self._links(request, app))}
            for app in self.get_app_list(request)
        ]

    def _links(self, request, app):
        for model in app["models"]:
            owner = self._registry[model["model"]]
            if getattr(owner, "place", None) is not None and model["admin_url"]:
                yield {
                    "title": model["name"],
                    "icon": getattr(owner, "icon", "circle"),
                    "link": model["admin_url"],
                    "active": request.path.startswith(model["admin_url"]),
                    "has_permission": True,
                }

    def autocomplete_view(self, request):
        return _Autocomplete.as_view(admin_site=self)(request)


class _Autocomplete(AutocompleteJsonView):
    """A model's admin may say more about a row than its name, where two could be mistaken."""

    def serialize_result(self, obj, to_field_name):
        text = getattr(self.model_admin, "autocomplete_text", str)
        return super().serialize_result(obj, to_field_name) | {"text": text(obj)}


class CappedPaginator(Paginator):
    """Counts to MOST_COUNTED and not beyond, so that the first page of a long table costs no scan."""

    @cached_property
    def count(self):
        rows = self.object_list
        if not hasattr(rows, "query"):
            return len(rows)
        return rows.order_by()[:MOST_COUNTED].count()


class ModelAdmin(unfold.ModelAdmin):
    """`place` is where the model stands in the side bar, None for what is reached from elsewhere."""

    form = ModelForm
    conditional_fields = {}
    change_form_before_template = "admin/panels.html"
    icon, place = "circle", None
    list_per_page = 25
    list_filter_submit = True
    show_full_result_count = False
    paginator = CappedPaginator
    warn_unsaved_form = True

    def panels(self, request, obj):
        """loyalty_site.lib.panels values that are shown above the form of `obj`."""
        return []

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and obj.pk:
            # After a refused form `obj` holds what was typed; panels tell what is stored.
            stored = self.get_object(request, str(obj.pk)) if request.method == "POST" else obj
            context["panels"] = self.panels(request, stored) if stored else []
        if self.conditional_fields:
            context["adminform"].model_admin = self._shown(context["adminform"].form)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _shown(self, form):
        """This admin as the template sees it: only fields that are inputs can appear and vanish."""
        shown = copy(self)
        shown.conditional_fields = {
            name: when for name, when in self.conditional_fields.items() if name in form.fields
        }
        return shown


class HistoryAdmin(SimpleHistoryAdmin, ModelAdmin):
    """Configuration: who changed what and when can be read on the history page."""


class FactAdmin(ModelAdmin):
    """Rows that only the ledger writes: everybody reads, nobody touches."""

    actions = None

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class VerbAdmin(ModelAdmin):
    """An admin whose new rows are made by a verb. What it refuses is shown beside the field that is meant.

    The refusal is caught inside the request's transaction: the verb has undone its own work, and the
    form is drawn again from the same input.
    """

    def _changeform_view(self, request, object_id, form_url, extra_context):
        try:
            return super()._changeform_view(request, object_id, form_url, extra_context)
        except Refused as refused:
            request.refusal = refused.refusal
            return super()._changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        return form


class _Inline:
    form = ModelForm
    extra = 0
    #: The row whose page this is, None on the page of a new one.
    parent = None

    def get_formset(self, request, obj=None, **kwargs):
        # Inlines are made anew for each request, so this cannot leak into another one.
        self.parent = obj
        return super().get_formset(request, obj, **kwargs)


class TabularInline(_Inline, unfold.TabularInline):
    # A row's name above its own columns would say everything twice.
    hide_title = True


class StackedInline(_Inline, unfold.StackedInline):
    pass


class ReadOnlyInline(TabularInline):
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


class Dialog(BaseDialogForm):
    """The form of an action that opens over the page; `object_id` is the row that the page shows."""

    form_before_template = "admin/dialog_errors.html"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            self.fields[name] = dressed(field, simple=True)

    def get_before_template_context(self, request, object_id=None):
        return {"errors": self.non_field_errors()}

    def add_refusal(self, refusal):
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.detail)


def show_again(request, form, **dialog):
    """The dialog once more, with the errors that `form` has by now."""
    return render(request, "unfold/helpers/dialog.html", {"dialog": dialog, "form": form})


def found(queryset, object_id):
    """The row that an address names. Raises Http404 for any that is none, whatever was typed."""
    try:
        return get_object_or_404(queryset, pk=object_id)
    except (ValueError, OverflowError) as error:
        raise Http404 from error


def go_to(name, *args):
    """The answer to a dialog that is done: the browser opens the page `name` of the admin."""
    return HttpResponse(headers={"HX-Redirect": reverse(f"admin:{name}", args=args)})
