"""A message is seen as a real member sees it, and sent to oneself, before anybody gets it."""

import pytest
from django.core import mail as django_mail
from django.urls import reverse

from loyalty_site.lib import http
from members import consenting
from members.models import Delivery, Event
from partners import connecting
from partners.channels.base import Answer
from programs.models import MessageText
from tests.support import factories
from tests.support.admin_dialogs import deed, errors
from tests.support.messaging import connection, event, fake_channels, message  # noqa: F401 (a fixture)


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


def preview_of(client, row, **asked):
    return client.get(reverse("admin:programs_message_preview", args=[row.pk]), asked)


def text(response):
    return " ".join(response.content.decode().split())


def test_a_preview_shows_the_message_as_a_real_member_sees_it(office, club, ada, mail):
    row = message(
        club,
        via=mail,
        purpose="marketing",
        texts={
            "en": ("For {{ member.name }}", "Hello {{ member.name }}", "<p>Hello {{ member.name }}</p>"),
            "fr": ("Pour {{ member.name }}", "Bonjour {{ member.name }}", ""),
        },
    )
    ada.customer.first_name, ada.customer.language = "<b>Ada</b>", "fr"
    ada.customer.save()
    shown = text(preview_of(office, row, member=ada.number))
    assert "Bonjour &lt;b&gt;Ada&lt;/b&gt;" in shown
    # As HTML of a page of its own, in which nothing runs.
    assert "Bonjour &amp;lt;b&amp;gt;Ada" in shown
    assert '<iframe class="loyalty-preview" title="The message as HTML" sandbox ' in shown
    assert "Would not get it: The member has given no consent" in shown
    consenting.say(ada.customer, "email", True, source="form")
    shown = text(preview_of(office, row, member="ada@example.com", language="en"))
    assert "Hello &lt;b&gt;Ada&lt;/b&gt;" in shown
    assert "Would get it now, at ada@example.com." in shown
    assert not Delivery.objects.exists()
    assert not Event.objects.exists()


def test_a_preview_of_what_is_switched_off_says_who_would_get_it_once_it_is_on(office, club, ada, mail):
    row = message(club, via=mail, is_active=False)
    shown = text(preview_of(office, row, member=ada.number))
    assert "It is switched off: nobody gets it." in shown
    assert "Would get it now, at ada@example.com." in shown
    row.refresh_from_db()
    assert not row.is_active


def test_a_test_goes_to_ones_own_address_and_nowhere_else(office, club, ada, marketing):
    row = message(
        club,
        via=connection(club, "email"),
        texts={"en": ("News", "Hello {{ member.name }}", "")},
        purpose="marketing",
    )
    response = deed(office, "programs_message_send_test", row, language="en")
    assert "HX-Redirect" in response
    [sent] = django_mail.outbox
    assert sent.to == ["marketing@example.com"]
    assert (sent.subject, sent.body) == ("[Test] News", "Hello Ada Lovelace")
    assert not Delivery.objects.exists()
    assert not Event.objects.exists()


def test_a_test_that_cannot_be_sent_says_what_to_do(office, club, marketing):
    row = message(club, via=connection(club, "email"))
    sms = message(club, via=connection(club, "twilio"))
    assert "There are: en." in str(errors(deed(office, "programs_message_send_test", row, language="xx")))
    assert "There is no phone number." in str(errors(deed(office, "programs_message_send_test", sms, language="en")))
    refused = deed(office, "programs_message_send_test", sms, language="en", to="12")
    assert "not an international one" in str(errors(refused))
    MessageText.objects.filter(message=row).update(text="{% if %}")
    assert "The text cannot be made" in str(errors(deed(office, "programs_message_send_test", row, language="en")))
    marketing.email = ""
    marketing.save()
    refused = deed(office, "programs_message_send_test", row, language="en")
    assert "Fill in the e-mail address of your login" in str(errors(refused))
    assert django_mail.outbox == []


