"""Which program does a request speak of? The base of all endpoints that work in one program."""

from collections.abc import Callable
from functools import cached_property
from typing import cast

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter

from loyalty_site.lib import problems
from partners.api.endpoint import Endpoint
from partners.models import ApiKey
from programs import versions
from programs.configuration import Configuration
from programs.reach import ProgramCaller, ReachedProgram, ReachingKey

PROGRAM = OpenApiParameter(
    "program",
    str,
    description="Code of the program. Needless while the key's partner has exactly one active program.",
)


class ProgramEndpoint(Endpoint):
    """Works in one program: that of ?program=, or the one active program of the key's partner."""

    authentication_classes = [ReachingKey]

    def known_parameters(self) -> set[str]:
        return super().known_parameters() | {"program"}

    @cached_property
    def program(self) -> ReachedProgram:
        """The program that the request speaks of. Raises Refused where that is none, or one of several."""
        if code := self.request.query_params.get("program"):
            return self.reached(code, field="?program")
        active = [program for program in cast(ProgramCaller, self.request.auth).programs if program.is_active]
        if len(active) != 1:
            found = "no active program" if not active else "several active programs"
            raise problems.unlike(
                "program_missing", f"The key reaches {found}: name one, ?program=CODE.", field="?program"
            )
        return active[0]

    def reached(self, code: str, *, field: str = "") -> ReachedProgram:
        """The program of this code, which the request names in `field`. Raises Refused where the key reaches none."""
        programs = cast(ProgramCaller, self.request.auth).programs
        program = next((program for program in programs if program.code == code), None)
        if program is None:
            raise problems.unlike("program_unknown", "The key reaches no program with this code.", field=field)
        return program

    @property
    def is_owner(self) -> bool:
        """Whether the key is one of the program's owner."""
        return self.program.owner_id == self.connection.partner_id

    @property
    def sees_persons(self) -> bool:
        """Whether the key may be told who a member is; whatever an answer says of a person asks here.

        Other partners serve members by number and need no more for it, unless the owner lets them.
        """
        return self.is_owner or ApiKey.Scope.PERSONAL in cast(ProgramCaller, self.request.auth).scopes

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


class AddressedProgram(ProgramEndpoint):
    """Works in the program that its address names, as `code`."""

    @cached_property
    def program(self) -> ReachedProgram:
        return self.reached(self.kwargs["code"])

    def known_parameters(self) -> set[str]:
        return super().known_parameters() - {"program"}
