"""How does a page of the back office look and behave? The only package that knows the theme, Unfold.

Everything that an app's admin needs of it is imported from here, so that another version of the theme is
a change of one package.
"""

from unfold import widgets
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from loyalty_site.lib.admin.addresses import StaffRequest, found, names_one_of
from loyalty_site.lib.admin.dialogs import Dialog, action, dialog
from loyalty_site.lib.admin.extensions import Extension, Subpage
from loyalty_site.lib.admin.fields import dressed
from loyalty_site.lib.admin.inlines import ReadOnlyInline, StackedInline, TabularInline
from loyalty_site.lib.admin.pages import FactAdmin, HistoryAdmin, ModelAdmin
from loyalty_site.lib.admin.sites import Site, site
from loyalty_site.lib.admin.verbs import Made, VerbAdmin

__all__ = [
    "AdminPasswordChangeForm",
    "AutocompleteSelectFilter",
    "ChoicesDropdownFilter",
    "Dialog",
    "Extension",
    "FactAdmin",
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
