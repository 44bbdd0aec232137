"""What is there to see of promotions and segments in the demo? Days that move with it, codes, enrolments."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db.models import Max, Min

from loyalty_site.demo.events import CODES, Events
from loyalty_site.demo.moments import Present
from loyalty_site.lib.json_types import JsonObject
from members import promotions as enrolments
from members.models import Member
from programs import periods, promotion_codes
from programs.models import Program
from transactions.promoting import holdouts
from transactions.segments import looking_up

_PROGRAM = Path(__file__).with_name("program.json")


def document(now: datetime) -> JsonObject:
    """The program as a document. In the file its promotions say their days as numbers of days from today; here they
    are dates, counted from the day that it is `now` in the program's zone."""
    wanted = json.loads(_PROGRAM.read_text(encoding="utf-8"))
    today = periods.local_date(now, ZoneInfo(wanted["program"]["time_zone"]))
    for promotion in wanted["promotions"]:
        for name in {"starts_on", "ends_on"} & promotion.keys():
            promotion[name] = (today + timedelta(days=promotion[name])).isoformat()
    document: JsonObject = wanted
    return document


def give_codes(program: Program) -> None:
    """The list of the letter."""
    promotion_codes.add(program.promotions.get(code="letter"), CODES)


def enrol(program: Program, customers: Mapping[str, Member], events: Events, present: Present) -> None:
    """Whoever is in the café club has enrolled before the first coffee that the demo gives them."""
    promotion = program.promotions.get(code="cafe-club")
    for moment in events.of_the_club():
        enrolments.enrol(customers[moment.purchase.customer], promotion, now=moment.at(present))


def measure(program: Program, present: Present) -> None:
    """Compare who was left out of a promotion with who was not, as a night would."""
    holdouts.measure(program.promotions.get(code="rock-weeks"), now=present.now)


def look_up(program: Program, present: Present) -> None:
    """Let segments hold who is in them now, as a night would."""
    ends = Member.objects.filter(program=program).aggregate(first=Min("pk"), last=Max("pk"))
    looking_up.work(program.pk, ends["first"], ends["last"], now=present.now)
