"""Mails hold nothing in their headers but headers, and what a mail server says is taken for what it means."""

import smtplib
import socket
import threading
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy

import pytest
from django.core.mail import get_connection

from loyalty_site.lib.http import MayHaveArrived, NothingSent
from loyalty_site.lib.mail import Mail, knock, made, named, one_line
from partners.channels.base import GiveUp, MailServer, Message, NoAddress, Person, Refused, TryAgain, Unknown
from partners.channels.email import Email

CREDENTIALS = {"sender": "club@shop.example", "name": "Club", "reply_to": "help@shop.example"}
BREAKS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00"]


def parsed(mail):
    return message_from_bytes(made(mail).message().as_bytes(), policy=policy.default)


@pytest.mark.parametrize("end", BREAKS)
def test_a_line_break_begins_no_header(end):
    evil = f"Ada{end}Bcc: everybody@example.com{end}{end}<b>"
    channel = Email(CREDENTIALS | {"name": evil})
    to = channel.address(Person(name=evil, email="ada@example.com"))
    mail = parsed(channel.message(Message("k", to, "text", evil, headers={"X-Name": evil})))
    assert mail["Bcc"] is None
    assert {"From", "To", "Subject", "X-Name"} < {*mail.keys()}
    assert [one.addr_spec for one in mail["To"].addresses] == ["ada@example.com"]
    assert [one.addr_spec for one in mail["From"].addresses] == ["club@shop.example"]
    assert mail["Subject"] == "Ada Bcc: everybody@example.com <b>"


@pytest.mark.parametrize(
    "name",
    ["Ada Lovelace", "Lovelace, Ada", 'Ada "the" B', "a\\", "Zoë", "名前, 様", "<x@y.z>", "a@b.c", "x; y:", "(c)"],
)
def test_a_name_stays_a_name(name):
    mail = parsed(Mail(named(name, "ada@example.com"), "s", "t", sender=named(name, "club@shop.example")))
    for header in ("To", "From"):
        assert [(one.display_name, one.addr_spec) for one in mail[header].addresses] == [
            (name, "ada@example.com" if header == "To" else "club@shop.example")
        ]


def test_without_credentials_it_is_sent_as_the_installation(settings):
    settings.DEFAULT_FROM_EMAIL = "loyalty@shop.example"
    mail = parsed(Email({}).message(Message("k", "ada@example.com", "text", "s")))
    assert mail["From"] == "loyalty@shop.example"
    assert mail["Reply-To"] is None


@pytest.mark.parametrize("email", ["", "ada", "ada@", "ada@x\n.example", "a@b.c, d@e.f", "Ada <ada@example.com>"])
def test_who_has_no_address_is_told_apart(email):
    with pytest.raises(NoAddress, match="e-mail address"):
        Email({}).address(Person(name="Ada", email=email))


def test_a_very_long_mail_is_cut():
    mail = Email({}).message(Message("k", "ada@example.com", "x" * 1_000_000, "Words " * 200))
    assert len(mail.text) == 100_000
    assert len(parsed(mail)["Subject"]) == len(("Words " * 200)[:250].rstrip())


def test_one_line():
    assert one_line(" a\r\n\tb\x00c ") == "a b c"


