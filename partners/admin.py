"""How do staff keep partners, their stores and products, and the ways they reach us?"""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from loyalty_site.lib.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    Dialog,
    Made,
    ModelAdmin,
    ReadOnlyInline,
    RelatedDropdownFilter,
    StaffRequest,
    TabularInline,
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
from partners.models import ApiKey, Connection, Partner, Product, Store


class StoreInline(TabularInline):
    """The stores of a partner, a page of them at a time: a chain has hundreds."""

    model = Store
    fields = ["code", "name", "city", "is_active"]
    tab = True
    per_page = 25


class ProductInline(TabularInline):
    """The products of a partner."""

    model = Product
    fields = ["sku", "name", "category", "is_active"]
    tab = True
    per_page = 25


class ConnectionInline(ReadOnlyInline):
    """The ways in which a partner reaches us, each with a page of its own."""

    model = Connection
    readonly_fields = ["page", "platform", "status", "created_at"]
    fields = [*readonly_fields]
    tab = True

    @display(description="name")
    def page(self, connection: Connection) -> str:
        return link_to(connection, connection.name)


@admin.register(Partner)
class PartnerAdmin(ModelAdmin):
    """Partners with their stores, products and connections."""

    icon, place = "handshake", 1
    list_display = ["name", "code", "is_active", "created_at"]
    list_filter = ["is_active"]
    search_fields = ["name", "code__startswith"]
    fields = ["name", "code", "is_active"]
    prepopulated_fields = {"code": ["name"]}
    inlines = [StoreInline, ProductInline, ConnectionInline]
    add_inlines = []


@admin.register(Store)
class StoreAdmin(ModelAdmin):
    """Stores across partners."""

    icon, place = "storefront", 2
    list_display = ["name", "code", "city", "partner", "is_active"]
    list_filter = [["partner", RelatedDropdownFilter], "is_active"]
    list_select_related = ["partner"]
    search_fields = ["name", "code__startswith", "city"]
    autocomplete_fields = ["partner"]


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    """Products across partners. A catalogue may be large: the search uses only what an index answers."""

    icon, place = "inventory_2", 3
    list_display = ["sku", "name", "category", "partner", "is_active"]
    list_filter = [["partner", RelatedDropdownFilter], "is_active"]
    list_select_related = ["partner"]
    search_fields = ["sku__startswith", "category__exact"]
    search_help_text = "Start of a SKU, or a whole category."
    autocomplete_fields = ["partner"]


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


@admin.register(Connection)
class ConnectionAdmin(ModelAdmin):
    """The ways in which partners reach us. Facts are named by their connection, so it does not change sides."""

    icon, place = "cable", 4
    list_display = ["name", "partner", "platform", "status", "created_at"]
    list_filter = [
        ["partner", RelatedDropdownFilter],
        ["platform", ChoicesDropdownFilter],
        ["status", ChoicesDropdownFilter],
    ]
    list_select_related = ["partner"]
    search_fields = ["name", "partner__name", "token__exact"]
    autocomplete_fields = ["partner"]
    # Credentials are never drawn: what is not on a page cannot be read over a shoulder.
    fields = ["partner", "name", "platform", "status", "token", "created_at"]
    readonly_fields = ["token", "created_at"]
    fixed_fields = ["partner", "platform"]
    inlines = [ApiKeyInline]
    add_inlines = []
    actions_detail = ["issue_key"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        return super().get_queryset(request).defer("credentials")

    @action(description="Issue an API key", permission="partners.add_apikey", icon="key")
    def issue_key(self, request: StaffRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:partners_apikey_add')}?connection={object_id}")


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
