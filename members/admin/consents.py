"""How do staff see what people have allowed us to send, and find people by their tags?"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from loyalty_site.lib.admin import ChoicesDropdownFilter
from members.admin.telling_changes import PartOfCustomerAdmin
from members.models import Consent, Tag


@admin.register(Consent)
class ConsentAdmin(PartOfCustomerAdmin):
    """What was said stays: a change of mind is a new row."""

    part = "consents"
    list_display = ["customer", "channel", "is_given", "said_at", "source", "version"]
    list_filter = [["channel", ChoicesDropdownFilter], "is_given"]
    list_select_related = ["customer"]
    fields = ["customer", ("channel", "is_given"), ("said_at", "source"), "version"]
    autocomplete_fields = ["customer"]
    sortable_by = ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Tag)
class TagAdmin(PartOfCustomerAdmin):
    """Who has a tag: search for it."""

    part = "tags"
    icon, place = "sell", 8
    list_display = ["name", "customer"]
    list_select_related = ["customer"]
    search_fields = ["name__startswith"]
    search_help_text = "The tag, or the start of it."
    autocomplete_fields = ["customer"]
    sortable_by = ()
