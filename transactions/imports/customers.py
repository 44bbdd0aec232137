"""Which new customer does a row describe?"""

from collections.abc import Mapping
from datetime import date

from django.core.exceptions import ValidationError

from loyalty_site.lib import notation
from loyalty_site.lib.refusals import Refusal
from members.models import Card, Customer


def new_customer(person: Mapping[str, str | date], country: str, *, card: str = "") -> Customer | Refusal:
    """The new Customer with these columns, not saved, or why the row describes somebody who cannot be.

    A phone number that names no country is one of `country`; `card` is the one they are known by, "" for none.
    """
    kind = Customer.Kind.COMPANY if person.get("company_name") else Customer.Kind.PERSON
    customer = Customer(**{"kind": kind, **person})
    try:
        customer.write_alike(country)
        customer.clean_fields()
        if card:
            Card(number=notation.card(card)).clean_fields(exclude=["member", "program"])
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        return Refusal("invalid_customer", messages[0], field="card" if name == "number" else name)
    customer.set_keys()
    return customer
