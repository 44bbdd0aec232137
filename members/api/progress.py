"""How do other systems read how far a member is with the rules that count?"""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request

from loyalty_site.lib.schema_objects import Answer, Answered, Items
from loyalty_site.lib.schema_types import Day, DecimalText, Text, Whole
from members import counted
from members.api import numbers
from members.counted import Counted
from programs import periods
from programs.api.endpoint import PROGRAM, ProgramEndpoint
from programs.progress import DAYS, MONEY, MONTHS, PURCHASES, TIMES, UNITS, WEEKS
from programs.rules.base import plain

_LONGEST_SENTENCE = 4_000
PROGRESS = Answer(
    "Progress",
    {
        "rule": Text(40),
        "name": Text(80),
        "kind": Text(40),
        "sentence": Text(_LONGEST_SENTENCE, text="What the rule gives, to whom and when."),
        "counts": Text(
            12,
            choices=(UNITS, PURCHASES, MONEY, TIMES, DAYS, WEEKS, MONTHS),
            text="What the three numbers count: units, money of the program, days in a row.",
        ),
        "counted": DecimalText(text="Of what the next points take, so much is there."),
        "needed": DecimalText(),
        "to_go": DecimalText(null=True, text="So much is missing; null: given as often as each member gets it."),
        "rewarded": Whole(text="How often the member got the points."),
        "streak": Whole(null=True, text="Periods in a row up to now, 0 where none goes on; null of other rules."),
        "last_on": Day(null=True, text="The first day of the last period of a streak."),
    },
)
_ALL = Answer("MemberProgress", {"results": Items(PROGRESS)})


@extend_schema_view(
    list=extend_schema(
        operation_id="list_progress",
        summary="How far the member is with each rule that counts",
        description="Targets that add up, each n-th time, and streaks: what is counted and what is missing.",
        parameters=[PROGRAM, OpenApiParameter("number", str, OpenApiParameter.PATH)],
        responses={200: _ALL.schema()},
    )
)
class ProgressViewSet(ProgramEndpoint):
    """The progress of one member; whoever may read the member may read it."""

    scopes = {"list": "read"}

    def list(self, request: Request, number: str) -> HttpResponse:
        member = numbers.member(self.program.pk, number)
        today = periods.local_date(timezone.now(), self.configuration.zone)
        found = counted.of_member(self.configuration, member, today=today)
        return self.answer({"results": [_written(one) for one in found]})


def _written(one: Counted) -> dict[str, Answered]:
    rule, reached, shown = one.rule, one.reached, one.shown
    return {
        "rule": rule.code,
        "name": rule.name,
        "kind": rule.kind.slug,
        "sentence": one.sentence,
        "counts": rule.kind.measure,
        "counted": plain(shown.counted),
        "needed": plain(shown.needed),
        "to_go": None if shown.to_go is None else plain(shown.to_go),
        "rewarded": reached.rewarded,
        "streak": one.run,
        "last_on": reached.last_on,
    }
