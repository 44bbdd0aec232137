"""How do other systems read what a program promises?"""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib import problems
from partners.api.endpoint import Endpoint
from programs.api import schemas
from programs.reach import ReachingKey, reachable


@extend_schema_view(
    list=extend_schema(
        operation_id="list_programs",
        summary="The programs that the key reaches",
        responses={200: schemas.SUMMARIES.schema()},
    ),
    retrieve=extend_schema(
        operation_id="read_program",
        summary="A program with its currencies, tiers and active rules",
        responses={200: schemas.PROGRAM_DETAIL.schema()},
    ),
)
class ProgramViewSet(Endpoint):
    """Programs, to read."""

    authentication_classes = [ReachingKey]

    scopes = {"list": "read", "retrieve": "read"}

    def list(self, request: Request) -> HttpResponse:
        rows = reachable(self.connection.partner_id).order_by("code").values(*schemas.SUMMARY_COLUMNS)
        return self.answer({"results": [schemas.summary(row) for row in rows]})

    def retrieve(self, request: Request, code: str) -> HttpResponse:
        program = reachable(self.connection.partner_id).select_related("owner").filter(code=code).first()
        if program is None:
            raise problems.unlike("program_unknown", "The key reaches no program with this code.")
        return self.answer(schemas.described(program))
