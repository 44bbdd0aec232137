"""Whoever builds a receiver gets a test event of its own, and samples of what will come."""

import pytest
from django.utils import timezone

from members.models import Delivery
from partners.models import WebhookEndpoint
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.hooks import endpoint, event, subscribe

pytestmark = pytest.mark.django_db


def test_a_test_is_sent_to_this_subscription_alone(shop, club):
    made = subscribe(shop).said
    endpoint(club.owner, events=["*"])
    answer = shop.post(f"hooks/{made['id']}/test/")
    sent = Delivery.objects.select_related("event").get()
    assert answer.status_code == 202
    assert answer["Location"] == f"http://testserver/api/v1/deliveries/{sent.pk}/"
    assert (answer.said["type"], answer.said["state"], answer.said["program"]) == ("hook.test", "waiting", "club")
    assert (sent.endpoint_id, sent.lane, sent.key) == (made["id"], "", f"webhook:{made['id']}:{sent.event.name}")
    assert sent.event.spread_at
    assert sent.event.data == {"hook": {"id": made["id"], "events": ["points.earned"]}}
    assert shop.get(f"deliveries/{sent.pk}/").said["data"] == sent.event.data


def test_a_test_that_is_on_its_way_is_no_second_one(shop):
    made = subscribe(shop).said
    first, again = (shop.post(f"hooks/{made['id']}/test/").said for _ in range(2))
    assert first["id"] == again["id"]
    Delivery.objects.update(state="sent", next_at=None, ended_at=timezone.now())
    assert shop.post(f"hooks/{made['id']}/test/").said["id"] != first["id"]


def test_no_test_is_sent_where_nothing_is(shop):
    made = subscribe(shop).said
    WebhookEndpoint.objects.update(status="paused")
    answer = shop.post(f"hooks/{made['id']}/test/")
    assert (answer.status_code, answer.said["code"]) == (409, "hook_not_active")
    assert not Delivery.objects.exists()


def test_a_partner_without_a_program_can_subscribe_and_has_nothing_to_test(db):
    lonely = Caller(factories.partner("lonely"))
    made = subscribe(lonely)
    assert made.status_code == 201
    answer = lonely.post(f"hooks/{made.said['id']}/test/")
    assert (answer.status_code, answer.said["code"]) == (409, "hook_not_active")


def test_a_sample_is_made_up_until_something_happened(shop, club, ada):
    made_up = shop.get("hooks/sample/", event="tier.upgraded").said
    assert [one["type"] for one in made_up] == ["tier.upgraded"]
    known = [event(club, ada, "tier.upgraded") for _ in range(4)]
    event(club, ada, "points.earned")
    told = shop.get("hooks/sample/", event="tier.upgraded").said
    assert [one["id"] for one in told] == [one.name for one in reversed(known[1:])]
    assert told[0]["program"] == "club"
    assert told[0]["timestamp"] == told[0]["occurred_at"]


def test_a_sample_of_another_partner_is_only_what_it_could_have_been_told(club, shop, cafe, ada):
    event(club, ada, "points.earned")
    own = event(club, ada, "points.earned", partner=cafe.connection.partner)
    assert [one["id"] for one in cafe.get("hooks/sample/", event="points.earned").said] == [own.name]
    factories.program("elsewhere", owner=factories.partner("stranger"))
    stranger = Caller(factories.partner("other"))
    assert stranger.get("hooks/sample/", event="points.earned").said[0]["id"] != own.name


@pytest.mark.parametrize("query", [{}, {"event": "bogus"}, {"event": "*"}, {"event": "night.failed"}])
def test_there_is_no_sample_of_what_is_no_event(shop, query):
    answer = shop.get("hooks/sample/", **query)
    assert (answer.status_code, answer.said["errors"][0]["parameter"]) == (400, "event")
