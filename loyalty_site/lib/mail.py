"""How does an e-mail leave? Through Django's mail backend, with nothing in its headers but headers."""

import re
import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from loyalty_site.lib.http import NothingSent

#: Ends of lines of every kind, and all else that no header may hold: each would begin something new.
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: What a name may only hold between quotes (RFC 5322, 3.2.3).
_SPECIALS = re.compile(r'[()<>\[\]:;@\\,."]')
#: Characters of a subject that are sent.
LONGEST_SUBJECT = 250


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail, for Django's mail backend. `sender` is as it stands in From, "" for DEFAULT_FROM_EMAIL."""

    to: str
    subject: str
    text: str
    html: str = ""
    sender: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def one_line(text: str) -> str:
    """`text` as a header may hold it: what breaks a line is a blank."""
    return _BREAKS.sub(" ", text).strip()


def named(name: str, address: str) -> str:
    """An address with the name of who is behind it, as From and To have it."""
    name, address = one_line(name), one_line(address)
    if _SPECIALS.search(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>" if name else address


def made(mail: Mail, connection: BaseEmailBackend | None = None) -> EmailMultiAlternatives:
    """The message as Django sends it."""
    message = EmailMultiAlternatives(
        subject=one_line(mail.subject)[:LONGEST_SUBJECT],
        body=mail.text,
        from_email=one_line(mail.sender) or None,
        to=[one_line(mail.to)],
        reply_to=[one_line(mail.reply_to)] if mail.reply_to else None,
        headers={name: one_line(value) for name, value in mail.headers.items()},
        connection=connection,
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    return message


def knock() -> None:
    """See whether the mail server takes us, without sending anything.

    Raises NothingSent when it could not be reached, and smtplib's errors when it refuses us.
    """
    opened().close()


def send(mail: Mail) -> None:
    """Hand one mail to the server, over a connection of its own. Raises as `knock` does, and as the backend does."""
    backend = opened()
    try:
        backend.send_messages([made(mail)])
    finally:
        backend.close()


def opened() -> BaseEmailBackend:
    """A connection to the mail server, which has taken our login. Raises as `knock` does."""
    connection: BaseEmailBackend = get_connection(fail_silently=False)
    try:
        connection.open()
    except (smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError):
        connection.close()
        raise
    except OSError as error:
        connection.close()
        raise NothingSent(f"The mail server could not be reached: {error.strerror or error}.") from error
    return connection


class NoServer(BaseEmailBackend):
    """The backend of a production that was told of no mail server."""

    def open(self) -> bool:
        raise NothingSent("There is no mail server: an administrator sets one as EMAIL_URL.")

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.open()
        return 0
