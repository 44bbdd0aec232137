"""How does a page of the back office look and behave? The base of every app's admin, imported from here."""

from loyalty_site.lib.admin.addresses import found, names_one_of
from loyalty_site.lib.admin.dialogs import Dialog, action, dialog
from loyalty_site.lib.admin.extensions import Button, Extension, Subpage
from loyalty_site.lib.admin.fields import dressed
from loyalty_site.lib.admin.inlines import ReadOnlyInline, StackedInline, TabularInline
from loyalty_site.lib.admin.lists import AnyRelatedFilter
from loyalty_site.lib.admin.pages import FactAdmin, HistoryAdmin, ModelAdmin
from loyalty_site.lib.admin.sites import Site, site
from loyalty_site.lib.admin.theme import (
    AdminPasswordChangeForm,
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    Fieldset,
    Fieldsets,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
    StaffRequest,
    UserChangeForm,
    UserCreationForm,
    display,
    widgets,
)
from loyalty_site.lib.admin.verbs import Made, VerbAdmin

__all__ = [
    "AdminPasswordChangeForm",
    "AnyRelatedFilter",
    "AutocompleteSelectFilter",
    "Button",
    "ChoicesDropdownFilter",
    "Dialog",
    "DropdownFilter",
    "Extension",
    "FactAdmin",
    "Fieldset",
    "Fieldsets",
    "HistoryAdmin",
    "Made",
    "ModelAdmin",
    "RangeDateTimeFilter",
    "ReadOnlyInline",
    "RelatedDropdownFilter",
    "Site",
    "StackedInline",
    "StaffRequest",
    "Subpage",
    "TabularInline",
    "UserChangeForm",
    "UserCreationForm",
    "VerbAdmin",
    "action",
    "dialog",
    "display",
    "dressed",
    "found",
    "names_one_of",
    "site",
    "widgets",
]
