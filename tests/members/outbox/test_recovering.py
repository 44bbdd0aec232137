"""What becomes of a delivery whose worker died: before it was sent, while it was, or behind it?"""

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from members.models import Attempt, Delivery
from members.outbox import claiming, composing, draining, recovering, settling, spreading
from tests.support.outbox import drain, endpoint, event, events, pass_time, results, states, twilio


def begin(lease="dead worker", *, is_composed=True):
    """What a worker does until it dies."""
    spreading.spread(timezone.now())
    now = timezone.now()
    claimed = claiming.claim(now, lease=lease, places=32, room={}, most=32)
    return composing.prepare(claimed, now, lease=lease) if is_composed else claimed.deliveries


def test_a_worker_that_died_before_anything_was_sent_costs_no_attempt(program, receiver, address):
    endpoint(program, f"{address}/hook")
    twilio(program, address)
    told = event(program)
    assert len(begin(is_composed=False)) == 2
    drain()
    assert states() == {"sending": 2}
    pass_time(minutes=3)
    drain()
    assert states() == {"sent": 2}
    assert receiver.names() == {told.name: 2}
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


def test_a_worker_that_died_while_it_sent_leaves_what_has_a_key_to_another_and_the_rest_unknown(
    program, receiver, address
):
    endpoint(program, f"{address}/hook")
    twilio(program, address)
    told = event(program)
    assert len(begin()) == 2
    pass_time(minutes=3)
    drain()
    webhook, text = (Delivery.objects.get(kind=kind) for kind in ("webhook", "note"))
    assert (webhook.state, results(webhook)) == ("sent", ["cut-off", "sent"])
    assert (text.state, results(text)) == ("unknown", ["cut-off"])
    assert "ended while it was sent" in text.reason
    assert [one.key for one in receiver.accepted] == [told.name]
    # Nor is it sent by itself later on.
    pass_time(hours=100)
    drain()
    assert len(receiver.accepted) == 1


def test_what_workers_die_of_again_and_again_waits_longer_each_time_and_is_not_lost(program, receiver, address):
    endpoint(program, f"{address}/hook")
    event(program)
    waits = []
    for number in range(1, 6):
        begin(f"worker {number}")
        pass_time(minutes=3)
        now = timezone.now()
        recovering.recover(now)
        waits.append(round((Delivery.objects.get().next_at - now).total_seconds()))
        pass_time(hours=1)
    assert waits == [0, 0, 60, 120, 240]
    drain()
    assert states() == {"sent": 1}


def test_a_worker_that_comes_back_behind_its_lease_stores_nothing_of_what_another_has_sent(
    program, receiver, address
):
    endpoint(program, f"{address}/hook")
    event(program)
    (late,) = begin("late")
    pass_time(minutes=3)
    drain()
    passed = draining.sending.not_known(late.ready)
    assert settling.settle([settling.Done(late, passed)], timezone.now(), lease="late") == 0
    assert states() == {"sent": 1}
    assert results(Delivery.objects.get()) == ["cut-off", "sent"]


def test_a_worker_that_lost_its_lease_before_it_sent_does_not_send(program, receiver, address):
    twilio(program, address)
    event(program)
    spreading.spread(timezone.now())
    now = timezone.now()
    claimed = claiming.claim(now, lease="late", places=32, room={}, most=32)
    pass_time(minutes=3)
    drain()
    assert composing.prepare(claimed, timezone.now(), lease="late") == []
    assert states() == {"sent": 1}
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize("step", ["recovering.recover", "spreading.spread", "claiming.claim", "composing.prepare"])
def test_a_database_that_refuses_for_a_moment_stops_no_drain(program, receiver, address, monkeypatch, step):
    monkeypatch.setattr(draining, "REFUSED_S", 0)
    endpoint(program, f"{address}/hook")
    events(program, 3)
    refuse_once(monkeypatch, step)
    drain()
    drain()
    pass_time(minutes=3)
    drain()
    assert states() == {"sent": 3}
    assert not receiver.repeated


def test_a_worker_that_is_rung_for_while_the_database_is_away_begins_nothing_and_works_when_it_is_back(
    program, receiver, address, monkeypatch
):
    monkeypatch.setattr(draining, "REFUSED_S", 0)
    endpoint(program, f"{address}/hook")
    event(program)
    refuse_once(monkeypatch, "locks.hold")
    assert not drain()
    assert not Delivery.objects.exists()
    drain()
    assert states() == {"sent": 1}


def test_what_has_come_back_is_kept_until_the_database_takes_it(program, receiver, address, monkeypatch):
    monkeypatch.setattr(draining, "REFUSED_S", 0)
    twilio(program, address)
    events(program, 3)
    refuse_once(monkeypatch, "settling.settle", times=3)
    drain()
    assert states() == {"sent": 3}
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


def test_what_was_not_begun_is_counted_once_though_the_database_goes_away_while_it_is_put_back(
    program, receiver, address, monkeypatch, settings
):
    twilio(program, address)
    event(program)
    lose_once(monkeypatch, "settling.settle")
    settings.OUTBOX_LEASE_S = 0
    draining.drain(seconds=0.2)
    assert not receiver.requests
    assert not Attempt.objects.exists()
    assert list(Delivery.objects.values_list("state", "attempts")) == [("waiting", 0)]


def test_a_refusal_is_counted_once_though_the_database_goes_away_while_it_is_stored(
    program, receiver, address, monkeypatch
):
    twilio(program, address)
    event(program)
    receiver.always("401")
    lose_once(monkeypatch, "settling.settle")
    drain()
    assert receiver.requests == 1
    assert list(Delivery.objects.values_list("state", "attempts", "attempts_before")) == [("waiting", 1, 1)]


def test_a_mistake_of_ours_is_no_refusal_and_is_raised(program, receiver, address, monkeypatch):
    endpoint(program, f"{address}/hook")
    event(program)

    def mistake(*args, **kwargs):
        raise ZeroDivisionError("bad luck")

    monkeypatch.setattr("members.outbox.claiming.claim", mistake)
    with pytest.raises(ZeroDivisionError):
        drain()


def refuse_once(monkeypatch, step, times=1):
    """The next calls of `step` meet a database that cannot be reached."""
    module, name = step.split(".")
    target = getattr(draining, module)
    real, left = getattr(target, name), [times]

    def refused(*args, **kwargs):
        if left[0]:
            left[0] -= 1
            # As Django says it of a connection that is gone; the transaction of the test goes on.
            raise OperationalError("the connection is closed")
        return real(*args, **kwargs)

    monkeypatch.setattr(target, name, refused)
    monkeypatch.setattr(draining, "connection", Outside())


def lose_once(monkeypatch, step):
    """The database goes away when the next call of `step` has written everything and not yet committed it."""
    module, name = step.split(".")
    target = getattr(draining, module)
    real, left = getattr(target, name), [1]

    def lost(*args, **kwargs):
        with transaction.atomic():
            found = real(*args, **kwargs)
            if left and left.pop():
                raise OperationalError("the connection is closed")
            return found

    monkeypatch.setattr(target, name, lost)
    monkeypatch.setattr(draining, "connection", Outside())
    monkeypatch.setattr(draining, "REFUSED_S", 0)


class Outside:
    """The connection as a worker has it, which is in no transaction of a test."""

    in_atomic_block = False

    def close_if_unusable_or_obsolete(self):
        assert connection.is_usable()
