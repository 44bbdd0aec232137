"""Which programs does a caller of the API reach? Read along with the key, in the statement that finds it."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from partners import keys
from partners.authentication import BearerKey
from partners.callers import ApiCaller
from programs.models import Participation, Program

_COLUMNS = ("id", "code", "status", "version", "money", "owner_id")
#: The programs of `reachable`, without a statement of their own.
_STATEMENT = keys.statement(
    columns="".join(f", g.{name}" for name in _COLUMNS),
    joins=(
        "LEFT JOIN programs_program g ON g.owner_id = p.id OR EXISTS "
        "(SELECT 1 FROM programs_participation t WHERE t.program_id = g.id AND t.partner_id = p.id)"
    ),
)


def reachable(partner_id: int) -> QuerySet[Program]:
    """The rows of the programs in which a partner takes part: its own, and those that it was let into."""
    joined = Participation.objects.filter(partner=partner_id).values("program")
    return Program.objects.filter(Q(owner=partner_id) | Q(pk__in=joined))


@dataclass(frozen=True, slots=True)
class ReachedProgram:
    """The row of a Program as values: what a request knows of it without compiling anything."""

    pk: int
    code: str
    status: str
    version: int
    money: str
    owner_id: int

    @property
    def is_active(self) -> bool:
        return self.status == Program.Status.ACTIVE


@dataclass(frozen=True, slots=True, eq=False)
class ProgramCaller(ApiCaller):
    """A caller, with every program in which the partner takes part."""

    programs: tuple[ReachedProgram, ...]


class ReachingKey(BearerKey):
    """`request.auth` is a ProgramCaller."""

    def find(self, text: str) -> ProgramCaller | None:
        found = keys.read(text, _STATEMENT)
        if found is None:
            return None
        caller, rows = found
        # A partner without programs has one row, of nothing.
        programs = tuple(ReachedProgram(*row) for row in rows if row[0] is not None)
        return ProgramCaller(caller.pk, caller.scopes, caller.connection, programs)
