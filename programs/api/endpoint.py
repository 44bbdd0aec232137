"""Which program does a request speak of? The base of all endpoints that work in one program."""

from collections.abc import Callable
from functools import cached_property

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter

from loyalty_site.lib import problems
from partners.api.endpoint import Endpoint
from partners.models import Partner
from programs import versions
from programs.configuration import Configuration
from programs.models import Participation, Program

PROGRAM = OpenApiParameter(
    "program",
    str,
    description="Code of the program. Needless while the key's partner has exactly one active program.",
)


def reachable(partner: Partner) -> QuerySet[Program]:
    """The programs in which `partner` takes part, as their owner or by a Participation."""
    joined = Participation.objects.filter(partner=partner).values("program")
    return Program.objects.filter(Q(owner=partner) | Q(pk__in=joined))


class ProgramEndpoint(Endpoint):
    """Works in one program: that of ?program=, or the one active program of the key's partner."""

    def known_parameters(self) -> set[str]:
        return super().known_parameters() | {"program"}

    @cached_property
    def program(self) -> Program:
        """The Program that the request speaks of. Raises Refused where that is none, or one of several."""
        programs = reachable(self.connection.partner)
        if code := self.request.query_params.get("program"):
            program = programs.filter(code=code).first()
            if program is None:
                detail = "The key reaches no program with this code."
                raise problems.unlike("program_unknown", detail, field="?program")
            return program
        active = list(programs.filter(status=Program.Status.ACTIVE)[:2])
        if len(active) != 1:
            found = "no active program" if not active else "several active programs"
            raise problems.unlike(
                "program_missing", f"The key reaches {found}: name one, ?program=CODE.", field="?program"
            )
        return active[0]

    @cached_property
    def configuration(self) -> Configuration:
        """The program as values, as new as the row that was just read."""
        compiled = versions.current(self.program.pk)
        return compiled if compiled.version == self.program.version else versions.renew(self.program.pk)

    def once(self, do: Callable[[], HttpResponse]) -> HttpResponse:
        before = self.configuration
        try:
            return super().once(do)
        except Exception:
            # What was compiled inside a transaction that is rolled back has left no version behind.
            if versions.current(self.program.pk) is not before:
                versions.forget()
            raise
