"""Which rows does a list show, and which are offered, of what somebody searches for?"""

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty_site.lib.admin.theme import RelatedDropdownFilter
from loyalty_site.lib.texts import cannot_be


class SearchedList(ChangeList):
    """A list in which a search for what cannot be finds nothing; Django says why, and would show everything."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return rows.none() if cannot_be(request.GET.get(SEARCH_VAR, "")) else rows

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        extensions = getattr(self.model_admin, "extensions", ())
        if [one for one in extensions if one.refresh_listed(request, self.result_list)]:
            # They were read before.
            self.result_list = self.result_list.all()


class AnyRelatedFilter(RelatedDropdownFilter):
    """A filter to which other pages lead: it is there with a single row to choose, too."""

    def has_output(self) -> bool:
        """Always: what Django does not show, with one row only, it would not filter by either."""
        return True


class SearchedChoices(AutocompleteJsonView):
    """What is offered where somebody chooses a row: of what cannot be nothing, and no database is asked for it."""

    def get_queryset(self) -> QuerySet[Any]:
        if cannot_be(self.term):
            nothing: QuerySet[Any] = self.model_admin.get_queryset(self.request).none()
            return nothing
        found: QuerySet[Any] = super().get_queryset()
        return found
