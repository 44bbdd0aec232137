"""How long is kept what has left?"""

from datetime import timedelta

from django.utils import timezone

from members.models import Attempt, Delivery, Event
from members.outbox import retention
from tests.support.outbox import drain, endpoint, event, events


def purge(days):
    return retention.purge(timezone.now() + timedelta(days=days))


def test_bodies_go_first_and_everything_else_later(program, receiver, address):
    endpoint(program, f"{address}/hook")
    event(program)
    drain()
    assert not +purge(29)
    assert Attempt.objects.get().request
    assert purge(31)["bodies"] == 1
    tried = Attempt.objects.get()
    assert (tried.request, tried.answer, tried.result, tried.status) == ("", "", "sent", 200)
    assert not +purge(89)
    assert +purge(91) == {"deliveries": 1, "events": 1}
    assert not Event.objects.exists()
    assert not Attempt.objects.exists()


def test_days_are_settings(program, receiver, address, settings):
    settings.OUTBOX_BODIES_KEPT_DAYS, settings.OUTBOX_KEPT_DAYS = 2, 5
    endpoint(program, f"{address}/hook")
    event(program)
    drain()
    assert +purge(3) == {"bodies": 1}
    assert +purge(6) == {"deliveries": 1, "events": 1}


def test_what_is_not_at_its_end_is_kept_with_its_event(program, receiver, address):
    endpoint(program, f"{address}/hook")
    event(program)
    receiver.always("500")
    drain()
    purge(3000)
    assert Delivery.objects.get().state == "waiting"
    assert Event.objects.exists()


def test_an_event_that_nobody_got_goes_and_one_that_is_not_spread_stays(program, receiver, address):
    event(program)
    drain()
    waiting = event(program)
    assert purge(91)["events"] == 1
    assert Event.objects.get() == waiting


def test_what_may_be_told_once_is_remembered_longer(program, receiver, address):
    event(program, once="expiring:1")
    drain()
    assert not purge(399)["events"]
    assert purge(401)["events"] == 1


def test_what_was_told_in_another_message_goes_before_that_one(program, receiver, address, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    endpoint(program, f"{address}/hook")
    events(program, 7)
    drain()
    first = Delivery.objects.order_by("pk").first()
    Delivery.objects.exclude(pk=first.pk).update(state="merged", digest=first)
    counts = purge(91)
    assert (counts["bodies"], counts["deliveries"], counts["events"]) == (7, 7, 7)
    assert not Delivery.objects.exists()
