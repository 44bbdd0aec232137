"""What is asked of somebody who enrols at a desk?"""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.forms import modelform_factory

from loyalty_site.lib import notation
from loyalty_site.lib.admin import dressed
from loyalty_site.lib.forms import Errors, ModelForm
from members.admin.customers import phone_field
from members.models import Card, Customer, Member
from partners.models import Store
from programs.models import Program

#: What `enrol` refuses, and the field of the page beside which it is shown.
_FIELDS: dict[str | None, str] = {"cards": "card", "customer": "existing"}
_OF_CUSTOMER = [
    *("kind", "first_name", "last_name", "company_name", "email", "phone"),
    *("birth_date", "birthday", "language", "time_zone"),
]


class EnrolForm(ModelForm):
    """The fields of a new Customer, or an existing one, and of the membership. `enrol` makes the rows."""

    program = dressed(forms.ModelChoiceField(Program.objects.filter(status=Program.Status.ACTIVE)))
    existing = forms.ModelChoiceField(
        Customer.objects.all(),
        required=False,
        label="Existing customer",
        help_text="Somebody who is known from another program. Else leave it empty and fill in the fields below.",
        widget=AutocompleteSelect(Member._meta.get_field("customer"), admin.site),
    )
    home_store = dressed(
        forms.ModelChoiceField(Store.objects.filter(is_active=True).select_related("partner"), required=False)
    )
    card = dressed(
        forms.CharField(
            required=False,
            label="Card number",
            max_length=40,
            help_text="Of a card that is handed out now.",
        )
    )

    class Meta:
        model = Member
        fields = ["channel"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        self.customer = cleaned.get("existing") or Customer(
            **{name: cleaned[name] for name in _OF_CUSTOMER if name in cleaned}
        )
        if self.customer.pk is None and not self.errors:
            self._check_customer()
        return cleaned

    def clean_card(self) -> str:
        number = notation.card(self.cleaned_data["card"])
        if number:
            Card._meta.get_field("number").run_validators(number)
        return number

    def _check_customer(self) -> None:
        self.customer.write_alike(self.cleaned_data["program"].country)
        if not (self.customer.full_name or self.customer.email or self.customer.phone):
            raise forms.ValidationError("Give a name, an e-mail address or a phone number.")
        self.customer.full_clean()

    def _post_clean(self) -> None:
        # The row is made by `enrol`, which checks it; here is nothing yet that could be checked.
        self.show_refusals()

    def place_error(self, name: str | None, errors: Errors) -> None:
        super().place_error(_FIELDS.get(name, name), errors)

    def arguments(self) -> dict[str, Any]:
        """The arguments of `enrol`, by name."""
        cleaned = self.cleaned_data
        return {
            "program": cleaned["program"],
            "customer": self.customer,
            "channel": cleaned["channel"],
            "home_store": cleaned["home_store"],
            "cards": [cleaned["card"]] if cleaned["card"] else [],
        }


# In the look of the admin, and collected by the forms that it makes of this one; the model itself validates them.
_fields_of_customer = modelform_factory(Customer, fields=_OF_CUSTOMER).base_fields
EnrolForm.declared_fields.update({name: dressed(field) for name, field in _fields_of_customer.items()})
EnrolForm.declared_fields["phone"] = phone_field()
