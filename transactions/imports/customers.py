"""Which new customer does a row describe?"""

from collections.abc import Mapping
from datetime import date

from django.core.exceptions import ValidationError

from loyalty_site.lib import notation
from loyalty_site.lib.refusals import Refusal
from members.models import Card, Customer

_CARD_NUMBER = Card._meta.get_field("number")


def new_customer(person: Mapping[str, str | date], country: str, *, card: str = "") -> Customer | Refusal:
    """The new Customer with these columns, not saved, or why the row describes somebody who cannot be.

    A phone number that names no country is one of `country`; `card` is the one they are known by, "" for none.
    """
    kind = Customer.Kind.COMPANY if person.get("company_name") else Customer.Kind.PERSON
    customer = Customer(**{"kind": kind, **person})
    try:
        customer.write_alike(country)
        customer.clean_fields()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        return Refusal("invalid_customer", messages[0], field=field)
    if wrong := card_problem(notation.card(card)) if card else "":
        return Refusal("invalid_customer", wrong, field="card")
    customer.set_keys()
    return customer


def card_problem(number: str) -> str:
    """Why no card can have this number, which is in its one notation; "" if one can."""
    try:
        _CARD_NUMBER.clean(number, None)
    except ValidationError as error:
        return error.messages[0]
    return ""
