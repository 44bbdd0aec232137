"""Staff set a platform up step by step, never see a secret again, test it, and let what failed go on."""

import re
import time
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from loyalty_site.lib import http
from partners import connecting
from partners.models import Connection
from tests.support import factories
from tests.support.admin_dialogs import address, deed, errors, said
from tests.support.admin_forms import errors_of, form_of
from tests.support.peers import answering, peer

SID, TOKEN = "AC" + "a" * 32, "0123456789abcdef"
TWILIO = {"sid": SID, "token": TOKEN, "sender": "+14155550199", "api": "https://api.twilio.com"}
FAILING = {"failures": 9, "last_error": "HTTP 500", "last_failure_at": timezone.now(), "dead_since": timezone.now()}


@pytest.fixture
def desk(client, boss):
    client.force_login(boss)
    return client


@pytest.fixture
def owner(db):
    return factories.partner("shop")


def connection(owner, platform="twilio", credentials=TWILIO, **fields):
    return Connection.objects.create(
        partner=owner, name="Way out", platform=platform, credentials=credentials, **fields
    )


def page(row):
    return reverse("admin:partners_connection_change", args=[row.pk])


def save(client, row, **changes):
    return client.post(page(row), form_of(client, page(row)) | changes)


def buttons(response):
    return [one["title"] for one in response.context["actions_detail"]]


def add(client, owner, platform):
    given = {"partner": owner.pk, "name": "New", "platform": platform, "status": "active"}
    response = client.post(reverse("admin:partners_connection_add"), given)
    made = Connection.objects.get(name="New")
    return made, response


@pytest.mark.parametrize(("platform", "status"), [("twilio", "paused"), ("slack", "paused"), ("email", "active")])
def test_a_new_channel_opens_its_page_and_waits_for_what_it_needs(desk, owner, platform, status):
    made, response = add(desk, owner, platform)
    assert response["Location"] == page(made)
    assert made.status == status
    shown = desk.get(page(made)).content.decode()
    steps = re.search(r'<ol class="loyalty[^>]*>(.*?)</ol>', shown, re.DOTALL)[1]
    assert [unescape(step) for step in re.findall("<li>(.*?)</li>", steps)] == [*made.channel.steps]
    assert ("Not set up" in shown) == (status == "paused")


def test_our_own_doors_are_as_they_were(desk, owner):
    made, response = add(desk, owner, "api")
    assert response["Location"] == reverse("admin:partners_connection_changelist")
    assert made.status == "active"
    response = desk.get(page(made))
    assert buttons(response) == ["Issue an API key"]
    assert "How to set up" not in response.content.decode()


def test_what_is_pasted_is_stored_encrypted_and_begins_the_connection(desk, owner):
    made, _ = add(desk, owner, "twilio")
    response = save(desk, made, twilio_sid=SID, twilio_token=TOKEN, twilio_sender="+14155550199")
    assert response.status_code == 302
    made.refresh_from_db()
    assert made.credentials == TWILIO
    assert made.status == "active"


def test_a_secret_is_never_shown_again(desk, owner):
    made = connection(owner)
    shown = desk.get(page(made)).content.decode()
    assert TOKEN not in shown
    assert "Kept; leave it empty to keep it." in shown
    assert SID in shown
    assert "+14155550199" in shown


def test_an_empty_secret_is_kept_and_what_is_typed_replaces_it(desk, owner):
    made = connection(owner)
    save(desk, made, twilio_sender="+14155550000")
    made.refresh_from_db()
    assert made.credentials == TWILIO | {"sender": "+14155550000"}
    save(desk, made, twilio_token="another")
    made.refresh_from_db()
    assert made.credentials["token"] == "another"


