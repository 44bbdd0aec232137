"""Who sends what next: fairly, in order where it matters, never two at once, and never faster than is wanted?"""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Delivery
from members.outbox import claiming, recovering, spreading
from partners.channels.twilio import Twilio
from partners.models import Connection, WebhookEndpoint
from tests.support import factories
from tests.support.outbox import drain, endpoint, event, events, pass_time, states, twilio
from tests.support.plans import short_ways


def spread():
    while spreading.spread(timezone.now()):
        pass


def claim(lease="ours", *, places=32, room=None, most=8, now=None):
    return claiming.claim(now or timezone.now(), lease=lease, places=places, room=room or {}, most=most)


def test_what_one_has_taken_nobody_else_gets_until_the_lease_is_over(program, receiver, address):
    endpoint(program, f"{address}/hook")
    events(program, 12)
    spread()
    first, second, third = claim("a"), claim("b"), claim("c")
    assert [len(one.deliveries) for one in (first, second, third)] == [8, 4, 0]
    assert not {one.pk for one in first.deliveries} & {one.pk for one in second.deliveries}
    taken = Delivery.objects.filter(lease="a")
    assert {one.state for one in taken} == {"sending"}
    assert all(one.next_at == one.leased_until > timezone.now() for one in taken)


def test_what_is_claimed_has_everything_read_along(program, receiver, address, django_assert_num_queries):
    ada = factories.member(program)
    endpoint(program, f"{address}/hook")
    event(program, member=ada)
    spread()
    (one,) = claim().deliveries
    with django_assert_num_queries(0):
        assert one.event.program.code == one.program.code
        assert one.member.customer.first_name
        assert one.endpoint.secret
        assert one.connection.partner.name
        assert one.endpoint.connection is one.connection
        assert (one.user, one.message) == (None, None)


def test_a_flooded_outlet_keeps_no_other_from_its_turn(program, receiver, address):
    flooded = endpoint(program, f"{address}/flooded", ["points.earned"])
    calm = endpoint(program, f"{address}/calm", ["tier.upgraded"])
    text = twilio(program, address)
    events(program, 300)
    event(program, "tier.upgraded")
    spread()
    claimed = claim(places=30, most=100).deliveries
    assert 21 <= len(claimed) <= 30
    assert [one.endpoint for one in claimed if one.endpoint == calm] == [calm]
    of_each = Counter(map(claiming.outlet_of, claimed))
    assert of_each[(text.pk, None)] >= 10
    assert of_each[(flooded.connection_id, flooded.pk)] >= 10


def test_an_outlet_without_room_is_left_out(program, receiver, address):
    hook, text = endpoint(program, f"{address}/hook"), twilio(program, address)
    events(program, 5)
    spread()
    claimed = claim(room={(hook.connection_id, hook.pk): 0, (text.pk, None): 2}).deliveries
    assert [one.kind for one in claimed] == ["note", "note"]


def test_what_is_not_due_is_left_alone(program, receiver, address):
    endpoint(program, f"{address}/hook")
    event(program)
    spread()
    Delivery.objects.update(next_at=timezone.now() + timedelta(minutes=1))
    assert not claim().deliveries
    assert claim(now=timezone.now() + timedelta(minutes=2)).deliveries


def test_of_a_lane_only_the_first_goes_and_the_others_wait_for_its_end(program, receiver, address):
    ada, ben = factories.member(program), factories.member(program)
    ordered = endpoint(program, f"{address}/hook", is_ordered=True)
    of_ada = [event(program, member=ada) for _ in range(3)]
    of_ben = [event(program, member=ben) for _ in range(2)]
    spread()
    first = claim("a")
    assert {one.event for one in first.deliveries} == {of_ada[0], of_ben[0]}
    assert not claim("b").deliveries
    Delivery.objects.update(state="waiting", lease="", leased_until=None, next_at=timezone.now())
    receiver.always("500")
    drain()
    assert ordered.deliveries.filter(attempts=1).count() == 2
    receiver.always(None)
    pass_time(hours=1)
    drain()
    assert states() == {"sent": 5}
    arrived = [one.key for one in receiver.accepted]
    assert [key for key in arrived if key in {one.name for one in of_ada}] == [one.name for one in of_ada]


