"""How do staff issue keys of the API, and revoke them?"""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from loyalty_site.lib.admin import (
    AutocompleteSelectFilter,
    Dialog,
    Made,
    ReadOnlyInline,
    StaffRequest,
    VerbAdmin,
    action,
    dialog,
    display,
    dressed,
    found,
)
from loyalty_site.lib.forms import ModelForm
from loyalty_site.lib.panels import link_to
from partners import keys
from partners.models import ApiKey


class ApiKeyInline(ReadOnlyInline):
    """The keys that were issued for a connection."""

    model = ApiKey
    verbose_name_plural = "API keys"
    readonly_fields = ["page", "prefix", "scope_names", "expires_at", "revoked_at", "last_used_at"]
    fields = [*readonly_fields]

    @display(description="name")
    def page(self, key: ApiKey) -> str:
        return link_to(key, key.name)

    @display(description="scopes")
    def scope_names(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)


class ApiKeyForm(ModelForm):
    """What a new key may do, and for how long."""

    scopes = dressed(
        forms.MultipleChoiceField(
            choices=ApiKey.Scope.choices,
            help_text=(
                "Give no more than the caller needs. Keys of a program's owner read who its members are with “read” "
                "alone; keys of other partners get number, status, balances and tiers unless they have that scope."
            ),
            widget=forms.CheckboxSelectMultiple,
        )
    )

    def clean_expires_at(self) -> datetime | None:
        expires_at: datetime | None = self.cleaned_data["expires_at"]
        if self.instance.pk is None and expires_at and expires_at <= timezone.now():
            raise forms.ValidationError("This lies in the past: the key would never work.")
        return expires_at


_FACTS = ["prefix", "created_at", "revoked_at", "last_used_at"]


@admin.register(ApiKey)
class ApiKeyAdmin(VerbAdmin):
    """Keys of the API. A key is revoked, never deleted: its row keeps saying who used it until then."""

    icon, place = "key", 5
    form = ApiKeyForm
    list_display = ["name", "prefix", "connection", "scope_names", "is_revoked", "expires_at", "last_used_at"]
    list_filter = [["connection", AutocompleteSelectFilter]]
    list_select_related = ["connection__partner"]
    search_fields = ["name", "prefix__startswith"]
    autocomplete_fields = ["connection"]
    fields = ["connection", "name", "scopes", "expires_at"]
    fixed_fields = ["connection", *_FACTS]
    actions_detail = ["revoke"]

    @display(description="scopes")
    def scope_names(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @display(description="revoked", boolean=True)
    def is_revoked(self, key: ApiKey) -> bool:
        return key.revoked_at is not None

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[Any]:
        return [*super().get_fields(request, obj), *(_FACTS if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def perform(self, request: StaffRequest, form: ApiKeyForm, formsets: list[Any]) -> Made:
        """Issue the key, and show it on a page that is drawn at once: it is stored nowhere."""
        wanted = form.cleaned_data
        key, secret = keys.issue(
            wanted["connection"], name=wanted["name"], scopes=wanted["scopes"], expires_at=wanted["expires_at"]
        )
        answer = self.draw(
            request, "admin/partners/issued_key.html", title=f"The key of {key.name}", key=key, secret=secret
        )
        answer.headers["Cache-Control"] = "no-store"
        return Made(key, answer)

    @action(
        description="Revoke",
        permission="partners.change_apikey",
        icon="block",
        dialog=dialog(
            "Revoke this API key?",
            "Calls with it are refused from now on. A revoked key cannot be brought back.",
            "Revoke",
        ),
    )
    def revoke(self, request: StaffRequest, form: Dialog, object_id: str) -> HttpResponse:
        key = found(ApiKey.objects.all(), object_id)
        keys.revoke(key)
        return self.done(
            request, key, log="Revoked.", say=f"{key} is revoked; calls with it are refused from now on."
        )