REFUSED = {"ada@example.com": (550, b"no such user")}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (smtplib.SMTPRecipientsRefused(REFUSED), GiveUp("The mail server refuses the address (550).")),
        (
            smtplib.SMTPRecipientsRefused({"a@b.c": (451, b"greylisted")}),
            TryAgain("The mail server refuses the address for now (451)."),
        ),
        (smtplib.SMTPSenderRefused(553, b"", "x"), Refused("The mail server refuses the sender (553).")),
        (smtplib.SMTPSenderRefused(452, b"", "x"), TryAgain("The mail server refuses the sender for now (452).")),
        (smtplib.SMTPSenderRefused(552, b"", "x"), GiveUp("The mail server refuses the mail (552).")),
        (smtplib.SMTPAuthenticationError(535, b""), Refused("The mail server refuses our login (535).")),
        (smtplib.SMTPAuthenticationError(454, b""), TryAgain("The mail server refuses our login for now (454).")),
        (smtplib.SMTPDataError(554, b"spam"), GiveUp("The mail server refuses the mail (554).")),
        (smtplib.SMTPDataError(421, b""), TryAgain("The mail server refuses the mail for now (421).")),
        (
            smtplib.SMTPNotSupportedError("STARTTLS"),
            Refused("The mail server cannot do what the settings ask of it: encryption, or a login."),
        ),
        (smtplib.SMTPServerDisconnected(), Unknown("The mail server broke off before it had taken the mail.")),
        (TimeoutError(), Unknown("The mail server broke off before it had taken the mail.")),
        (NothingSent("Away."), TryAgain("Away.")),
        (MayHaveArrived("Late."), Unknown("Late.")),
        (
            UnicodeEncodeError("ascii", "é", 0, 1, "x"),
            GiveUp("The mail cannot be written: its address or a header holds what none may hold."),
        ),
    ],
)
def test_what_an_error_means(error, outcome):
    assert Email({}).failed(error, has_key=False) == outcome


class AnymailRecipientsRefused(Exception):
    """As Anymail calls it."""


class AnymailRequestsAPIError(Exception):
    """As Anymail raises it for an answer of a provider; without an answer it has no status."""

    def __init__(self, status):
        self.status_code = status


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (AnymailRecipientsRefused(), GiveUp),
        (AnymailRequestsAPIError(401), Refused),
        (AnymailRequestsAPIError(429), TryAgain),
        (AnymailRequestsAPIError(503), TryAgain),
        (AnymailRequestsAPIError(400), GiveUp),
        (AnymailRequestsAPIError(None), Unknown),
    ],
)
def test_what_an_error_of_anymail_means(error, outcome):
    assert isinstance(Email({}).failed(error, has_key=False), outcome)


@contextmanager
def mail_server(*replies):
    """Says `replies` one after the other, the first before it was asked."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            for reply in replies:
                connection.sendall(reply + b"\r\n")
                lines.readline()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    thread.join(5)
    listener.close()


@pytest.fixture
def smtp(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 1
    return settings


@pytest.mark.each_database
def test_the_probe_signs_in_and_sends_nothing(smtp):
    smtp.EMAIL_HOST_USER, smtp.EMAIL_HOST_PASSWORD = "club", "secret"
    assert Email({}).probe() == MailServer()
    replies = [b"220 hi", b"250-hi\r\n250 AUTH PLAIN", b"235 in", b"221 bye"]
    with mail_server(*replies) as smtp.EMAIL_PORT:
        knock()
    replies[2:3] = [b"535 no"] * 2
    with mail_server(*replies) as smtp.EMAIL_PORT, pytest.raises(smtplib.SMTPAuthenticationError):
        knock()


@pytest.mark.each_database
def test_a_server_that_is_away_took_nothing(smtp):
    with mail_server(b"220 hi", b"221 bye") as port:
        smtp.EMAIL_PORT = port
        with socket.create_connection(("127.0.0.1", port)):
            pass
    with pytest.raises(NothingSent, match="The mail server could not be reached"):
        knock()


def test_production_without_a_mail_server_says_so(settings):
    settings.EMAIL_BACKEND = "loyalty_site.lib.mail.NoServer"
    for send in (knock, lambda: get_connection().send_messages([made(Mail("a@b.example", "s", "t"))])):
        with pytest.raises(NothingSent, match="sets one as EMAIL_URL"):
            send()


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        (CREDENTIALS, "", ""),
        ({}, "", ""),
        ({"sender": "club"}, "sender", "valid email"),
        ({"sender": "a@b.example\nBcc: c@d.example"}, "sender", "valid email"),
        ({"reply_to": "x"}, "reply_to", "valid email"),
        ({"name": "Club"}, "sender", "A name needs an address"),
    ],
)
def test_its_form_says_what_is_wrong_beside_the_field(given, field, sentence):
    form = Email.Credentials(given)
    assert form.is_valid() == (not field)
    assert {*form.errors} == ({field} if field else set())
    assert sentence in "".join(form.errors.get(field, [""]))
