"""Who gets a delivery of an event, and what becomes of events of which a kind fails to make any?"""

import logging

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.models import Delivery, Event
from members.outbox import kinds, spreading
from members.outbox.kinds.webhooks import Webhooks
from partners.models import Connection, WebhookEndpoint
from programs.models import Participation
from tests.support import factories
from tests.support.outbox import Texts, drain, endpoint, event, events, pass_time, seconds_until, twilio

URL = "https://example.com/hook"


def spread():
    return spreading.spread(timezone.now())


@pytest.fixture(autouse=True)
def _two_kinds(monkeypatch):
    monkeypatch.setattr(kinds, "registry", {"webhook": Webhooks(), "note": Texts()})


def hearers(told):
    return set(Delivery.objects.filter(event=told).values_list("endpoint__name", flat=True))


def test_an_endpoint_hears_of_what_it_asks_for(program):
    endpoint(program, URL, ["points.earned"], name="earned")
    endpoint(program, URL, ["*"], name="everything")
    endpoint(program, URL, ["tier.upgraded", "night.failed"], name="other")
    earned, failed = event(program), event(program, "night.failed")
    assert spread() == 2
    assert hearers(earned) == {"earned", "everything"}
    # Everything is everything that concerns members.
    assert hearers(failed) == {"other"}


def test_a_partner_that_takes_part_hears_only_of_what_its_own_activities_caused(program):
    guest, stranger = factories.partner(), factories.partner()
    Participation.objects.create(program=program, partner=guest)
    endpoint(program, URL, name="owner")
    endpoint(program, URL, name="guest", partner=guest)
    endpoint(program, URL, name="stranger", partner=stranger)
    of_owner, of_guest, of_stranger = (event(program, partner=who) for who in (program.owner, guest, stranger))
    of_nobody, staff = event(program), event(program, "night.failed", partner=None)
    spread()
    assert hearers(of_owner) == hearers(of_nobody) == hearers(of_stranger) == {"owner"}
    assert hearers(of_guest) == {"owner", "guest"}
    assert hearers(staff) == set()


@pytest.mark.parametrize(
    ("endpoint_status", "connection_status", "is_heard"),
    [
        ("active", "active", True),
        ("paused", "active", True),
        ("active", "paused", True),
        ("disabled", "active", False),
        ("unsubscribed", "active", False),
        ("active", "revoked", False),
    ],
)
def test_what_staff_paused_gets_its_deliveries_and_what_is_closed_gets_none(
    program, endpoint_status, connection_status, is_heard
):
    endpoint(program, URL, status=endpoint_status)
    Connection.objects.filter(platform="webhooks").update(status=connection_status)
    event(program)
    spread()
    assert Delivery.objects.exists() == is_heard


def test_a_partner_that_is_not_active_any_more_hears_nothing(program):
    endpoint(program, URL)
    type(program.owner).objects.update(is_active=False)
    event(program)
    spread()
    assert not Delivery.objects.exists()


def test_one_event_makes_one_delivery_whoever_spreads_it_again(program):
    hook = endpoint(program, URL)
    told = event(program)
    spread()
    Event.objects.update(spread_at=None)
    spread()
    assert Delivery.objects.get().key == f"webhook:{hook.pk}:{told.name}"


def test_deliveries_are_in_the_order_of_their_events_over_all_kinds(program, settings):
    endpoint(program, URL)
    twilio(program, "https://example.com")
    told = events(program, 5)
    spread()
    order = list(Delivery.objects.order_by("pk").values_list("event__name", flat=True))
    assert order == [one.name for one in told for _ in range(2)]


def test_only_an_ordered_endpoint_has_lanes_one_for_each_member(program):
    # Before anybody listens: that somebody became a member is told, too.
    ada, ben = factories.member(program), factories.member(program)
    endpoint(program, URL, name="any")
    ordered = endpoint(program, URL, name="ordered", is_ordered=True)
    for who in (ada, ben, None):
        event(program, member=who)
    spread()
    lanes = Delivery.objects.order_by("pk").values_list("endpoint__name", "lane")
    assert {lane for name, lane in lanes if name == "any"} == {""}
    assert [lane for name, lane in lanes if name == "ordered"] == [
        f"webhook:{ordered.pk}:{ada.pk}",
        f"webhook:{ordered.pk}:{ben.pk}",
        "",
    ]


def test_spreading_costs_the_same_for_one_event_and_for_many(program, django_assert_num_queries):
    endpoint(program, URL)
    event(program)
    with CaptureQueriesContext(connection) as one:
        spread()
    events(program, 25)
    with django_assert_num_queries(len(one)):
        assert spread() == 25
    assert len(one) <= 12


class Poisoned(Texts):
    """Fails for one of several events, with an error of the database or another."""

    name = "note"

    def __init__(self, poison, error=ZeroDivisionError):
        self.poison, self.error = poison, error

    def spread(self, told):
        if any(one.name == self.poison for one in told):
            raise self.error("bad luck")
        return super().spread(told)


@pytest.mark.parametrize("error", [ZeroDivisionError, IntegrityError])
def test_an_event_of_which_a_kind_fails_stops_no_other_and_waits_longer_each_time(
    program, monkeypatch, caplog, error
):
    endpoint(program, URL)
    twilio(program, "https://example.com")
    fine, bad, too = events(program, 3)
    monkeypatch.setattr(kinds, "registry", {"webhook": Webhooks(), "note": Poisoned(bad.name, error)})
    with caplog.at_level(logging.ERROR):
        spread()
    assert "an event cannot be spread" in caplog.text
    assert set(Delivery.objects.values_list("event", flat=True)) == {fine.pk, too.pk}
    assert Delivery.objects.count() == 4
    pauses = []
    for _ in range(3):
        bad.refresh_from_db()
        assert bad.spread_at is None
        assert spread() == 0
        pauses.append(round(seconds_until(bad.spread_after), -1))
        pass_time(hours=1)
        assert spread() == 1
    assert pauses == [60, 120, 240]
    monkeypatch.setattr(kinds, "registry", {"webhook": Webhooks(), "note": Texts()})
    pass_time(hours=24)
    spread()
    assert Delivery.objects.filter(event=bad).count() == 2
    assert not Event.objects.filter(spread_at=None).exists()


def test_nobody_hears_twice_of_an_event_when_endpoints_change_in_between(program):
    hook = endpoint(program, URL)
    event(program)
    spread()
    WebhookEndpoint.objects.filter(pk=hook.pk).update(status="disabled")
    drain()
    assert Delivery.objects.get().state == "skipped"
