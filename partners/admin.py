"""How do staff keep partners, their stores and products, and the ways they reach us?"""

from django import forms
from django.contrib import admin, messages
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from loyalty_site.lib.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    Dialog,
    ModelAdmin,
    ModelForm,
    ReadOnlyInline,
    RelatedDropdownFilter,
    TabularInline,
    VerbAdmin,
    action,
    display,
    dressed,
    found,
    go_to,
)
from partners import keys
from partners.models import ApiKey, Connection, Partner, Product, Store


class StoreInline(TabularInline):
    model = Store
    fields = ["code", "name", "city", "is_active"]
    tab = True
    # A chain has hundreds of them: drawn page by page.
    per_page = 25


class ProductInline(TabularInline):
    model = Product
    fields = ["sku", "name", "category", "is_active"]
    tab = True
    per_page = 25


class ConnectionInline(ReadOnlyInline):
    model = Connection
    fields = readonly_fields = ["page", "platform", "status", "created_at"]
    tab = True

    @display(description="name")
    def page(self, connection):
        return page_of(connection, connection.name)


@admin.register(Partner)
class PartnerAdmin(ModelAdmin):
    icon, place = "handshake", 1
    list_display = ["name", "code", "is_active", "created_at"]
    list_filter = ["is_active"]
    search_fields = ["name", "code__startswith"]
    fields = ["name", "code", "is_active"]
    prepopulated_fields = {"code": ["name"]}
    inlines = [StoreInline, ProductInline, ConnectionInline]

    def get_inlines(self, request, obj):
        return self.inlines if obj else []

    def get_prepopulated_fields(self, request, obj=None):
        # A code that others already refer to does not follow the name.
        return {} if obj else self.prepopulated_fields


@admin.register(Store)
class StoreAdmin(ModelAdmin):
    icon, place = "storefront", 2
    list_display = ["name", "code", "city", "partner", "is_active"]
    list_filter = [["partner", RelatedDropdownFilter], "is_active"]
    list_select_related = ["partner"]
    search_fields = ["name", "code__startswith", "city"]
    autocomplete_fields = ["partner"]


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    icon, place = "inventory_2", 3
    list_display = ["sku", "name", "category", "partner", "is_active"]
    list_filter = [["partner", RelatedDropdownFilter], "is_active"]
    list_select_related = ["partner"]
    # A catalogue may be large: only what an index answers.
    search_fields = ["sku__startswith", "category__exact"]
    search_help_text = "Start of a SKU, or a whole category."
    autocomplete_fields = ["partner"]


def page_of(row, text):
    """A link to the page of a row that is shown on another one's."""
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a class="text-link" href="{}">{}</a>', address, text)


class ApiKeyInline(ReadOnlyInline):
    model = ApiKey
    verbose_name_plural = "API keys"
    fields = readonly_fields = ["page", "prefix", "scope_names", "expires_at", "revoked_at", "last_used_at"]

    @display(description="name")
    def page(self, key):
        return page_of(key, key.name)

    @display(description="scopes")
    def scope_names(self, key):
        return ", ".join(key.scopes)


@admin.register(Connection)
class ConnectionAdmin(ModelAdmin):
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
    inlines = [ApiKeyInline]
    actions_detail = ["issue_key"]

    def get_inlines(self, request, obj):
        return self.inlines if obj else []

    def get_queryset(self, request):
        return super().get_queryset(request).defer("credentials")

    def get_readonly_fields(self, request, obj=None):
        # Facts are named by their connection; it does not change sides.
        return [*self.readonly_fields, *(["partner", "platform"] if obj else [])]

    def has_issue_key_permission(self, request, object_id=None):
        return request.user.has_perm("partners.add_apikey")

    @action(description="Issue an API key", permissions=["issue_key"], icon="key")
    def issue_key(self, request, object_id):
        return HttpResponseRedirect(f"{reverse('admin:partners_apikey_add')}?connection={object_id}")


class ApiKeyForm(ModelForm):
    scopes = dressed(
        forms.MultipleChoiceField(
            choices=ApiKey.Scope.choices,
            help_text="Give no more than the caller needs.",
            widget=forms.CheckboxSelectMultiple,
        )
    )

    def clean_expires_at(self):
        expires_at = self.cleaned_data["expires_at"]
        if self.instance.pk is None and expires_at and expires_at <= timezone.now():
            raise forms.ValidationError("This lies in the past: the key would never work.")
        return expires_at


@admin.register(ApiKey)
class ApiKeyAdmin(VerbAdmin):
    icon, place = "key", 5
    form = ApiKeyForm
    list_display = ["name", "prefix", "connection", "scope_names", "is_revoked", "expires_at", "last_used_at"]
    list_filter = [["connection", AutocompleteSelectFilter]]
    list_select_related = ["connection__partner"]
    search_fields = ["name", "prefix__startswith"]
    autocomplete_fields = ["connection"]
    fields = ["connection", "name", "scopes", "expires_at"]
    actions_detail = ["revoke"]

    @display(description="scopes")
    def scope_names(self, key):
        return ", ".join(key.scopes)

    @display(description="revoked", boolean=True)
    def is_revoked(self, key):
        return key.revoked_at is not None

    def get_fields(self, request, obj=None):
        facts = ["prefix", "created_at", "revoked_at", "last_used_at"] if obj else []
        return [*self.fields, *facts]

    def get_readonly_fields(self, request, obj=None):
        return ["connection", "prefix", "created_at", "revoked_at", "last_used_at"] if obj else []

    def has_delete_permission(self, request, obj=None):
        # A key is revoked; its row keeps saying who used it until then.
        return False

    def save_model(self, request, obj, form, change):
        if change:
            return super().save_model(request, obj, form, change)
        made, request.issued_key = keys.issue(
            obj.connection, name=obj.name, scopes=obj.scopes, expires_at=obj.expires_at
        )
        obj.pk = made.pk
        obj._state.adding = False
        obj.refresh_from_db()

    def response_add(self, request, obj, post_url_continue=None):
        """The page that shows the key, the only time; drawn at once, so that it is stored nowhere."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"The key of {obj.name}",
            "opts": self.opts,
            "key": obj,
            "secret": request.issued_key,
        }
        return TemplateResponse(
            request, "admin/partners/issued_key.html", context, headers={"Cache-Control": "no-store"}
        )

    def has_revoke_permission(self, request, object_id=None):
        return request.user.has_perm("partners.change_apikey")

    @action(
        description="Revoke",
        permissions=["revoke"],
        icon="block",
        dialog={
            "title": "Revoke this API key?",
            "description": "Calls with it are refused from now on. A revoked key cannot be brought back.",
            "form_class": Dialog,
            "form_submit_text": "Revoke",
        },
    )
    def revoke(self, request, form, object_id):
        key = found(ApiKey.objects.all(), object_id)
        keys.revoke(key)
        self.log_change(request, key, "Revoked.")
        messages.success(request, f"{key} is revoked; calls with it are refused from now on.")
        return go_to("partners_apikey_change", key.pk)
