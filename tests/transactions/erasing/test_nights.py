"""Does the number of somebody who was erased outlast them in what nights found, and in what staff were told of it?"""

from django.utils import timezone

from members.models import Attempt, Delivery, Event
from members.telling import tell
from tests.support import factories
from tests.support.outbox import webhooks
from transactions.erasing.erasures import erase
from transactions.models import NightRun


def test_differences_that_a_night_found_name_the_person_no_more(db):
    program = factories.program()
    ada, grace = factories.member(program), factories.member(program)
    old, night = ada.number, {"program": program.code, "day": "2026-11-28", "step": "reconcile", "error": ""}
    found = [f"member {number} points: available points is 13, the ledger says 12" for number in (old, grace.number)]
    run = NightRun.objects.create(program=program, day="2026-11-28", step="reconcile", counts={"listed": found})
    tell(program, "reconcile.drift", {"night": night, "differences": {"count": 2, "first": found}}, once="drift")
    event = Event.objects.get(type="reconcile.drift")
    common = {"program": program, "event": event, "connection": webhooks(program.owner), "key": "note"}
    sent = Delivery.objects.create(kind="note", state="sent", next_at=None, ended_at=timezone.now(), **common)
    Attempt.objects.create(delivery=sent, number=1, request=found[0])
    done = erase(ada.customer, reason="Request 17")
    for row in (run, event, ada):
        row.refresh_from_db()
    left = [found[0].replace(old, ada.number), found[1]]
    assert run.counts["listed"] == left
    assert event.data["differences"] == {"count": 2, "first": left}
    assert list(Attempt.objects.values_list("request", flat=True)) == [""]
    assert (done.counts["nights"], done.counts["events"]) == (1, 1)
