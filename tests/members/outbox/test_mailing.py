"""How do mails leave, and what does it mean what a mail server says?"""

import smtplib
import threading

import pytest
from django.core import mail as outgoing
from django.core.mail.backends.base import BaseEmailBackend

from members.outbox import mailing, recording, sending
from members.outbox.base import Ready
from members.outbox.mailing import Mails
from partners import channels
from partners.channels.base import GiveUp, Mail, Message, Refused, Request, Sent, TryAgain, Unknown


class Backend(BaseEmailBackend):
    """Stands for a mail server."""

    opened, closed, sent, most = 0, 0, [], 0
    at_open, at_send = None, None
    lock = threading.Lock()

    def open(self):
        type(self).opened += 1
        if self.at_open:
            raise self.at_open
        return True

    def close(self):
        type(self).closed += 1

    def send_messages(self, messages):
        if self.at_send:
            raise self.at_send
        self.sent.extend(messages)
        return len(messages)


@pytest.fixture
def server(settings, monkeypatch):
    settings.EMAIL_BACKEND = "tests.members.outbox.test_mailing.Backend"
    for name, value in {"opened": 0, "closed": 0, "sent": [], "at_open": None, "at_send": None}.items():
        monkeypatch.setattr(Backend, name, value)
    return Backend


def ready(**fields):
    channel = channels.registry["email"]({})
    message = {"key": "k", "to": "ada@example.com", "text": "Hello", "subject": "Hi"} | fields
    return Ready(channel, channel.message(Message(**message)), "ada@…")


def send(mails, **fields):
    passed = sending.send(ready(**fields), mails=mails, exchange=None, until=float("inf"))
    return passed.outcome


def test_a_connection_is_kept_for_the_next_mail_and_closed_at_the_end(server):
    mails = Mails()
    for _ in range(5):
        assert send(mails) == Sent()
    assert (server.opened, server.closed, len(server.sent)) == (1, 0, 5)
    mails.close()
    assert server.closed == 1


def test_a_connection_that_lay_idle_is_made_anew(server, monkeypatch):
    monkeypatch.setattr(mailing, "IDLE_S", -1)
    mails = Mails()
    for _ in range(2):
        send(mails)
    assert (server.opened, server.closed) == (2, 1)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (smtplib.SMTPConnectError(421, b"busy"), TryAgain),
        (ConnectionRefusedError("refused"), TryAgain),
        (TimeoutError("timed out"), TryAgain),
        (smtplib.SMTPAuthenticationError(535, b"who are you?"), Refused),
    ],
)
def test_a_server_that_cannot_be_opened_has_taken_nothing(server, monkeypatch, error, outcome):
    monkeypatch.setattr(server, "at_open", error)
    mails = Mails()
    assert isinstance(send(mails), outcome)
    monkeypatch.setattr(server, "at_open", None)
    assert send(mails) == Sent()


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (smtplib.SMTPRecipientsRefused({"ada@example.com": (550, b"nobody")}), GiveUp),
        (smtplib.SMTPRecipientsRefused({"ada@example.com": (450, b"grey")}), TryAgain),
        (smtplib.SMTPDataError(554, b"spam"), GiveUp),
        (smtplib.SMTPDataError(451, b"later"), TryAgain),
        (smtplib.SMTPServerDisconnected("gone"), Unknown),
        (ConnectionResetError("reset"), Unknown),
        (TimeoutError("timed out"), Unknown),
        (RuntimeError("nobody has thought of that"), Unknown),
    ],
)
def test_a_mail_that_broke_off_may_have_arrived_and_a_refused_one_has_not(server, monkeypatch, error, outcome):
    monkeypatch.setattr(server, "at_send", error)
    mails = Mails()
    found = send(mails)
    assert isinstance(found, outcome), found
    # The connection is not used for the next one.
    assert server.closed == 1
    monkeypatch.setattr(server, "at_send", None)
    assert send(mails) == Sent()


def test_line_breaks_in_a_header_make_no_header_of_their_own(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    outgoing.outbox = []
    assert send(Mails(), subject="Hi\r\nBcc: everybody@example.com", headers={"X-A": "a\nb"}) == Sent()
    assert "\nBcc:" not in outgoing.outbox[0].message().as_string()


def test_a_mail_to_no_address_is_given_up_with_a_sentence(server):
    found = send(Mails(), to="nobody\ud800@example.com")
    assert isinstance(found, GiveUp | Unknown)
    assert found.reason
    assert not server.sent


def test_few_connections_are_open_at_once(server, monkeypatch):
    gate, under_way = threading.Event(), threading.Semaphore(0)

    def wait(self, messages):
        under_way.release()
        gate.wait(10)
        return len(messages)

    monkeypatch.setattr(Backend, "send_messages", wait)
    mails = Mails()
    threads = [threading.Thread(target=send, args=(mails,)) for _ in range(10)]
    for one in threads:
        one.start()
    for _ in range(mailing.MOST_CONNECTIONS):
        assert under_way.acquire(timeout=10)
    assert not under_way.acquire(timeout=0.2)
    gate.set()
    for one in threads:
        one.join()
    assert server.opened <= mailing.MOST_CONNECTIONS


def test_what_is_kept_of_a_request_shows_no_secret():
    request = Request(
        "POST",
        "https://example.com/x?key=sesame",
        headers={"Authorization": "Bearer abc"},
        form={"a": "1", "token": "sesame"},
        basic=("user", "open-up"),
        secrets=("sesame",),
    )
    kept = recording.request(request)
    assert "sesame" not in kept
    assert "open-up" not in kept
    assert "abc" not in kept
    assert "a=1" in kept
    assert "sesame" not in recording.reason("failed at sesame", request)


def test_what_is_kept_of_a_mail_are_its_headers_and_its_text():
    mail = Mail(to="ada@example.com", subject="Hi", text="Hello\0", headers={"List-Unsubscribe": "<x>"})
    kept = recording.request(mail)
    assert kept.startswith("To: ada@example.com\nSubject: Hi\nList-Unsubscribe: <x>\n\nHello")
    assert "\0" not in kept
