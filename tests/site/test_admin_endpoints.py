"""Staff keep the addresses that are told of events; a secret is shown once, on a page that nobody keeps."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members.models import Delivery
from partners.models import Connection, WebhookEndpoint
from tests.support.admin_dialogs import address, deed, errors, said
from tests.support.hooks import TARGET, delivery, endpoint, event

pytestmark = pytest.mark.django_db
ADD = "admin:partners_webhookendpoint_add"
NAMES = ["partners_webhookendpoint_pause", "partners_webhookendpoint_resume"]
NAMES += ["partners_webhookendpoint_try_again", "partners_webhookendpoint_send_test"]
NAMES += ["partners_webhookendpoint_unsubscribe"]
PAUSE, RESUME, AGAIN, TEST, UNSUBSCRIBE = NAMES
SECRET = "admin:partners_webhookendpoint_secret"


@pytest.fixture
def way(club):
    return Connection.of(club.owner, Connection.Platform.API)


@pytest.fixture
def hook(club):
    return endpoint(club.owner)


@pytest.fixture
def browser(client, boss):
    client.force_login(boss)
    return client


def wanted(way, **fields):
    return {"connection": way.pk, "name": "CRM", "url": TARGET, "events": ["points.earned"]} | fields


def test_a_new_endpoint_shows_its_secret_once(browser, way):
    answer = browser.post(reverse(ADD), wanted(way, events=["tier.upgraded", "points.earned"], is_ordered="on"))
    made = WebhookEndpoint.objects.get()
    assert answer.status_code == 200
    assert made.secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert (made.connection, made.url, made.name, made.is_ordered) == (way, TARGET, "CRM", True)
    assert made.events == ["points.earned", "tier.upgraded"]
    assert LogEntry.objects.filter(object_id=made.pk, content_type__model="webhookendpoint").count() == 1
    page = browser.get(address("partners_webhookendpoint_change", made))
    assert made.secret not in page.content.decode()
    assert made.secret not in browser.get(reverse("admin:partners_webhookendpoint_changelist")).content.decode()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": "https://127.0.0.1/hooks"}, "url"),
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"url": "http://93.184.215.14/"}, "url"),
        ({"url": "https://a:b@93.184.215.14/"}, "url"),
        ({"url": "https://93.184.215.14/" + "x" * 100_000}, "url"),
        ({"url": ""}, "url"),
        ({"events": []}, "events"),
        ({"events": ["bogus"]}, "events"),
        ({"events": ["night.failed"]}, "events"),
        ({"connection": ""}, "connection"),
        ({"name": "x" * 81}, "name"),
    ],
)
def test_what_cannot_be_an_endpoint_is_refused_at_its_field(browser, way, fields, field):
    answer = browser.post(reverse(ADD), wanted(way, **fields))
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not WebhookEndpoint.objects.exists()


def test_staff_are_told_whether_there_is_no_such_name_or_it_leads_inside(browser, way, directory):
    directory.set("inside.example", "10.0.0.1")
    for name, why in (("inside.example", "leads to a private"), ("nowhere.invalid", "There is no nowhere.invalid")):
        answer = browser.post(reverse(ADD), wanted(way, url=f"https://{name}/"))
        assert why in str(answer.context["adminform"].form.errors["url"])


def test_the_same_twice_is_refused_at_the_address(browser, way):
    browser.post(reverse(ADD), wanted(way))
    answer = browser.post(reverse(ADD), wanted(way))
    assert "already" in str(answer.context["adminform"].form.errors["url"])
    assert WebhookEndpoint.objects.count() == 1


def test_an_address_is_changed_and_checked_at_the_field(browser, hook):
    page = address("partners_webhookendpoint_change", hook)
    sent = {"name": "New", "url": f"{TARGET}/new", "events": ["*", "points.earned"], "is_ordered": ""}
    assert browser.post(page, sent).status_code == 302
    hook.refresh_from_db()
    assert (hook.name, hook.url, hook.events) == ("New", f"{TARGET}/new", ["*"])
    answer = browser.post(page, sent | {"url": "https://10.1.2.3/"})
    assert list(answer.context["adminform"].form.errors) == ["url"]
    hook.refresh_from_db()
    assert hook.url == f"{TARGET}/new"


def test_a_new_secret_is_shown_once_and_the_old_one_signs_as_long_as_somebody_said(browser, hook):
    page = reverse(SECRET, args=[hook.pk])
    old = hook.secret
    assert "Make a new secret" in browser.get(page).content.decode()
    hook.refresh_from_db()
    assert hook.secret == old
    answer = browser.post(page, {"hours": "48", "rotate": "yes"})
    hook.refresh_from_db()
    assert hook.secret != old == hook.old_secret
    assert timedelta(hours=47) < hook.old_secret_until - timezone.now() < timedelta(hours=48)
    assert hook.secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert "as well until" in browser.get(address("partners_webhookendpoint_change", hook)).content.decode()
    assert LogEntry.objects.filter(object_id=hook.pk, change_message__contains="new secret").exists()


@pytest.mark.parametrize("hours", ["-1", "169", "x", ""])
def test_no_secret_is_made_for_hours_that_cannot_be(browser, hook, hours):
    old = hook.secret
    answer = browser.post(reverse(SECRET, args=[hook.pk]), {"hours": hours})
    assert list(answer.context["form"].errors) == ["hours"]
    hook.refresh_from_db()
    assert hook.secret == old


def test_it_is_paused_with_a_reason_and_goes_on_as_if_it_had_never_failed(browser, hook):
    WebhookEndpoint.objects.update(failures=7, paused_until=timezone.now() + timedelta(hours=5))
    assert errors(deed(browser, PAUSE, hook, reason=""))
    deed(browser, PAUSE, hook, reason="They move")
    hook.refresh_from_db()
    assert (hook.status, hook.status_reason) == ("paused", "They move")
    assert "They move" in browser.get(address("partners_webhookendpoint_change", hook)).content.decode()
    deed(browser, RESUME, hook)
    hook.refresh_from_db()
    assert (hook.status, hook.status_reason, hook.failures, hook.paused_until) == ("active", "", 0, None)


def test_one_that_fails_is_tried_again_at_once_and_its_tests_with_it(browser, hook):
    in_hours = timezone.now() + timedelta(hours=5)
    WebhookEndpoint.objects.update(failures=7, paused_until=in_hours, dead_since=timezone.now())
    deed(browser, TEST, hook)
    assert "Try again now" in said(browser)
    Delivery.objects.update(attempts=7, next_at=in_hours)
    deed(browser, AGAIN, hook)
    hook.refresh_from_db()
    assert (hook.status, hook.failures, hook.paused_until, hook.dead_since) == ("active", 0, None, None)
    assert Delivery.objects.get().next_at <= timezone.now()
    WebhookEndpoint.objects.update(status="paused")
    assert "Paused" in str(errors(deed(browser, AGAIN, hook)))


def test_one_that_was_gone_can_be_told_again(browser, hook):
    WebhookEndpoint.objects.update(status="disabled", status_reason="HTTP 410")
    deed(browser, RESUME, hook)
    hook.refresh_from_db()
    assert hook.status == "active"


def test_a_test_opens_the_page_of_its_delivery(browser, hook):
    answer = deed(browser, TEST, hook)
    made = Delivery.objects.select_related("event").get()
    assert answer["HX-Redirect"] == address("members_delivery_change", made)
    assert (made.endpoint, made.event.type) == (hook, "hook.test")
    assert "on its way" in said(browser)


def test_a_test_that_could_not_leave_says_why_in_the_dialog(browser, hook):
    Connection.objects.update(status="paused")
    assert "not active" in str(errors(deed(browser, TEST, hook)))
    assert not Delivery.objects.exists()


def test_one_that_is_unsubscribed_by_hand_says_by_whom_and_has_no_more_buttons(browser, club, ada, hook):
    waits = delivery(event(club, ada), to=hook, state="waiting")
    deed(browser, UNSUBSCRIBE, hook)
    hook.refresh_from_db()
    waits.refresh_from_db()
    assert (hook.status, hook.status_reason) == ("unsubscribed", "Unsubscribed by boss.")
    assert waits.state == "skipped"
    page = browser.get(address("partners_webhookendpoint_change", hook)).content.decode()
    assert not [name for name in [*NAMES, "partners_webhookendpoint_new_secret"] if address(name, hook) in page]
    assert "unsubscribed" in str(browser.post(reverse(SECRET, args=[hook.pk]), {"hours": "1"}).context["form"].errors)


def test_buttons_are_those_that_the_state_leaves(browser, hook):
    def offered():
        page = browser.get(address("partners_webhookendpoint_change", hook)).content.decode()
        return [name for name in NAMES if address(name, hook) in page]

    assert offered() == [PAUSE, TEST, UNSUBSCRIBE]
    WebhookEndpoint.objects.update(failures=1)
    assert offered() == [PAUSE, AGAIN, TEST, UNSUBSCRIBE]
    WebhookEndpoint.objects.update(status="paused")
    assert offered() == [RESUME, UNSUBSCRIBE]


def test_its_page_shows_health_and_the_last_deliveries(browser, club, ada, hook):
    WebhookEndpoint.objects.update(failures=3, last_error="HTTP 503", last_failure_at=timezone.now())
    sent = delivery(event(club, ada), to=hook, state="dead", reason="HTTP 503, 12 times")
    page = browser.get(address("partners_webhookendpoint_change", hook)).content.decode()
    assert "HTTP 503, 12 times" in page
    assert address("members_delivery_change", sent) in page
    assert "Failures in a row" in page


def test_its_page_says_that_it_fails_and_what_to_do(browser, hook):
    page = address("partners_webhookendpoint_change", hook)
    assert "Not used yet" in browser.get(page).content.decode()
    why = "HTTP 301: it sends us on to another address, where we do not follow. Enter that one."
    WebhookEndpoint.objects.update(failures=1, last_error=why, last_failure_at=timezone.now())
    shown = browser.get(page).content.decode()
    assert "Failing" in shown
    assert f"Nothing got through the last time: {why}" in shown
    assert "“Try again now” sends what waits" in shown
    WebhookEndpoint.objects.update(failures=8, dead_since=timezone.now())
    shown = browser.get(page).content.decode()
    assert "Does not answer" in shown
    assert f"Nothing got through the last 8 times: {why}" in shown


def test_another_address_begins_anew_and_another_name_does_not(browser, hook):
    in_hours = timezone.now() + timedelta(hours=5)
    WebhookEndpoint.objects.update(
        failures=7, paused_until=in_hours, dead_since=timezone.now(), last_error="HTTP 301"
    )
    page, sent = address("partners_webhookendpoint_change", hook), {"name": "New", "events": hook.events}
    browser.post(page, sent | {"url": hook.url})
    hook.refresh_from_db()
    assert (hook.name, hook.failures) == ("New", 7)
    browser.post(page, sent | {"url": f"{TARGET}/moved"})
    hook.refresh_from_db()
    assert (hook.url, hook.failures, hook.paused_until, hook.dead_since) == (f"{TARGET}/moved", 0, None, None)


def test_nobody_deletes_an_endpoint(browser, hook):
    assert browser.post(address("partners_webhookendpoint_delete", hook), {"post": "yes"}).status_code == 403
    assert WebhookEndpoint.objects.exists()


def test_marketing_looks_and_changes_nothing(client, marketing, way, hook):
    client.force_login(marketing)
    page = client.get(address("partners_webhookendpoint_change", hook))
    assert page.status_code == 200
    assert not [name for name in NAMES if address(name, hook) in page.content.decode()]
    for name in NAMES:
        assert client.post(address(name, hook), {"reason": "x", "_form_submitted": "1"}).status_code == 403
    assert client.post(reverse(SECRET, args=[hook.pk]), {"hours": "1"}).status_code == 403
    assert client.post(reverse(ADD), wanted(way)).status_code == 403
    before = hook.secret
    hook.refresh_from_db()
    assert (hook.status, hook.secret, WebhookEndpoint.objects.count()) == ("active", before, 1)


def test_who_only_looks_sees_no_secret_of_an_address(client, marketing, boss, club):
    hook = endpoint(club.owner, url=f"{TARGET}?sig=open-sesame", name="")
    client.force_login(marketing)
    for page in (
        address("partners_webhookendpoint_change", hook),
        reverse("admin:partners_webhookendpoint_changelist"),
    ):
        shown = client.get(page).content.decode()
        assert TARGET in shown
        assert "open-sesame" not in shown
    client.force_login(boss)
    assert "open-sesame" in client.get(address("partners_webhookendpoint_change", hook)).content.decode()


def test_store_staff_see_no_endpoint(client, store_staff, hook):
    client.force_login(store_staff)
    assert client.get(address("partners_webhookendpoint_change", hook)).status_code == 403
    assert client.get(reverse("admin:partners_webhookendpoint_changelist")).status_code == 403


def test_a_form_of_another_site_makes_no_secret(boss, hook):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(boss)
    old = hook.secret
    assert browser.post(reverse(SECRET, args=[hook.pk]), {"hours": "0"}).status_code == 403
    assert browser.post(address(TEST, hook), {"_form_submitted": "1"}).status_code == 403
    hook.refresh_from_db()
    assert hook.secret == old
    assert not Delivery.objects.exists()


def test_an_endpoint_that_is_none_is_not_found(browser, hook):
    for id in ("0", "x", "9" * 40):
        assert browser.get(f"/admin/partners/webhookendpoint/{id}/secret/").status_code == 404