def test_one_that_was_given_up_lets_the_next_of_its_lane_go(program, receiver, address):
    ada = factories.member(program)
    endpoint(program, f"{address}/hook", is_ordered=True)
    event(program, member=ada)
    second = event(program, member=ada)
    receiver.fail("400")
    drain()
    assert states() == {"dead": 1, "sent": 1}
    assert receiver.names() == {second.name: 1}


@pytest.mark.parametrize("what", ["endpoint", "connection"])
def test_what_staff_have_paused_waits_and_leaves_when_they_go_on(program, receiver, address, what):
    endpoint(program, f"{address}/hook")
    event(program)
    model = {"endpoint": WebhookEndpoint, "connection": Connection}[what]
    model.objects.update(status="paused")
    for _ in range(3):
        drain()
        pass_time(hours=48)
    assert states() == {"waiting": 1}
    assert Delivery.objects.get().attempts == 0
    model.objects.update(status="active")
    drain()
    assert states() == {"sent": 1}


@pytest.mark.parametrize(
    ("model", "status", "reason"),
    [
        (WebhookEndpoint, "unsubscribed", "Unsubscribed."),
        (WebhookEndpoint, "disabled", "Disabled"),
        (Connection, "revoked", "The connection is revoked."),
    ],
)
def test_what_waits_for_what_is_closed_is_skipped_with_its_reason(program, receiver, address, model, status, reason):
    endpoint(program, f"{address}/hook")
    endpoint(program, f"{address}/other", connection=twilio(program, address, name="other"))
    event(program)
    spread()
    # Also what is not due for long.
    Delivery.objects.update(next_at=timezone.now() + timedelta(hours=20))
    model.objects.filter(pk=model.objects.order_by("pk").first().pk).update(status=status)
    drain()
    closed = Delivery.objects.get(state="skipped")
    assert closed.reason.startswith(reason)
    assert closed.ended_at is not None
    assert not receiver.requests
    assert Delivery.objects.exclude(pk=closed.pk).get(endpoint__isnull=False).state == "waiting"


def test_the_pace_of_a_platform_holds_for_all_workers(program, receiver, address, monkeypatch):
    monkeypatch.setattr(Twilio, "per_second", 4)
    through = twilio(program, address)
    events(program, 20)
    spread()
    now = timezone.now()
    first, second = claim("a", now=now), claim("b", now=now)
    assert len(first.deliveries) == 4
    assert not second.deliveries
    assert second.free_at == now + timedelta(seconds=1)
    through.refresh_from_db()
    assert through.free_at == now + timedelta(seconds=1)
    assert len(claim("c", now=now + timedelta(seconds=1)).deliveries) == 4


def test_a_platform_that_takes_one_in_two_seconds_gets_one_after_the_other(program, receiver, address, monkeypatch):
    monkeypatch.setattr(Twilio, "per_second", 0.5)
    twilio(program, address)
    events(program, 3)
    spread()
    now = timezone.now()
    counts = [len(claim(str(s), now=now + timedelta(seconds=s)).deliveries) for s in range(5)]
    assert counts == [1, 0, 1, 0, 1]


def test_a_drain_waits_for_a_pace_rather_than_for_the_timetable(program, receiver, address, monkeypatch):
    monkeypatch.setattr(Twilio, "per_second", 5)
    twilio(program, address)
    events(program, 11)
    drain()
    assert states() == {"sent": 11}
    assert receiver.most_at_once <= 5
    at = sorted(one.at for one in receiver.accepted)
    assert at[-1] - at[0] > 1.5


def test_however_long_a_queue_is_only_its_first_ones_are_read(program, receiver, address):
    ada = factories.member(program)
    endpoint(program, f"{address}/hook")
    endpoint(program, f"{address}/ordered", is_ordered=True)
    twilio(program, address)
    events(program, 250)
    events(program, 50, member=ada)
    spread()
    Delivery.objects.filter(event__member=None).update(state="sent", next_at=None, ended_at=timezone.now())
    events(program, 250)
    spread()
    with short_ways(most=100) as found:
        claimed = claim(places=30).deliveries
        recovering.recover(timezone.now())
        recovering.close(timezone.now())
    assert len(claimed) >= 20
    assert not found
