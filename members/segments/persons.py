"""How is asked what is true of the person of a member? By the row of that person, never by those of all."""

from django.db.models import OuterRef, Q

from members.models import Customer
from members.segments.finding import there_is


def whose(person: Q) -> Q:
    """The filter of members whose person passes this filter of customers."""
    return there_is(Customer.objects.filter(person, pk=OuterRef("customer")))
