"""Marketing writes what members hear, sees it as they will, and is told what is wrong where it is wrong."""

import pytest
from django.urls import reverse

from members import consenting
from programs.models import Message, MessagePolicy
from tests.support import factories
from tests.support.admin_dialogs import deed, errors
from tests.support.admin_forms import all_errors, errors_of, page, save
from tests.support.messaging import connection, event, fake_channels, message  # noqa: F401 (a fixture)

TEXT = {
    "texts-TOTAL_FORMS": "1",
    "texts-INITIAL_FORMS": "0",
    "texts-0-language": "en",
    "texts-0-subject": "News",
    "texts-0-text": "Hello {{ member.name }}",
}


@pytest.fixture(autouse=True)
def _with_fake_channels(fake_channels):  # noqa: F811 (the fixture)
    """Messages leave through channels that send nothing."""


@pytest.fixture
def office(client, marketing):
    client.force_login(marketing)
    return client


@pytest.fixture
def mail(club):
    return connection(club)


def add(client, club, via, **fields):
    """The answer to a new message that is sent with one text."""
    sent = {
        "program": club.pk,
        "name": "Thanks",
        "event": "points.earned",
        "connection": via.pk,
        "purpose": "service",
        "digest": "none",
    }
    changed = {name.replace("__", "-"): value for name, value in fields.items()}
    return client.post(reverse("admin:programs_message_add"), sent | TEXT | changed)


def preview_of(client, row, **asked):
    return client.get(reverse("admin:programs_message_preview", args=[row.pk]), asked)


def text(response):
    return " ".join(response.content.decode().split())


def test_marketing_writes_a_message_with_a_text(office, club, mail):
    response = add(office, club, mail, is_active="on")
    assert response.status_code == 302, all_errors(response)
    made = Message.objects.get()
    assert (made.name, made.is_active, made.texts.get().language) == ("Thanks", True, "en")


def test_what_is_wrong_with_a_text_is_said_at_its_field_with_the_line(office, club, mail):
    response = add(office, club, mail, texts__0__text="Dear {{ member.name }},\n{{ member.frst_name }}")
    said = all_errors(response)
    assert "Line 2: There is no variable “member.frst_name”. Did you mean “member.first_name”?" in said
    [formset] = [inline.formset for inline in response.context["inline_admin_formsets"]]
    assert list(formset.errors[0]) == ["text"]
    assert not Message.objects.exists()


def test_a_text_of_another_event_is_refused_when_the_event_is_changed(office, club, mail):
    row = message(club, via=mail, texts={"en": ("News", "{{ points.points }}", "")})
    response = save(office, page(row), event="member.enrolled")
    assert "There is no variable “points.points”." in all_errors(response)
    row.refresh_from_db()
    assert row.event == "points.earned"


def test_a_text_of_100_kb_and_more_is_refused_at_its_field(office, club, mail):
    response = add(office, club, mail, texts__0__text="x" * 100_001)
    assert "at most 100000 characters" in all_errors(response)
    assert not Message.objects.exists()


def test_a_text_message_that_is_too_long_is_refused(office, club):
    response = add(office, club, connection(club, "fake-sms"), texts__0__text="x" * 1700)
    assert "A text message has at most 1,600 characters; this has 1,700." in all_errors(response)


def test_an_active_message_needs_a_text(office, club, mail):
    response = add(office, club, mail, is_active="on", texts__TOTAL_FORMS="0")
    assert "An active message needs a text" in all_errors(response)
    assert add(office, club, mail, texts__TOTAL_FORMS="0").status_code == 302


def test_two_texts_in_one_language_are_refused(office, club, mail):
    second = {name.replace("-0-", "__1__"): value for name, value in TEXT.items() if "-0-" in name}
    response = add(office, club, mail, texts__TOTAL_FORMS="2", **second)
    assert "duplicate" in all_errors(response)


def test_a_reminder_needs_its_days_and_another_message_forgets_them(office, club, mail):
    text = {"texts__0__text": "{{ expiring.points }}"}
    response = add(office, club, mail, event="points.expiring", **text)
    assert errors_of(response)["days_before"] == ["Say how many days before it ends members are reminded."]
    assert add(office, club, mail, event="points.expiring", days_before="30", **text).status_code == 302
    assert add(office, club, mail, name="Other", days_before="30").status_code == 302
    assert list(Message.objects.order_by("pk").values_list("days_before", flat=True)) == [30, None]


