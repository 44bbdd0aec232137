"""Staff see what left, what did not and why, and send it again; nobody changes what a delivery says."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from members.admin import replays
from members.models import Delivery, Event
from programs.models import Message
from tests.support import factories
from tests.support.admin_dialogs import address, deed
from tests.support.hooks import attempt, delivery, endpoint, event

pytestmark = pytest.mark.django_db
LIST = "admin:members_delivery_changelist"
REPLAY = "members_delivery_replay"
ALL = "admin:members_delivery_replay_all"


@pytest.fixture
def hook(club):
    return endpoint(club.owner, name="CRM")


@pytest.fixture
def browser(client, marketing):
    client.force_login(marketing)
    return client


@pytest.fixture
def to_member(club, ada):
    """A function that makes a message to Ada."""
    way = factories.till(club)
    text = Message.objects.create(program=club, name="Well done", event="points.earned", connection=way)

    def make(**fields):
        known = {"kind": "message", "connection": way, "message": text, "recipient": "ada@example.com"} | fields
        return delivery(event(club, ada), **known)

    return make


def listed(browser, **query):
    answer = browser.get(reverse(LIST), query)
    assert answer.status_code == 200
    return [row.pk for row in answer.context["cl"].result_list]


def choose(browser, *rows, everything=False):
    """Press “Send again” for the chosen ones, or for all that the list shows."""
    sent = {"action": "replay_selected", "_selected_action": [row.pk for row in rows], "index": "0"}
    return browser.post(reverse(LIST), sent | ({"select_across": "1"} if everything else {}))


def test_the_page_shows_each_attempt_with_request_and_answer(browser, club, ada, hook):
    sent = delivery(event(club, ada), to=hook, state="dead", attempts=2, reason="HTTP 503")
    attempt(sent, 1, result="try-again", status=503, request="POST /a\n\n{<1>}", answer="busy", took_ms=1234)
    attempt(sent, 2, result="give-up", status=503, answer="<script>alert(1)</script>", reason="HTTP 503")
    page = browser.get(address("members_delivery_change", sent)).content.decode()
    for told in (
        "1,234 ms",
        "503",
        "busy",
        "{&lt;1&gt;}",
        "Refused for good",
        "To be tried again",
        "CRM",
        ada.number,
    ):
        assert told in page, told
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.index("Attempt 2, word by word") < page.index("Attempt 1, word by word")
    assert "available_at" in page


def test_deliveries_are_filtered(browser, club, ada, hook, to_member):
    bob = factories.member(club)
    dead = delivery(event(club, bob), to=hook, state="dead")
    tier = delivery(event(club, ada, "tier.upgraded"), to=hook)
    told = to_member()
    assert listed(browser) == [told.pk, tier.pk, dead.pk]
    for query, wanted in (
        ({"state__exact": "dead"}, [dead]),
        ({"kind__exact": "message"}, [told]),
        ({"event__type": "tier.upgraded"}, [tier]),
        ({"connection__id__exact": hook.connection_id}, [tier, dead]),
        ({"endpoint__id__exact": hook.pk}, [tier, dead]),
        ({"program__id__exact": club.pk}, [told, tier, dead]),
        ({"connection__platform__exact": "api"}, [told, tier, dead]),
    ):
        assert listed(browser, **query) == [one.pk for one in wanted], query


def test_deliveries_are_found_by_member_key_and_event(browser, club, ada, hook, to_member):
    bob = factories.member(club, last_name="Babbage")
    of_bob = delivery(event(club, bob), to=hook)
    told = event(club, ada)
    of_ada = delivery(told, to=hook, key=f"webhook:{hook.pk}:{told.name}")
    assert listed(browser, q=bob.number) == [of_bob.pk]
    assert listed(browser, q="Babbage") == [of_bob.pk]
    assert listed(browser, q=of_ada.key) == [of_ada.pk]
    assert listed(browser, q=told.name) == [of_ada.pk]
    assert listed(browser, q="evt_0") == listed(browser, q="a:b") == listed(browser, q="\0") == []


def test_one_is_sent_again_from_its_page(browser, club, ada, hook):
    for state in ("dead", "unknown", "skipped", "sent"):
        row = delivery(event(club, ada), to=hook, state=state, attempts=12)
        answer = deed(browser, REPLAY, row)
        assert answer["HX-Redirect"] == address("members_delivery_change", row)
        row.refresh_from_db()
        assert (row.state, row.ended_at) == ("waiting", None)
        assert row.next_at
        assert LogEntry.objects.filter(object_id=row.pk, change_message__contains="Sent again").exists()


def test_what_is_on_its_way_or_told_elsewhere_has_no_such_button(browser, club, ada, hook):
    for state in ("waiting", "sending", "merged"):
        row = delivery(event(club, ada), to=hook, state=state)
        assert address(REPLAY, row) not in browser.get(address("members_delivery_change", row)).content.decode()
        browser.post(address(REPLAY, row), {"_form_submitted": "1"})
        row.refresh_from_db()
        assert row.state == state


def test_the_chosen_ones_are_sent_again_but_nothing_that_was_sent(browser, club, ada, hook):
    rows = {
        state: delivery(event(club, ada), to=hook, state=state) for state in ("dead", "unknown", "sent", "merged")
    }
    other = delivery(event(club, ada), to=hook, state="dead")
    answer = choose(browser, *rows.values())
    assert answer.status_code == 302
    after = {name: Delivery.objects.get(pk=row.pk).state for name, row in rows.items()}
    assert after == {"dead": "waiting", "unknown": "waiting", "sent": "sent", "merged": "merged"}
    other.refresh_from_db()
    assert other.state == "dead"
    assert LogEntry.objects.filter(change_message__contains="2 that were chosen").exists()


def test_all_that_a_list_shows_are_sent_again(browser, club, ada, hook):
    rows = [delivery(event(club, ada), to=hook, state="dead") for _ in range(30)]
    choose(browser, rows[0], everything=True)
    assert Delivery.objects.filter(state="waiting").count() == 30


def test_everything_that_was_given_up_is_shown_and_sent_again_in_batches(browser, club, ada, hook, monkeypatch):
    monkeypatch.setattr(replays, "_BATCH", 2)
    for _ in range(7):
        delivery(event(club, ada), to=hook, state="dead")
    skipped = delivery(event(club, ada), to=hook, state="skipped")
    assert reverse(ALL) in browser.get(reverse(LIST)).content.decode()
    page = browser.get(reverse(ALL)).content.decode()
    assert "7 were given up" in page
    assert str(hook.connection.name) in page
    assert Delivery.objects.filter(state="dead").count() == 7
    answer = browser.post(reverse(ALL), {"agreed": "yes"}, follow=True)
    assert "7 are on their way again" in answer.content.decode()
    assert not Delivery.objects.filter(state="dead").exists()
    skipped.refresh_from_db()
    assert skipped.state == "skipped"
    assert LogEntry.objects.filter(change_message__contains="7 that were given up").exists()
    assert "Nothing was given up" in browser.get(reverse(ALL)).content.decode()


def test_of_very_many_a_request_sends_some_and_says_so(browser, club, ada, hook, monkeypatch):
    monkeypatch.setattr(replays, "_BATCH", 2)
    monkeypatch.setattr(replays, "MOST", 4)
    for _ in range(5):
        delivery(event(club, ada), to=hook, state="dead")
    answer = browser.post(reverse(ALL), {"agreed": "yes"}, follow=True)
    assert "There are more" in answer.content.decode()
    assert Delivery.objects.filter(state="dead").count() == 1


def test_nobody_without_the_right_sends_anything_again(client, store_staff, stranger, to_member):
    row = to_member(state="dead")
    client.force_login(store_staff)
    page = client.get(address("members_delivery_change", row))
    assert page.status_code == 200
    assert address(REPLAY, row) not in page.content.decode()
    assert client.post(address(REPLAY, row), {"_form_submitted": "1"}).status_code == 403
    assert client.get(reverse(ALL)).status_code == client.post(reverse(ALL)).status_code == 403
    choose(client, row)
    assert "given up" not in client.get(reverse(LIST)).content.decode()
    client.force_login(stranger)
    assert client.get(reverse(LIST)).status_code == 302
    row.refresh_from_db()
    assert row.state == "dead"


def test_store_staff_see_what_members_were_told_and_nothing_else(client, store_staff, club, ada, hook, to_member):
    told, sent = to_member(), delivery(event(club, ada), to=hook)
    client.force_login(store_staff)
    assert listed(client) == [told.pk]
    assert client.get(address("members_delivery_change", sent)).status_code in (302, 404)
    assert client.get(reverse("admin:members_event_changelist")).status_code == 403
    page = client.get(address("members_member_change", ada)).content.decode()
    assert "Well done" in page
    assert "CRM" not in page


def test_nobody_changes_or_deletes_what_was_sent(client, boss, club, ada, hook):
    client.force_login(boss)
    row = delivery(event(club, ada), to=hook)
    assert client.get(reverse("admin:members_delivery_add")).status_code == 403
    assert client.post(address("members_delivery_delete", row), {"post": "yes"}).status_code == 403
    assert client.post(address("members_delivery_change", row), {"state": "dead"}).status_code == 403
    assert client.post(address("members_event_change", row.event), {"type": "x"}).status_code == 403
    assert client.post(address("members_event_delete", row.event), {"post": "yes"}).status_code == 403
    assert (Delivery.objects.get().state, Event.objects.count()) == ("sent", 1)


def test_the_page_of_a_member_tells_what_became_of_each_message(browser, club, ada, hook, to_member):
    old = [to_member() for _ in range(11)]
    quiet = to_member(state="skipped", reason="No consent for e-mail.")
    sent = delivery(event(club, ada, "tier.upgraded"), to=hook, ended_at=timezone.now())
    to_other = delivery(event(club, factories.member(club)), to=hook)
    page = browser.get(address("members_member_change", ada)).content.decode()
    for told in ("Well done", "No consent for e-mail.", "Skipped", "A member reached a higher tier", "CRM"):
        assert told in page, told
    shown = [row.pk for row in [*old, quiet, sent, to_other] if address("members_delivery_change", row) in page]
    assert shown == [row.pk for row in [*old[3:], quiet, sent]]
    assert f"{reverse(LIST)}?member__id__exact={ada.pk}" in page
    assert len(listed(browser, member__id__exact=ada.pk)) == 13


def test_the_page_of_an_event_tells_to_whom_it_went(browser, club, ada, hook):
    told = event(club, ada)
    sent = delivery(told, to=hook)
    page = browser.get(address("members_event_change", told)).content.decode()
    assert address("members_delivery_change", sent) in page
    assert "Points were earned (points.earned)" in page
    assert told.name in page
    found = browser.get(reverse("admin:members_event_changelist"), {"q": ada.number, "type": "points.earned"})
    assert [row.pk for row in found.context["cl"].result_list] == [told.pk]


def test_a_digest_names_what_it_tells(browser, to_member):
    digest = to_member()
    part = to_member(state="merged", digest=digest)
    for one, other in ((digest, part), (part, digest)):
        page = browser.get(address("members_delivery_change", one)).content.decode()
        assert address("members_delivery_change", other) in page


def test_a_list_takes_few_statements_however_many_rows(
    browser, club, ada, hook, to_member, django_assert_max_num_queries
):
    for _ in range(20):
        delivery(event(club, ada), to=hook)
        to_member()
    listed(browser)
    with django_assert_max_num_queries(14):
        listed(browser)
