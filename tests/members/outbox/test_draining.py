"""Does everything leave, once, whatever kinds do and whoever dies?"""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from loyalty_site.lib import locks
from members.models import Attempt, Delivery
from members.outbox import bell, draining, kinds, settling
from members.outbox.base import Later, Skip
from tests.support.outbox import (
    Texts,
    drain,
    endpoint,
    event,
    events,
    pass_time,
    results,
    states,
    twilio,
)


def test_an_event_reaches_a_webhook_and_a_text_once_each_and_both_are_written_down(program, receiver, address):
    hook = endpoint(program, f"{address}/hook?token=abc")
    twilio(program, address)
    told = event(program)
    counts = drain()
    assert counts["spread"] == 1
    assert counts["ended"] == 2
    assert receiver.names() == {told.name: 2}
    webhook, text = (Delivery.objects.get(kind=kind) for kind in ("webhook", "note"))
    assert {one.state for one in (webhook, text)} == {"sent"}
    assert text.provider_id.startswith("SM")
    assert webhook.recipient == f"{address}/hook?…"
    assert webhook.endpoint == hook
    assert webhook.attempts == 1
    assert webhook.next_at is webhook.leased_until is None
    assert webhook.ended_at is not None
    tried = Attempt.objects.get(delivery=webhook)
    assert (tried.number, tried.result, tried.status, tried.has_key) == (1, "sent", 200, True)
    assert told.name in tried.request
    assert tried.answer.startswith("HTTP 200")
    assert tried.took_ms is not None
    assert "sesame" not in Attempt.objects.get(delivery=text).request
    assert drain()["spread"] == 0
    assert len(receiver.accepted) == 2


def test_an_outbox_with_nothing_in_it_costs_few_statements_and_no_transaction(
    program, receiver, django_assert_max_num_queries
):
    with django_assert_max_num_queries(10) as asked:
        drain()
    assert not [one for one in asked if "SAVEPOINT" in one["sql"] or "UPDATE" in one["sql"]]


def test_more_messages_at_once_cost_hardly_more_statements(program, receiver, address, django_assert_max_num_queries):
    """C25-R1: what is due is claimed, stored and settled together."""
    endpoint(program, f"{address}/hook")
    events(program, 60)
    drain()
    events(program, 60)
    with django_assert_max_num_queries(400):
        drain()
    assert states() == {"sent": 120}


def test_what_a_kind_skips_puts_off_or_cannot_compose_is_not_sent_and_stops_no_other(
    program, receiver, address, monkeypatch
):
    twilio(program, address)
    skipped, later, broken, fine = events(program, 4)
    at = timezone.now() + timedelta(hours=8)

    class Odd(Texts):
        name = "note"

        def compose(self, deliveries, now):
            names = {one.event.name for one in deliveries}
            if broken.name in names:
                raise ZeroDivisionError("bad luck")
            found = super().compose(deliveries, now)
            for one in deliveries:
                if one.event.name == skipped.name:
                    found[one.pk] = Skip("No consent.")
                if one.event.name == later.name:
                    found[one.pk] = Later(at, "Quiet hours.")
            return found

    monkeypatch.setattr(kinds, "registry", {"note": Odd()})
    drain()
    by_name = {one.event.name: one for one in Delivery.objects.select_related("event")}
    assert (by_name[skipped.name].state, by_name[skipped.name].reason) == ("skipped", "No consent.")
    assert (by_name[later.name].state, by_name[later.name].next_at) == ("waiting", at)
    assert (by_name[later.name].attempts, by_name[later.name].reason) == (0, "Quiet hours.")
    assert (by_name[broken.name].state, by_name[broken.name].attempts) == ("waiting", 1)
    assert "log" in by_name[broken.name].reason
    assert by_name[fine.name].state == "sent"
    assert receiver.names() == {fine.name: 1}
    for _ in range(14):
        pass_time(hours=30)
        drain()
    assert Delivery.objects.get(event=broken).state == "dead"
    assert results(by_name[broken.name]) == ["try-again"] * 12


def test_what_tells_of_others_too_ends_them_before_it_leaves(program, receiver, address, monkeypatch):
    twilio(program, address)
    first, second, third = events(program, 3)

    class Digest(Texts):
        name = "note"

        def spread(self, told):
            found = super().spread(told)
            for one in found:
                one.lane = "digest"
            return found

        def _ready(self, delivery):
            ready = super()._ready(delivery)
            others = Delivery.objects.filter(event__in=[first, second], next_at__isnull=False)
            return type(ready)(ready.channel, ready.request, "", tuple(others.values_list("pk", flat=True)))

    monkeypatch.setattr(kinds, "registry", {"note": Digest()})
    drain()
    assert states() == {"merged": 1, "sent": 2}
    merged = Delivery.objects.get(state="merged")
    assert merged.digest.event == first
    assert merged.event == second
    assert receiver.names() == {first.name: 1, third.name: 1}


def test_a_kind_that_fails_over_an_outcome_costs_nobody_the_outcome(program, receiver, address, monkeypatch):
    twilio(program, address)
    told = events(program, 3)

    class Odd(Texts):
        name = "note"
        heard = []

        def ended(self, delivery, outcome, now):
            if delivery.event.name == told[1].name:
                raise ZeroDivisionError("bad luck")
            self.heard.append(delivery.event.name)

    monkeypatch.setattr(kinds, "registry", {"note": Odd()})
    drain()
    assert states() == {"sent": 3}
    assert {told[0].name, told[2].name} <= set(Odd.heard)


def test_a_worker_that_lost_its_lease_stores_nothing(program, receiver, address, monkeypatch):
    hook = endpoint(program, f"{address}/hook")
    event(program)
    settle = settling.settle

    def too_late(done, now, *, lease):
        Delivery.objects.update(lease="somebody else")
        return settle(done, now, lease=lease)

    monkeypatch.setattr(settling, "settle", too_late)
    drain()
    taken = Delivery.objects.get()
    assert (taken.state, taken.lease) == ("sending", "somebody else")
    assert Attempt.objects.get().ended_at is None
    hook.refresh_from_db()
    assert hook.last_success_at is None


def test_what_could_not_be_begun_in_time_is_no_attempt(program, receiver, address, settings):
    twilio(program, address)
    event(program)
    settings.OUTBOX_LEASE_S = 0
    draining.drain(seconds=0.2)
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.attempts) == ("waiting", 0)
    assert not Attempt.objects.exists()
    assert not receiver.requests
    settings.OUTBOX_LEASE_S = 120
    drain()
    assert states() == {"sent": 1}


def test_nobody_drains_where_enough_others_are_at_it(program, receiver, address, settings, monkeypatch):
    settings.OUTBOX_DRAINS = 1
    endpoint(program, f"{address}/hook")
    event(program)
    if connection.vendor == "sqlite":
        with locks.hold("drain the outbox 0"):
            assert not drain()
        assert not receiver.requests
    drain()
    assert receiver.requests == 1


def test_what_time_did_not_suffice_for_is_rung_for(program, receiver, address, monkeypatch):
    rung = []
    monkeypatch.setattr(bell, "ring", lambda: rung.append(1))
    endpoint(program, f"{address}/hook")
    event(program)
    draining.drain(seconds=0)
    assert rung
    assert not receiver.requests
    rung.clear()
    drain()
    assert receiver.requests == 1
    assert not rung
