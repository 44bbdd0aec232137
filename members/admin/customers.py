"""How do staff find and correct a person or a company, whatever programs they are in?"""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from loyalty_site.lib import notation
from loyalty_site.lib.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    Fieldsets,
    ModelAdmin,
    StaffRequest,
    TabularInline,
    display,
    dressed,
)
from loyalty_site.lib.forms import ModelForm
from loyalty_site.lib.panels import Panel, Table, link, moment
from members import changes, search
from members.admin.telling_changes import PartOfCustomerAdmin, names_changed
from members.models import Consent, Customer, ExternalId, Tag

CUSTOMER_FIELDSETS: Fieldsets = [
    (None, {"fields": ["kind", ("first_name", "last_name"), "company_name"]}),
    ("Contact", {"fields": [("email", "phone"), ("birth_date", "birthday"), ("language", "time_zone")]}),
]
#: Which name belongs to which kind of customer.
NAMES_BY_KIND = {
    "first_name": "kind == 'person'",
    "last_name": "kind == 'person'",
    "company_name": "kind != 'person'",
}


def phone_field() -> forms.CharField:
    """Where a phone number is typed, in any notation: it may be longer than it is stored."""
    example = "Like +33 6 12 34 56 78; without country code where the program has a country."
    return dressed(forms.CharField(required=False, max_length=notation.LONGEST_PHONE, help_text=example))


class CustomerForm(ModelForm):
    """A phone number without country code is one of the country of the programs that the customer is in."""

    instance: Customer
    phone = phone_field()

    def clean_phone(self) -> str:
        typed: str = self.cleaned_data["phone"]
        countries: set[str] = set()
        if notation.is_national_phone(typed) and self.instance.pk:
            countries = set(self.instance.memberships.order_by().values_list("program__country", flat=True)) - {""}
        try:
            return notation.phone(typed, countries.pop() if len(countries) == 1 else "")
        except notation.NoPhone as error:
            raise ValidationError(str(error)) from error


class ExternalIdForm(ModelForm):
    """What another system calls a customer."""

    instance: ExternalId

    def clean_value(self) -> str:
        value: str = self.cleaned_data["value"]
        # Of two ids that were found to be one, the later one is known as it is written.
        return value if value == self.instance.value else notation.external_id(value)


class ExternalIdInline(TabularInline):
    """What other systems call the customer."""

    model = ExternalId
    form = ExternalIdForm
    fields = ["connection", "value"]
    autocomplete_fields = ["connection"]


class TagInline(TabularInline):
    """By what staff sort them."""

    model = Tag
    fields = ["name"]


class ConsentInline(TabularInline):
    """What the person said about messages, the latest first; a change of mind is a new row."""

    model = Consent
    fields = ["channel", "is_given", "said_at", "source", "version"]
    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Customer)
class CustomerAdmin(ModelAdmin):
    """People and companies, with their memberships."""

    form = CustomerForm
    icon, place = "person", 2
    list_display = ["name", "kind", "email", "phone", "language", "created_at"]
    list_filter = [["kind", ChoicesDropdownFilter]]
    # `search` decides; the names here only make the box appear.
    search_fields = ["last_name_key", "email_key", "phone"]
    search_help_text = "Last name, e-mail or phone, or the start of it."
    sortable_by = ()
    fieldsets = [*CUSTOMER_FIELDSETS, ("What is known of the birthday", {"fields": ["birthday_set_at"]})]
    readonly_fields = ["birthday_set_at"]
    conditional_fields = NAMES_BY_KIND
    inlines = [ExternalIdInline, TagInline, ConsentInline]

    def has_change_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        # What was erased stays empty.
        return (obj is None or obj.erased_at is None) and super().has_change_permission(request, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: list[Any], change: bool) -> None:
        super().save_related(request, form, formsets, change)
        changes.tell_updated({form.instance.pk: names_changed(form, formsets)})

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
class ExternalIdAdmin(PartOfCustomerAdmin):
    """What other systems call our customers."""

    part = "external_ids"
    form = ExternalIdForm
    list_display = ["value", "connection", "customer"]
    list_filter = [["connection", AutocompleteSelectFilter]]
    list_select_related = ["connection__partner", "customer"]
    # `get_search_results` decides; the name here only makes the box appear.
    search_fields = ["value"]
    sortable_by = ()
    autocomplete_fields = ["connection", "customer"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ExternalId], search_term: str
    ) -> tuple[QuerySet[ExternalId], bool]:
        text = search_term.strip()
        starting = Q(value__startswith=text) | Q(value__startswith=notation.external_id(text))
        return queryset.filter(starting) if text else queryset, False
