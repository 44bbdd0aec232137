"""How does an e-mail reach somebody? Through the mail server of the settings, in the name of this connection."""

import smtplib

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from loyalty_site.lib.http import Answer, NothingSent
from loyalty_site.lib.mail import Mail, named, one_line
from partners.channels.base import (
    Ability,
    Channel,
    GiveUp,
    MailServer,
    Message,
    NoAddress,
    Outcome,
    Person,
    Refused,
    TryAgain,
    Unknown,
    by_status,
)

#: Longer than any mail that somebody reads; what follows is cut.
LONGEST = 100_000
#: The mail is larger than the server takes, which says so of its sender (RFC 1870).
_TOO_LARGE = 552


class Email(Channel):
    """E-mail to members and to staff."""

    label = "E-mail"
    icon = "mail"
    can = frozenset({Ability.MESSAGE, Ability.NOTE})
    consent = "email"
    longest = LONGEST
    steps = (
        "Ask your administrator whether a mail server is set up (EMAIL_URL, see docs/channels.md). Until then mails "
        "are only written to the screen of the worker.",
        "Choose an address of your own domain to write from. Let whoever keeps the domain allow the mail server to "
        "send for it: the records SPF, DKIM and DMARC. Without them most mails end as spam.",
        "Fill in this address and the name by which members know you. Answers go to “Reply to”, or to the sender.",
        "Save, then press “Test the connection”: it signs in at the mail server and sends nothing.",
    )

    class Credentials(forms.Form):
        sender = forms.EmailField(
            label="From", required=False, help_text="Empty: the address of the installation (DEFAULT_FROM_EMAIL)."
        )
        name = forms.CharField(label="Name of the sender", max_length=80, required=False)
        reply_to = forms.EmailField(label="Reply to", required=False)

        def clean_name(self) -> str:
            return one_line(self.cleaned_data["name"])

        def clean(self) -> None:
            if self.cleaned_data.get("name") and self.cleaned_data.get("sender") == "":
                self.add_error("sender", "A name needs an address: fill in who the mails are from.")

    def address(self, person: Person) -> str:
        if not person.email:
            raise NoAddress("There is no e-mail address.")
        try:
            validate_email(person.email)
        except ValidationError:
            raise NoAddress("The e-mail address is none.") from None
        return named(person.name, person.email)

    def message(self, message: Message) -> Mail:
        sender = self.credentials.get("sender", "")
        return Mail(
            to=message.to,
            subject=one_line(message.subject),
            text=self.shortened(message.text),
            html=message.html,
            sender=named(self.credentials.get("name", ""), sender) if sender else "",
            reply_to=self.credentials.get("reply_to", ""),
            headers={name: one_line(value) for name, value in message.headers.items()},
        )

    def probe(self) -> MailServer:
        return MailServer()

    def failed(self, error: Exception, *, has_key: bool) -> Outcome:
        """What an error of Django's SMTP backend, or of Anymail's, means."""
        if isinstance(error, NothingSent):
            return TryAgain(str(error))
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            codes = [code for code, _ in error.recipients.values()]
            return _by_code(max(codes, default=500), "The mail server refuses the address")
        if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code != _TOO_LARGE:
            return _of_ours(error, "The mail server refuses the sender")
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return _of_ours(error, "The mail server refuses our login")
        if isinstance(error, smtplib.SMTPResponseException):
            return _by_code(error.smtp_code, "The mail server refuses the mail")
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return Refused("The mail server cannot do what the settings ask of it: encryption, or a login.")
        return self._failed_otherwise(error, has_key=has_key)

    def _failed_otherwise(self, error: Exception, *, has_key: bool) -> Outcome:
        if isinstance(error, smtplib.SMTPServerDisconnected | TimeoutError):
            return Unknown("The mail server broke off before it had taken the mail.")
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            return by_status(Answer(status))
        if type(error).__name__ == "AnymailRecipientsRefused":
            return GiveUp("The provider refuses the address.")
        if isinstance(error, ValueError):
            # What a header cannot hold; nothing has left.
            return GiveUp("The mail cannot be written: its address or a header holds what none may hold.")
        return super().failed(error, has_key=has_key)


def _by_code(code: int, what: str) -> Outcome:
    """4xx is for now, 5xx for good (RFC 5321, 4.2.1)."""
    return GiveUp(f"{what} ({code}).") if code >= 500 else TryAgain(f"{what} for now ({code}).")


def _of_ours(error: smtplib.SMTPResponseException, what: str) -> Outcome:
    code = error.smtp_code
    return Refused(f"{what} ({code}).") if code >= 500 else TryAgain(f"{what} for now ({code}).")
