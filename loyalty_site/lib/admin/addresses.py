"""Which row does an address name, and how does the page of another one open?"""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404

from loyalty_site.lib.panels import address_of

Row = TypeVar("Row", bound=Model)


def found(queryset: QuerySet[Row], object_id: int | str) -> Row:
    """The row that an address names. Raises Http404 for any that is none, whatever was typed."""
    try:
        return get_object_or_404(queryset, pk=object_id)
    except (ValueError, OverflowError) as error:
        raise Http404 from error


def names_one_of(queryset: QuerySet[Row], object_id: int | str) -> bool:
    """Whether an address names a row of `queryset`, whatever was typed."""
    try:
        return queryset.filter(pk=object_id).exists()
    except (ValueError, OverflowError):
        return False


def open_page_of(row: Model) -> HttpResponse:
    """The answer to a dialog that is done: the browser opens the page of `row`."""
    return HttpResponse(headers={"HX-Redirect": address_of(row)})