@pytest.mark.parametrize(
    ("platform", "credentials", "secret"),
    [
        ("twilio", TWILIO, "twilio_token"),
        ("twilio", {name: value for name, value in TWILIO.items() if name != "api"}, "twilio_token"),
        ("slack", {"way": "bot", "token": "xoxb-1", "api": "https://slack.com/api"}, "slack_token"),
    ],
)
def test_a_secret_that_is_kept_goes_to_no_address_that_is_new(desk, owner, platform, credentials, secret):
    made = connection(owner, platform, credentials)
    changes = {f"{platform}_api": "https://93.184.215.14/listens"}
    assert list(errors_of(save(desk, made, **changes))) == [secret]
    made.refresh_from_db()
    assert made.credentials == credentials
    assert save(desk, made, **changes, **{secret: "xoxb-2"}).status_code == 302
    made.refresh_from_db()
    assert (made.credentials["token"], made.credentials["api"]) == ("xoxb-2", "https://93.184.215.14/listens")


def test_what_is_wrong_is_said_beside_its_field_once_and_nothing_is_stored(desk, owner):
    made = connection(owner, credentials=None, status="paused")
    response = save(desk, made, twilio_sid="SK1", twilio_sender="")
    assert {name: len(said) for name, said in errors_of(response).items()} == {
        "twilio_sid": 1,
        "twilio_token": 1,
        "twilio_sender": 1,
    }
    made.refresh_from_db()
    assert made.credentials is None
    assert made.status == "paused"


def test_an_address_inside_our_network_is_refused_at_its_field(desk, owner):
    made = connection(owner, platform="slack", credentials=None)
    response = save(desk, made, slack_way="webhook", slack_url="https://169.254.169.254/latest")
    assert "private, local or reserved" in str(errors_of(response)["slack_url"])


def test_only_what_the_chosen_way_needs_is_stored(desk, owner):
    made = connection(owner, platform="slack", credentials={"way": "bot", "token": "xoxb-1", "channel": "C012345"})
    save(desk, made, slack_way="webhook", slack_url="https://hooks.slack.com/services/T/B/x")
    made.refresh_from_db()
    assert made.credentials == {"way": "webhook", "url": "https://hooks.slack.com/services/T/B/x"}


def test_changed_credentials_begin_anew_and_unchanged_ones_do_not(desk, owner):
    made = connection(owner, **FAILING)
    save(desk, made, name="Other name")
    made.refresh_from_db()
    assert (made.name, made.failures, made.last_error) == ("Other name", 9, "HTTP 500")
    save(desk, made, twilio_token="another")
    made.refresh_from_db()
    assert (made.failures, made.dead_since, made.last_error) == (0, None, "")


def test_saving_does_not_write_over_what_workers_learn_meanwhile(desk, owner):
    made = connection(owner)
    given = form_of(desk, page(made)) | {"name": "Other name"}
    Connection.objects.update(failures=3)
    loaded = Connection.objects.get()
    Connection.objects.update(failures=4)
    loaded.name = "Mine"
    assert desk.post(page(made), given).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.failures) == ("Other name", 4)


def test_who_may_only_look_sees_no_credentials(client, marketing, owner):
    made = connection(owner)
    client.force_login(marketing)
    shown = client.get(page(made))
    assert shown.status_code == 200
    assert "How to set up Twilio SMS" in shown.content.decode()
    assert SID not in shown.content.decode()
    assert client.post(page(made), {"name": "x", "twilio_token": "y"}).status_code == 403
    for deed_ in ("test", "try_again"):
        assert client.post(address(f"partners_connection_{deed_}", made), {}).status_code == 403


def test_credentials_of_another_key_are_said_to_be_unreadable(desk, boss, owner, settings):
    made = connection(owner)
    settings.SECRET_KEY = "another key, which nobody has told of the first one"
    desk.force_login(boss)
    shown = desk.get(page(made)).content.decode()
    assert "cannot be read any more" in shown
    assert "cannot be read any more" in str(errors(deed(desk, "partners_connection_test", made)))
    assert save(desk, made, twilio_sid=SID, twilio_token="new", twilio_sender="+14155550199").status_code == 302
    made.refresh_from_db()
    assert made.credentials["token"] == "new"


