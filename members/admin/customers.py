"""How do staff find and correct a person or a company, whatever programs they are in?"""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty_site.lib.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    Fieldsets,
    ModelAdmin,
    StaffRequest,
    TabularInline,
    display,
)
from loyalty_site.lib.panels import Panel, Table, link, moment
from members import search
from members.models import Customer, ExternalId

CUSTOMER_FIELDSETS: Fieldsets = [
    (None, {"fields": ["kind", ("first_name", "last_name"), "company_name"]}),
    ("Contact", {"fields": [("email", "phone"), ("birth_date", "language")]}),
]
#: Which name belongs to which kind of customer.
NAMES_BY_KIND = {
    "first_name": "kind == 'person'",
    "last_name": "kind == 'person'",
    "company_name": "kind != 'person'",
}


class ExternalIdInline(TabularInline):
    """What other systems call the customer."""

    model = ExternalId
    fields = ["connection", "value"]
    autocomplete_fields = ["connection"]


@admin.register(Customer)
class CustomerAdmin(ModelAdmin):
    """People and companies, with their memberships."""

    icon, place = "person", 2
    list_display = ["name", "kind", "email", "phone", "language", "created_at"]
    list_filter = [["kind", ChoicesDropdownFilter]]
    # `search` decides; the names here only make the box appear.
    search_fields = ["last_name_key", "email_key", "phone"]
    search_help_text = "Last name, e-mail or phone with country code, or the start of it."
    sortable_by = ()
    fieldsets = CUSTOMER_FIELDSETS
    conditional_fields = NAMES_BY_KIND
    inlines = [ExternalIdInline]

    @display(description="customer")
    def name(self, customer: Customer) -> str:
        return str(customer)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        return (search.customers(queryset, search_term) if search_term.strip() else queryset), False

    def panels(self, request: StaffRequest, customer: Customer) -> list[Panel]:
        memberships = customer.memberships.select_related("program", "customer")
        return [
            Table(
                title="Memberships",
                headers=["Program", "Number", "Status", "Enrolled"],
                rows=[
                    [
                        str(member.program),
                        link(request, member, member.number),
                        member.get_status_display(),
                        moment(member.enrolled_at, member.program.zone),
                    ]
                    for member in memberships
                ],
                empty="Not a member of any program.",
            )
        ]


@admin.register(ExternalId)
class ExternalIdAdmin(ModelAdmin):
    """What other systems call our customers."""

    list_display = ["value", "connection", "customer"]
    list_filter = [["connection", AutocompleteSelectFilter]]
    list_select_related = ["connection__partner", "customer"]
    search_fields = ["value__startswith"]
    sortable_by = ()
    autocomplete_fields = ["connection", "customer"]
