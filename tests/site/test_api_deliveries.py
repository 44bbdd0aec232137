"""Other systems read what was sent to their own endpoints, try by try, and change nothing of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Delivery
from programs.models import Message
from tests.support import factories
from tests.support.hooks import attempt, delivery, endpoint, event

pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(club):
    return endpoint(club.owner)


def ids(answer):
    assert answer.status_code == 200, answer.said
    return [one["id"] for one in answer.said["results"]]


def test_a_delivery_tells_each_try_with_its_answer(shop, club, ada, hook):
    sent = delivery(event(club, ada), to=hook, attempts=2, recipient=hook.url)
    attempt(sent, 2)
    attempt(sent, 1, result="try-again", status=503, answer="busy", reason="HTTP 503", took_ms=900)
    told = shop.get(f"deliveries/{sent.pk}/").said
    assert (told["hook"], told["event"], told["type"]) == (hook.pk, sent.event.name, "points.earned")
    assert (told["member"], told["program"], told["state"], told["attempts"]) == (ada.number, "club", "sent", 2)
    assert told["sent_to"] == hook.url
    assert told["data"] == sent.event.data
    assert [(one["number"], one["result"], one["status"], one["answer"]) for one in told["tries"]] == [
        (1, "try-again", 503, "busy"),
        (2, "sent", 200, "ok"),
    ]
    [listed] = shop.get("deliveries/").said["results"]
    assert listed == {name: told[name] for name in listed}
    assert "data" not in listed


def test_deliveries_are_read_page_by_page_the_newest_first(shop, club, ada, hook):
    made = [delivery(event(club, ada), to=hook).pk for _ in range(7)]
    page = shop.get("deliveries/", page_size="3")
    seen = ids(page)
    while page.said["next"]:
        page = shop.get(page.said["next"].removeprefix("http://testserver"))
        seen += ids(page)
    assert seen == made[::-1]


def test_deliveries_are_filtered(shop, club, ada, hook):
    bob, other = factories.member(club), endpoint(club.owner)
    now = timezone.now()
    old = delivery(event(club, ada), to=hook, created_at=now - timedelta(days=3))
    dead = delivery(event(club, bob), to=hook, state="dead")
    tier = delivery(event(club, ada, "tier.upgraded"), to=other)
    expected = {
        (): [tier, dead, old],
        ("state", "dead"): [dead],
        ("event", "tier.upgraded"): [tier],
        ("hook", str(other.pk)): [tier],
        ("member", ada.number): [tier, old],
        ("member", "0"): [],
        ("program", "club"): [tier, dead, old],
        ("program", "elsewhere"): [],
        ("since", (now - timedelta(days=1)).isoformat()): [tier, dead],
        ("before", (now - timedelta(days=1)).isoformat()): [old],
    }
    for query, wanted in expected.items():
        assert ids(shop.get("deliveries/", **dict([query] if query else []))) == [one.pk for one in wanted], query


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("state", "lost", "invalid_choice"),
        ("hook", "0", "invalid_value"),
        ("hook", "x", "invalid_value"),
        ("hook", "9" * 30, "invalid_value"),
        ("since", "yesterday", "invalid_instant"),
        ("member", "7" * 25, "invalid_value"),
        ("sort", "id", "unknown_parameter"),
        ("page_size", "501", "invalid_number"),
        ("cursor", "x", "invalid_cursor"),
    ],
)
def test_what_is_no_filter_is_refused(shop, name, value, code):
    answer = shop.get("deliveries/", **{name: value})
    assert answer.status_code == 400
    assert [(one["parameter"], one["code"]) for one in answer.said["errors"]] == [(name, code)]


def test_deliveries_of_other_partners_are_none(shop, cafe, club, ada, hook):
    ours = delivery(event(club, ada), to=hook)
    theirs = delivery(event(club, ada), to=endpoint(cafe.connection.partner))
    assert ids(shop.get("deliveries/")) == [ours.pk]
    assert ids(cafe.get("deliveries/")) == [theirs.pk]
    assert ids(shop.get("deliveries/", hook=str(theirs.endpoint_id))) == []
    for id in (theirs.pk, theirs.pk + 100, 10**30):
        answer = shop.get(f"deliveries/{id}/")
        assert (answer.status_code, answer.said["code"]) == (404, "delivery_unknown")


def test_messages_to_members_are_no_deliveries_of_the_api(shop, club, ada):
    """They hold addresses of people; whoever has an endpoint has no part in them."""
    way = shop.connection
    message = Message.objects.create(program=club, name="Hello", event="points.earned", connection=way)
    told = event(club, ada)
    sent = delivery(told, kind="message", connection=way, message=message, recipient="ada@example.com")
    assert ids(shop.get("deliveries/")) == []
    assert shop.get(f"deliveries/{sent.pk}/").status_code == 404


def test_what_was_sent_before_it_unsubscribed_stays_readable(shop, club, ada, hook):
    sent = delivery(event(club, ada), to=hook)
    shop.call("DELETE", f"hooks/{hook.pk}/")
    assert ids(shop.get("deliveries/")) == [sent.pk]


def test_nothing_is_sent_again_over_the_api(shop, club, ada, hook):
    sent = delivery(event(club, ada), to=hook, state="dead")
    assert shop.post(f"deliveries/{sent.pk}/replay/").status_code == 404
    assert shop.post(f"deliveries/{sent.pk}/").status_code == 405
    assert Delivery.objects.get().state == "dead"
