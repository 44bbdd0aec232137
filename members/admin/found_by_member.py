"""How are facts found that belong to a member? By whatever names the member."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty_site.lib.admin import FactAdmin
from members import search
from members.models import Member

SEARCH_HELP = "Number, card, e-mail, phone or last name of the member, or the start of one."


class MemberFactAdmin(FactAdmin):
    """Facts of a member, the newest first."""

    #: Where the member is, as a path of fields.
    member_path = "member"
    # `get_search_results` decides; the name here only makes the box appear.
    search_fields = ["pk"]
    search_help_text = SEARCH_HELP
    sortable_by = ()
    ordering = ["-pk"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.strip():
            queryset = self.of_members(queryset, search.matching(Member.objects.all(), search_term).values("pk"))
        return queryset, False

    def of_members(self, queryset: QuerySet[Any], members: QuerySet[Any, Any]) -> QuerySet[Any]:
        """Those of the `queryset` that belong to one of these keys of members."""
        return queryset.filter(**{f"{self.member_path}__in": members})