def test_only_connections_that_reach_members_are_offered(office, club, mail):
    hook, till = connection(club, "fake-hook"), factories.till(club)
    form = office.get(reverse("admin:programs_message_add")).context["adminform"].form
    offered = [key for key, _ in form.fields["connection"].choices]
    assert {str(key) for key in offered} == {"", str(mail.pk)}
    for other in (hook, till):
        assert errors_of(add(office, club, other))["connection"]


def events_offered(response):
    return [name for name, _ in response.context["adminform"].form.fields["event"].widget.choices]


def test_of_an_erasure_no_member_can_be_told(office, club, mail):
    assert "member.erased" not in events_offered(office.get(reverse("admin:programs_message_add")))
    [said] = errors_of(add(office, club, mail, event="member.erased"))["event"]
    assert said.startswith("Nobody can be reached whose data were erased.")
    row = message(club, via=mail)
    assert "member.erased" not in events_offered(office.get(page(row)))
    assert errors_of(save(office, page(row), event="member.erased"))["event"] == [said]
    row.refresh_from_db()
    assert row.event == "points.earned"


def test_of_an_erasure_staff_can_be_told_where_they_are_reached(office, club, mail):
    team = connection(club, "slack")
    assert "member.erased" in events_offered(office.get(reverse("admin:programs_message_add")))
    assert errors_of(add(office, club, mail, event="member.erased"))["event"]
    text = {"texts__0__text": "{{ member.number }} is gone."}
    assert add(office, club, team, event="member.erased", **text).status_code == 302
    made = Message.objects.get()
    assert (made.event, made.connection) == ("member.erased", team)
    french = message(club, "member.erased", via=team, texts={"fr": ("", "x", "")})
    deed(office, "programs_message_use_ready_texts", french)
    assert "Delete what you have" in french.texts.get(language="en").text


def test_the_page_says_what_texts_can_name(office, club, mail):
    shown = text(office.get(page(message(club, via=mail))))
    assert "What its texts can name" in shown
    assert "{{ points.expires_at }}" in shown
    assert "{{ unsubscribe_url }}" in shown


def test_ready_words_are_added_in_each_language_that_is_missing(office, club, mail):
    row = message(club, via=mail)
    response = deed(office, "programs_message_use_ready_texts", row)
    assert "HX-Redirect" in response
    assert sorted(row.texts.values_list("language", flat=True)) == ["de", "en", "fr"]
    assert row.texts.get(language="en").text == "Hello {{ member.name }}."
    again = deed(office, "programs_message_use_ready_texts", row)
    assert "There are no ready words that the message has not yet." in str(errors(again))


def test_store_staff_see_messages_and_change_nothing(client, store_staff, club, mail):
    row = message(club, via=mail)
    client.force_login(store_staff)
    assert client.get(page(row)).status_code == 200
    assert client.get(reverse("admin:programs_message_add")).status_code == 403
    assert client.post(page(row), {"name": "Mine"}).status_code == 403
    assert preview_of(client, row).status_code == 403
    for action in ("use_ready_texts", "send_test", "see_preview"):
        assert client.post(reverse(f"admin:programs_message_{action}", args=[row.pk])).status_code == 403
    assert row.texts.count() == 1


def test_a_program_says_when_its_members_are_left_alone(office, club):
    made = save(
        office,
        page(club),
        message_policy__TOTAL_FORMS="1",
        message_policy__0__quiet_from="22:00",
        message_policy__0__quiet_until="08:00",
        message_policy__0__most_per_day="2",
        message_policy__0__most_per_week="5",
        message_policy__0__digest_at="09:30",
    )
    assert made.status_code == 302, all_errors(made)
    policy = MessagePolicy.objects.get()
    assert (policy.quiet_from.hour, policy.quiet_until.hour, policy.digest_at.minute) == (22, 8, 30)
    club.refresh_from_db()


@pytest.mark.parametrize(
    ("until", "said"),
    [("", "Quiet hours need a beginning and an end."), ("22:00", "Quiet hours that end when they begin")],
)
def test_quiet_hours_with_one_end_or_none_at_all_are_refused(office, club, until, said):
    response = save(
        office,
        page(club),
        message_policy__TOTAL_FORMS="1",
        message_policy__0__quiet_from="22:00",
        message_policy__0__quiet_until=until,
        message_policy__0__most_per_day="0",
        message_policy__0__most_per_week="0",
        message_policy__0__digest_at="09:00",
    )
    assert said in text(response)
    assert not MessagePolicy.objects.exists()


def test_a_consent_shows_its_source_and_version(office, ada):
    row = consenting.say(ada.customer, "email", True, source="form of the web shop", version="2026-05")
    shown = text(office.get(reverse("admin:members_consent_change", args=[row.pk])))
    assert "form of the web shop" in shown
    assert "2026-05" in shown
