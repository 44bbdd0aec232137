"""How do other systems pass on what a member says about the birthday?"""

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request

from loyalty_site.lib import problems
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.schema_objects import Answer, Fields
from loyalty_site.lib.schema_types import Day, Text
from members import birthdays
from members.api import numbers
from members.models.customers import check_birthday
from programs.api.endpoint import PROGRAM, ProgramEndpoint

_LONGEST = 5
_MONTH_AND_DAY = "Month and day, like 12-25, of who does not say the year."


@dataclass(frozen=True, slots=True)
class Said:
    """One of both: the date of birth, or the birthday as MM-DD."""

    birth_date: date | None = None
    birthday: str = ""


SAID = Fields("SaidBirthday", {"birth_date": Day(), "birthday": Text(_LONGEST, text=_MONTH_AND_DAY)}, Said)
BIRTHDAY = Answer(
    "Birthday", {"number": Text(24), "birth_date": Day(null=True), "birthday": Text(_LONGEST, text=_MONTH_AND_DAY)}
)


class BirthdayViewSet(ProgramEndpoint):
    """The birthday of a member, which the member may say or correct once after the enrolment."""

    scopes = {"say": "enrol"}
    #: Said again it changes nothing.
    named_by_address = {"say"}

    @extend_schema(
        operation_id="say_birthday",
        summary="Pass on the birthday that a member says",
        description="Once after the enrolment, so that nobody has two a year; later only staff change it.",
        parameters=[PROGRAM, OpenApiParameter("number", str, OpenApiParameter.PATH)],
        request={"application/json": SAID.schema()},
        responses={200: BIRTHDAY.schema()},
        examples=[OpenApiExample("A birthday", value={"birth_date": "1984-03-09"}, request_only=True)],
    )
    def say(self, request: Request, number: str) -> HttpResponse:
        if not self.sees_persons:
            raise problems.unlike("scope_missing", "The key needs the scope personal to speak of who a member is.")
        said = problems.refuse(SAID, request.data)
        if problem := _problem(said):
            raise problems.Rejected([problem])
        person = numbers.person(self.program.pk, number)
        customer = birthdays.say(person, birth_date=said.birth_date, birthday=said.birthday)
        return self.answer({"number": number, "birth_date": customer.birth_date, "birthday": customer.birthday})


def _problem(said: Said) -> Refusal | None:
    """Why nothing can be noted of it; None where it can."""
    if bool(said.birth_date) == bool(said.birthday):
        return Refusal("invalid_value", "Send either birth_date or birthday.", "birthday")
    if said.birth_date and said.birth_date > timezone.localdate():
        return Refusal("invalid_day", "A birth date lies in the past.", "birth_date")
    try:
        check_birthday(said.birthday or "01-01")
    except ValidationError as error:
        return Refusal("invalid_day", error.messages[0], "birthday")
    return None
