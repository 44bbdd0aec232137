"""How do staff keep partners, their stores and products?"""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty_site.lib.admin import ModelAdmin, ReadOnlyInline, RelatedDropdownFilter, TabularInline, display
from loyalty_site.lib.panels import link_to
from partners.models import Connection, Partner, Product, Store


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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        rows: QuerySet[Connection] = super().get_queryset(request)
        return rows.defer("credentials")

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
