"""Which rows does a list show, and which are offered, of what somebody searches for?"""

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty_site.lib.texts import cannot_be


class SearchedList(ChangeList):
    """A list in which a search for what cannot be finds nothing; Django says why, and would show everything."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return rows.none() if cannot_be(request.GET.get(SEARCH_VAR, "")) else rows


class SearchedChoices(AutocompleteJsonView):
    """What is offered where somebody chooses a row: of what cannot be nothing, and no database is asked for it."""

    def get_queryset(self) -> QuerySet[Any]:
        if cannot_be(self.term):
            nothing: QuerySet[Any] = self.model_admin.get_queryset(self.request).none()
            return nothing
        found: QuerySet[Any] = super().get_queryset()
        return found
