"""How does an SMS reach a member? Through Twilio, which takes it with 201 and brings it later.

Twilio takes no key by which it would know a message again, so that one of which nobody knows is never sent twice.
"""

import re
from urllib.parse import quote

from django import forms
from django.core.exceptions import ValidationError

from loyalty_site.lib.json_types import JsonObject
from partners.channels.base import (
    Ability,
    Answer,
    Channel,
    GiveUp,
    Message,
    NoAddress,
    Outcome,
    Person,
    Refused,
    Request,
    Sent,
    TryAgain,
    by_status,
    checked_address,
    said,
    word,
)

API = "https://api.twilio.com"
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")

#: The person has answered STOP: https://www.twilio.com/docs/api/errors/21610
_OPTED_OUT = 21610
#: Too many at once, or the queue of the sender is full.
_LATER = {20429, 14107, 21611, 30001}
#: Nothing that this connection sends would get through: the account, or the number or service it sends from.
_OURS = {20003, 20005, 20006, 20008, 20404, 21212, 21603, 21606, 21659, 21660, 21701, 21703, 21704}


class Twilio(Channel):
    """SMS to members."""

    label = "Twilio SMS"
    icon = "sms"
    can = frozenset({Ability.MESSAGE})
    consent = "sms"
    #: Twilio refuses more (21617); the parts of a long message are paid for one by one.
    longest = 1600
    steps = (
        "Sign in at console.twilio.com. The Account SID and the Auth Token stand on its first page (Account Info).",
        "Buy a number that can send SMS (Phone Numbers), or make a Messaging Service (Messaging, Services) and give "
        "it your numbers.",
        "Paste the Account SID and the Auth Token below, and either the number, as +14155550100, or the SID of the "
        "Messaging Service (MG…).",
        "Messaging, Settings, Geo permissions: switch on the countries in which your members live.",
        "Save, then press “Test the connection”: it asks Twilio for your account and sends nothing.",
    )

    sent_to = "api"

    class Credentials(forms.Form):
        sid = forms.CharField(label="Account SID", max_length=34, help_text="AC and 32 digits and letters a to f.")
        token = forms.CharField(label="Auth Token", max_length=64, widget=forms.PasswordInput)
        sender = forms.CharField(
            label="Number or name to send from",
            max_length=16,
            required=False,
            help_text="As +14155550100. Where a country allows it, a name of up to 11 letters and digits.",
        )
        service = forms.CharField(
            label="Messaging Service SID",
            max_length=34,
            required=False,
            help_text="MG… It chooses the number itself.",
        )
        api = forms.CharField(
            label="Address of the API", max_length=200, required=False, initial=API, help_text="Leave it as it is."
        )

        def clean_sid(self) -> str:
            return _matching(
                _ACCOUNT, self.cleaned_data["sid"], "An Account SID is AC and 32 digits or letters a to f."
            )

        def clean_sender(self) -> str:
            return _matching(
                _SENDER,
                self.cleaned_data["sender"],
                "Write the number as +14155550100, or a name of up to 11 letters.",
            )

        def clean_service(self) -> str:
            return _matching(
                _SERVICE,
                self.cleaned_data["service"],
                "The SID of a Messaging Service is MG and 32 digits or letters.",
            )

        def clean_api(self) -> str:
            return checked_address(self.cleaned_data["api"].rstrip("/") or API, API)

        def clean(self) -> None:
            found = self.cleaned_data
            if {"sender", "service"} <= found.keys() and bool(found["sender"]) == bool(found["service"]):
                self.add_error("sender", "Fill in either the number to send from, or the Messaging Service.")

    def address(self, person: Person) -> str:
        phone = re.sub(r"[\s().-]", "", person.phone)
        if not phone:
            raise NoAddress("There is no phone number.")
        if not E164.fullmatch(phone):
            raise NoAddress("The phone number is not an international one, such as +33612345678.")
        return phone

    def message(self, message: Message) -> Request:
        service = self.credentials.get("service", "")
        sender = {"MessagingServiceSid": service} if service else {"From": self.credentials.get("sender", "")}
        form = {"To": message.to, **sender, "Body": self.shortened(message.text)}
        return self._request("POST", "/Messages.json", form)

    def probe(self) -> Request:
        return self._request("GET", ".json", None)

    def _request(self, method: str, path: str, form: dict[str, str] | None) -> Request:
        sid, token = self.credentials.get("sid", ""), self.credentials.get("token", "")
        return Request(
            method,
            f"{self.credentials.get('api') or API}/2010-04-01/Accounts/{quote(sid, safe='')}{path}",
            headers={"Accept": "application/json"},
            form=form,
            basic=(sid, token),
            secrets=(token,),
        )

    def read(self, answer: Answer) -> Outcome:
        found = said(answer)
        if 200 <= answer.status < 300:
            if word(found, "status") in ("failed", "undelivered"):
                return GiveUp(_reason(answer, "error_code", "error_message"))
            return Sent(word(found, "sid"))
        code = _code(found)
        reason = _reason(answer, "code", "message")
        usual = by_status(answer)
        if code == _OPTED_OUT:
            return GiveUp("The member has answered STOP to our messages (Twilio 21610).", ends_consent=True)
        if isinstance(usual, TryAgain) or code in _LATER:
            return TryAgain(reason, usual.after_s if isinstance(usual, TryAgain) else None)
        if code in _OURS or (isinstance(usual, Refused) and (answer.status == 401 or not code)):
            return Refused(reason)
        # A refusal without a code is none of the API of messages: a redirect, a wrong address.
        return GiveUp(reason) if code else usual

    def read_probe(self, answer: Answer) -> Outcome:
        found = said(answer)
        state = word(found, "status")
        if answer.status == 200 and state and state != "active":
            return Refused(f"The account at Twilio is {state}.")
        outcome = self.read(answer)
        return Sent(word(found, "friendly_name")) if isinstance(outcome, Sent) else outcome


def _code(found: JsonObject) -> int:
    """The number of an error, 0 where there is none."""
    code = found.get("code")
    return code if isinstance(code, int) else 0


def _reason(answer: Answer, code: str, text: str) -> str:
    """What Twilio says of an error, in one line."""
    found = said(answer)
    number, words = word(found, code), word(found, text)
    return f"Twilio {number}: {words}" if number or words else f"HTTP {answer.status}"


def _matching(shape: re.Pattern[str], text: str, why: str) -> str:
    if text and not shape.fullmatch(text):
        raise ValidationError(why)
    return text
