"""Other systems subscribe to events as Zapier and Power Automate do, and see nothing of other partners'."""

import base64
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from partners import hooks
from partners.models import KeptAnswer, WebhookEndpoint
from tests.support.api_caller import ALL_SCOPES, Caller
from tests.support.hooks import TARGET, delivery, event, subscribe

pytestmark = pytest.mark.django_db
OWN = "whsec_" + base64.b64encode(b"7" * 32).decode()


def test_a_subscription_is_made_with_a_secret_that_is_shown_once(shop):
    answer = subscribe(shop, name="CRM", ordered=True)
    made = WebhookEndpoint.objects.get()
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver/api/v1/hooks/{made.pk}/"
    assert answer["Cache-Control"] == "no-store"
    assert answer.said["secret"] == made.secret
    assert (made.url, made.events, made.name, made.is_ordered) == (TARGET, ["points.earned"], "CRM", True)
    assert (made.connection_id, made.key_id, made.status) == (shop.connection.pk, shop.key.pk, "active")
    read = shop.call("GET", answer["Location"].removeprefix("http://testserver"))
    assert (read.status_code, read.said) == (200, {k: v for k, v in answer.said.items() if k != "secret"})
    assert [one["id"] for one in shop.get("hooks/").said["results"]] == [made.pk]
    assert made.secret not in shop.get("hooks/").content.decode()


def test_the_same_again_is_the_same_subscription(shop):
    first = subscribe(shop, event=None, events=["tier.upgraded", "points.earned"])
    again = subscribe(shop, event=None, events=["points.earned", "tier.upgraded", "points.earned"])
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.said["id"] == first.said["id"]
    assert again["Location"] == first["Location"]
    assert "secret" not in again.said
    assert subscribe(shop).status_code == 201
    assert WebhookEndpoint.objects.count() == 2


def test_the_same_with_another_secret_or_order_is_refused(shop):
    subscribe(shop)
    for field, value in (("secret", OWN), ("ordered", True)):
        answer = subscribe(shop, **{field: value})
        assert (answer.status_code, answer.said["code"]) == (409, "hook_differs")
        assert answer.said["errors"][0]["pointer"] == f"#/{field}"
    assert WebhookEndpoint.objects.count() == 1


def test_what_staff_paused_is_not_resumed_by_subscribing_again(shop):
    first = subscribe(shop)
    WebhookEndpoint.objects.update(status="paused")
    again = subscribe(shop)
    assert (again.status_code, again.said["id"], again.said["status"]) == (200, first.said["id"], "paused")


def test_who_was_gone_subscribes_anew(shop):
    first = subscribe(shop).said
    WebhookEndpoint.objects.update(status="disabled")
    again = subscribe(shop)
    assert again.status_code == 201
    assert again.said["id"] != first["id"]


def test_an_answer_that_is_given_again_keeps_no_secret(shop):
    first = shop.post("hooks/", {"target_url": TARGET, "event": "*"}, idempotency_key="k-1")
    again = shop.post("hooks/", {"target_url": TARGET, "event": "*"}, idempotency_key="k-1")
    assert (first.status_code, again.status_code, again["Idempotency-Replayed"]) == (201, 201, "true")
    assert again.said == first.said | {"secret": None}
    assert again["Location"] == first["Location"]
    assert first.said["secret"] not in KeptAnswer.objects.get().body