@pytest.fixture
def platform(settings, monkeypatch):
    """A function that lets a platform on this machine answer; it returns the connection to it, and the platform."""
    settings.OUTBOUND_ALLOWED = ["127.0.0.0/8"]
    monkeypatch.setattr(http, "_door", http._Door())
    opened = []

    def open_(owner, *answer, **fields):
        context = peer(answering(*answer))
        asked = context.__enter__()
        opened.append(context)
        return connection(owner, credentials=TWILIO | {"api": asked.url.rstrip("/")}, **fields), asked

    yield open_
    for context in opened:
        context.__exit__(None, None, None)


def test_a_test_says_for_whom_the_platform_takes_us_and_lets_what_waits_go_on(desk, owner, platform):
    made, asked = platform(owner, "200 OK", b'{"friendly_name": "Shop <b>", "status": "active"}', **FAILING)
    response = deed(desk, "partners_connection_test", made)
    assert response["HX-Redirect"] == page(made)
    assert "The connection works: Twilio SMS takes us for Shop &lt;b&gt;." in desk.get(page(made)).content.decode()
    assert asked.requests[0].startswith(f"GET /2010-04-01/Accounts/{SID}.json ".encode())
    made.refresh_from_db()
    assert made.failures == 0


def test_a_test_that_fails_says_why_and_what_to_do(desk, owner, platform):
    made, _ = platform(owner, "401 Unauthorized", b'{"code": 20003, "message": "Authenticate"}', **FAILING)
    deed(desk, "partners_connection_test", made)
    assert "The connection does not work. Twilio 20003: Authenticate" in said(desk)
    made.refresh_from_db()
    assert made.failures == 9


def test_a_platform_that_does_not_answer_keeps_nobody(desk, owner, platform, monkeypatch):
    monkeypatch.setattr(connecting, "TEST_S", 1.5)
    made, asked = platform(owner)
    asked.behave = lambda connection, number: time.sleep(5)
    deed(desk, "partners_connection_test", made)
    assert "did not answer within 1.5 seconds" in said(desk)


def test_a_webhook_of_slack_is_tested_by_a_line(desk, owner, platform):
    _, asked = platform(owner)
    made = Connection.objects.create(
        partner=owner, name="Slack", platform="slack", credentials={"way": "webhook", "url": f"{asked.url}services/x"}
    )
    deed(desk, "partners_connection_test", made)
    assert "The connection works." in said(desk)
    assert b"This is a test of the connection" in asked.requests[0]


def test_one_that_is_not_set_up_is_told_so(desk, owner):
    made = connection(owner, platform="slack", credentials=None)
    deed(desk, "partners_connection_test", made)
    assert "The connection does not work. This is no address of the web" in said(desk)


def test_email_is_tested_at_the_mail_server(desk, owner, settings):
    made = connection(owner, platform="email", credentials=None)
    deed(desk, "partners_connection_test", made)
    assert "The connection works." in said(desk)
    settings.EMAIL_BACKEND = "loyalty_site.lib.mail.NoServer"
    deed(desk, "partners_connection_test", made)
    assert "sets one as EMAIL_URL" in said(desk)


def test_try_again_now_is_offered_to_what_fails(desk, owner):
    made = connection(owner, paused_until=timezone.now() + timedelta(hours=1), **FAILING)
    assert buttons(desk.get(page(made))) == ["Test the connection", "Try again now"]
    assert deed(desk, "partners_connection_try_again", made)["HX-Redirect"] == page(made)
    made.refresh_from_db()
    assert (made.failures, made.paused_until, made.dead_since) == (0, None, None)
    assert buttons(desk.get(page(made))) == ["Test the connection"]


def test_webhooks_are_tested_at_their_endpoints(desk, owner):
    made = connection(owner, platform="webhooks", credentials=None)
    assert buttons(desk.get(page(made))) == []
    assert "could be tested" in str(errors(deed(desk, "partners_connection_test", made)))


def test_the_list_says_how_each_one_fares(desk, owner):
    connection(owner, **FAILING)
    factories.till(factories.program(owner=owner))
    shown = desk.get(reverse("admin:partners_connection_changelist")).content.decode()
    assert "does not answer" in shown
