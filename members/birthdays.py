"""How does a member say when the birthday is? Once after the enrolment; every later change is up to staff."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from loyalty_site.lib.refusals import Refused
from members import changes
from members.models import Customer


class BirthdaySettled(Refused):
    """The member has said or corrected it already."""

    code = "birthday_settled"


@transaction.atomic
def say(customer_id: int, *, birth_date: date | None = None, birthday: str = "") -> Customer:
    """Note what the member says: a `birth_date`, or a `birthday` (MM-DD) without its year; returns the Customer.

    What is on file already changes nothing and does not count. Raises BirthdaySettled.
    """
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
    was = customer.birth_date, customer.birthday
    if birth_date:
        customer.birth_date = birth_date
    elif birthday != customer.birthday:
        # A date of another day would say its own again.
        customer.birth_date, customer.birthday = None, birthday
    customer.set_keys()
    if (customer.birth_date, customer.birthday) == was:
        return customer
    if customer.birthday_corrected_at:
        detail = "The member has said it once already; staff can change it on the page of the customer."
        raise BirthdaySettled(detail, field="birth_date" if birth_date else "birthday")
    customer.birthday_corrected_at = timezone.now()
    customer.save(update_fields=["birth_date", "birthday", "birthday_corrected_at"])
    now_on_file = {"birth_date": customer.birth_date, "birthday": customer.birthday}
    changed = [name for (name, value), before in zip(now_on_file.items(), was, strict=True) if value != before]
    changes.tell_updated({customer.pk: changed})
    return customer