def test_an_own_secret_is_taken(shop):
    answer = subscribe(shop, secret=OWN)
    assert (answer.status_code, answer.said["secret"]) == (201, OWN)
    assert WebhookEndpoint.objects.get().secret == OWN
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM partners_webhookendpoint")
        assert OWN.encode() not in bytes(cursor.fetchone()[0])


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"target_url": None}, "target_url", "field_missing"),
        ({"target_url": "ftp://example.com/"}, "target_url", "invalid_text"),
        ({"target_url": "https://exa mple.com/"}, "target_url", "invalid_text"),
        ({"target_url": "https://" + "x" * 100_000}, "target_url", "text_too_long"),
        ({"target_url": 5}, "target_url", "invalid_type"),
        ({"target_url": "https://a:b@93.184.215.14/"}, "target_url", "invalid_value"),
        ({"target_url": "http://93.184.215.14/"}, "target_url", "invalid_value"),
        ({"target_url": "https://127.0.0.1/"}, "target_url", "invalid_value"),
        ({"target_url": "https://127.1/"}, "target_url", "invalid_value"),
        ({"target_url": "https://0x7f000001/"}, "target_url", "invalid_value"),
        ({"target_url": "https://2130706433/"}, "target_url", "invalid_value"),
        ({"target_url": "https://[::1]/"}, "target_url", "invalid_value"),
        ({"target_url": "https://[::ffff:127.0.0.1]/"}, "target_url", "invalid_value"),
        ({"target_url": "https://10.0.0.7/"}, "target_url", "invalid_value"),
        ({"target_url": "https://192.168.1.1/"}, "target_url", "invalid_value"),
        ({"target_url": "https://169.254.169.254/latest/meta-data/"}, "target_url", "invalid_value"),
        ({"target_url": "https://localhost/"}, "target_url", "invalid_value"),
        ({"event": "points.earnd"}, "event", "invalid_choice"),
        ({"event": "night.failed"}, "event", "invalid_choice"),
        ({"event": None}, "event", "invalid_value"),
        ({"events": ["points.earned"]}, "event", "invalid_value"),
        ({"event": None, "events": ["points.earned", "bogus"]}, "events[1]", "invalid_choice"),
        ({"event": None, "events": ["points.earned"] * 51}, "events", "too_many_items"),
        ({"secret": "whsec_short"}, "secret", "invalid_text"),
        ({"secret": "hunter2"}, "secret", "invalid_text"),
        ({"secret": "whsec_" + base64.b64encode(b"7" * 65).decode()}, "secret", "invalid_text"),
        ({"secret": "whsec_" + "a" * 33}, "secret", "invalid_text"),
        ({"name": "x" * 81}, "name", "text_too_long"),
        ({"ordered": "yes"}, "ordered", "invalid_type"),
        ({"url": TARGET}, "url", "unknown_field"),
    ],
)
def test_what_cannot_be_subscribed_is_refused_at_its_field(shop, fields, pointer, code):
    answer = subscribe(shop, **fields)
    assert answer.status_code == 400, answer.said
    place = pointer.replace("[", "/").replace("]", "")
    assert [(one["pointer"], one["code"]) for one in answer.said["errors"]] == [(f"#/{place}", code)]
    assert len(answer.content) < 3_000
    assert not WebhookEndpoint.objects.exists()


def test_an_unknown_event_is_told_which_ones_there_are(shop):
    detail = subscribe(shop, event="bogus").said["errors"][0]["detail"]
    assert all(name in detail for name, _ in hooks.offered())


def test_the_first_answer_is_given_again_when_the_name_has_gone_meanwhile(shop, directory):
    body = {"target_url": "https://here.example/hooks", "event": "*"}
    first = shop.post("hooks/", body, idempotency_key="k-1")
    directory.set("here.example", "10.0.0.1")
    again = shop.post("hooks/", body, idempotency_key="k-1")
    assert (first.status_code, again.status_code, again["Idempotency-Replayed"]) == (201, 201, "true")
    assert again.said["id"] == first.said["id"]
    assert shop.post("hooks/", body | {"event": "points.earned"}, idempotency_key="k-1").said["code"] == "key_reused"
    assert shop.post("hooks/", body, idempotency_key="k-2").status_code == 400
    assert shop.post("hooks/", body, idempotency_key="\x7f").said["code"] == "invalid_idempotency_key"


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("allowed", [[], ["10.9.0.0/16"]])
def test_a_key_cannot_tell_a_name_of_our_network_from_none(shop, directory, settings, scheme, allowed):
    settings.OUTBOUND_ALLOWED = allowed
    directory.set("inside.example", "10.0.0.1")
    directory.set("both.example", ["8.8.8.8", "10.0.0.1"])
    names = ["inside.example", "both.example", "nowhere.invalid", "10.0.0.1"]
    answers = [subscribe(shop, target_url=f"{scheme}://{name}/") for name in names]
    assert {answer.status_code for answer in answers} == {400}
    assert len({str(answer.said["errors"]) for answer in answers}) == 1


def test_a_receiver_in_the_own_network_is_taken_where_the_setting_allows_it(shop, settings):
    settings.OUTBOUND_ALLOWED = ["127.0.0.1:8799"]
    assert subscribe(shop, target_url="http://127.0.0.1:8799/hooks").status_code == 201
    assert subscribe(shop, target_url="http://127.0.0.1:8800/hooks").status_code == 400


def test_a_partner_has_so_many_subscriptions_and_no_more(shop, cafe, monkeypatch):
    monkeypatch.setattr(hooks, "MOST_ENDPOINTS", 2)
    first = subscribe(shop)
    subscribe(shop, event="points.expired")
    answer = subscribe(shop, event="points.redeemed")
    assert (answer.status_code, answer.said["code"]) == (409, "too_many_hooks")
    assert subscribe(shop).status_code == 200
    assert subscribe(cafe).status_code == 201
    shop.call("DELETE", f"hooks/{first.said['id']}/")
    assert subscribe(shop, event="points.redeemed").status_code == 201