def test_a_test_that_a_platform_does_not_take_says_why(office, club, monkeypatch):
    row = message(club, via=connection(club, "twilio", credentials={"sid": "AC", "token": "x", "sender": "+1"}))
    monkeypatch.setattr(http, "exchange", lambda request: Answer(401, body=b'{"code": 20003}'))
    refused = deed(office, "programs_message_send_test", row, language="en", to="+33612345678")
    assert "It was not taken:" in str(errors(refused))


def test_a_test_keeps_nobody_waiting_longer_than_that_of_a_connection(office, club, monkeypatch):
    row = message(club, via=connection(club, "twilio", credentials={"sid": "AC", "token": "x", "sender": "+1"}))
    asked = []
    monkeypatch.setattr(
        http, "exchange", lambda request: asked.append(request) or Answer(201, body=b'{"sid": "SM1"}')
    )
    assert "HX-Redirect" in deed(office, "programs_message_send_test", row, language="en", to="+33612345678")
    assert [request.total_s for request in asked] == [connecting.TEST_S]


def test_a_test_over_a_mail_server_that_is_away_says_so(office, club, settings):
    settings.EMAIL_BACKEND = "loyalty_site.lib.mail.NoServer"
    row = message(club, via=connection(club, "email"))
    refused = deed(office, "programs_message_send_test", row, language="en")
    assert "It was not taken: There is no mail server" in str(errors(refused))


def test_a_preview_keeps_html_that_is_a_whole_page_within_its_frame(office, club, ada, mail):
    html = '<!doctype html><html><body onload="alert(1)"><script>alert(2)</script>{{ member.name }}</body></html>'
    row = message(club, via=mail, texts={"en": ("News", "{{ member.name }}", html)})
    shown = preview_of(office, row, member=ada.number).content.decode()
    assert 'srcdoc="&lt;!doctype html&gt;&lt;html&gt;&lt;body onload=&quot;alert(1)&quot;&gt;&lt;script' in shown
    assert 'alert(1)"' not in shown
    assert "<script>alert(2)" not in shown


def test_a_preview_shows_the_latest_that_happened_to_the_member(office, club, ada, mail):
    row = message(club, via=mail, texts={"en": ("News", "{{ points.points }} points", "")})
    assert "this is the example" in text(preview_of(office, row, member=ada.number, of="latest"))
    points = {"currency": "points", "points": 4711, "available_at": None, "expires_at": None}
    event(ada, data={"points": points})
    assert "4,711 points" in text(preview_of(office, row, member=ada.number, of="latest"))
    assert "120 points" in text(preview_of(office, row))


def test_a_preview_of_a_text_message_says_what_it_costs(office, club):
    row = message(club, via=connection(club, "fake-sms"), texts={"en": ("", "ê" + "a" * 70, "")})
    shown = text(preview_of(office, row))
    assert "71 characters, sent in 2 parts." in shown
    assert "“ê” is no letter of all phones" in shown
    assert "<iframe" not in shown


@pytest.mark.parametrize("typed", ["nobody", "Lovelace", "\x00", "9" * 100])
def test_a_preview_for_nobody_or_several_says_so(office, club, ada, mail, typed):
    factories.member(club)
    response = preview_of(office, message(club, via=mail), member=typed)
    assert response.status_code == 200
    assert response.context["form"].errors["member"]
    assert response.context["shown"] is None


def test_a_preview_of_what_cannot_be_made_says_why(office, club, mail):
    row = message(club, via=mail)
    MessageText.objects.update(text="{% if %}")
    assert "The text cannot be made: Unexpected end of expression in if tag." in text(preview_of(office, row))
    MessageText.objects.all().delete()
    assert "The message has no text yet." in text(preview_of(office, row))


def test_members_of_other_programs_are_not_shown(office, club, mail):
    stranger = factories.member(factories.program())
    response = preview_of(office, message(club, via=mail), member=stranger.number)
    assert response.context["form"].errors["member"] == ["No member of the program fits this."]