def test_who_unsubscribes_is_sent_nothing_that_still_waits(shop, club, ada):
    made = WebhookEndpoint.objects.get(pk=subscribe(shop).said["id"])
    waits, sent = (delivery(event(club, ada), to=made, state=state) for state in ("waiting", "sent"))
    answer = shop.call("DELETE", f"hooks/{made.pk}/")
    assert (answer.status_code, answer.content) == (204, b"")
    made.refresh_from_db()
    assert (made.status, made.status_reason) == ("unsubscribed", "Unsubscribed over the API.")
    waits.refresh_from_db()
    assert (waits.state, waits.reason, waits.next_at) == ("skipped", "Unsubscribed.", None)
    assert waits.ended_at
    sent.refresh_from_db()
    assert sent.state == "sent"
    assert shop.get("hooks/").said["results"] == []
    assert shop.get(f"hooks/{made.pk}/").said["status"] == "unsubscribed"
    assert shop.call("DELETE", f"hooks/{made.pk}/").status_code == 204
    assert subscribe(shop).status_code == 201


def test_a_new_secret_signs_beside_the_old_one_for_a_day(shop, now_is):
    now = timezone.now().replace(microsecond=0)
    first = subscribe(shop).said
    now_is(now)
    answer = shop.post(f"hooks/{first['id']}/rotate/")
    made = WebhookEndpoint.objects.get()
    assert answer.status_code == 200
    assert made.secret == answer.said["secret"] != first["secret"]
    assert made.old_secret == first["secret"]
    assert made.old_secret_until == now + timedelta(hours=24)
    shop.post(f"hooks/{first['id']}/rotate/", {"hours": 0})
    made.refresh_from_db()
    assert (made.old_secret, made.old_secret_until) == (None, None)


def test_the_secret_that_it_has_already_is_no_rotation(shop):
    made = subscribe(shop).said
    for _ in range(2):
        answer = shop.post(f"hooks/{made['id']}/rotate/", {"secret": OWN, "hours": 48})
        assert (answer.status_code, answer.said["secret"]) == (200, OWN)
    assert WebhookEndpoint.objects.get().old_secret == made["secret"]


def test_a_rotation_that_is_given_again_keeps_no_secret_and_is_done_once(shop):
    made = subscribe(shop).said
    first, again = (shop.post(f"hooks/{made['id']}/rotate/", {}, idempotency_key="r-1") for _ in range(2))
    assert again.said == first.said | {"secret": None}
    assert WebhookEndpoint.objects.get().secret == first.said["secret"]


@pytest.mark.parametrize(
    ("body", "pointer"), [({"hours": 169}, "hours"), ({"hours": -1}, "hours"), ({"secret": "x"}, "secret")]
)
def test_a_rotation_that_cannot_be_is_refused_at_its_field(shop, body, pointer):
    made = subscribe(shop).said
    answer = shop.post(f"hooks/{made['id']}/rotate/", body)
    assert (answer.status_code, answer.said["errors"][0]["pointer"]) == (400, f"#/{pointer}")
    assert WebhookEndpoint.objects.get().secret == made["secret"]


def test_nothing_is_rotated_or_tested_that_was_unsubscribed(shop):
    made = subscribe(shop).said
    shop.call("DELETE", f"hooks/{made['id']}/")
    for deed in ("rotate", "test"):
        answer = shop.post(f"hooks/{made['id']}/{deed}/")
        assert (answer.status_code, answer.said["code"]) == (409, "hook_not_active")


def test_subscriptions_of_other_partners_are_none(shop, cafe):
    theirs = subscribe(cafe).said["id"]
    for answer in (
        shop.get(f"hooks/{theirs}/"),
        shop.call("DELETE", f"hooks/{theirs}/"),
        shop.post(f"hooks/{theirs}/rotate/"),
        shop.post(f"hooks/{theirs}/test/"),
        shop.get(f"hooks/{10**30}/"),
    ):
        assert (answer.status_code, answer.said["code"]) == (404, "hook_unknown")
    assert shop.get("hooks/").said["results"] == []
    made = WebhookEndpoint.objects.get()
    assert (made.status, made.old_secret) == ("active", None)


def test_another_key_of_the_same_partner_sees_them(shop, club):
    made = subscribe(shop).said["id"]
    other = Caller(club.owner, ["hooks"], name="Other")
    assert other.get(f"hooks/{made}/").status_code == 200


def test_what_names_no_person_needs_no_scope_for_persons(cafe, shop):
    bare = Caller(cafe.connection.partner, [name for name in ALL_SCOPES if name != "personal"], name="Bare")
    assert subscribe(bare).status_code == 201
