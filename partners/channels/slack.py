"""How does a note reach staff in Slack? By an incoming webhook into one channel, or as a bot to channels and people.

Slack answers 200 to much that it did not do: the body says whether it did. Everything written is escaped, so that no
name of a member can call a whole channel.
"""

import re
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError

from loyalty_site.lib.json_types import Json
from loyalty_site.lib.retrying import retry_after
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
    Unknown,
    by_status,
    checked_address,
    said,
    word,
)

API = "https://slack.com/api"
HOOKS = "https://hooks.slack.com/"
#: Whom a webhook writes to: Slack knows, we do not.
THE_CHANNEL = "the channel of the webhook"
_PERSON = re.compile(r"[UW][A-Z0-9]{5,20}")
_CHANNEL = re.compile(r"[CGDUW][A-Z0-9]{5,20}|#?[^\s#@<>&]{1,80}")

#: https://docs.slack.dev/reference/methods/chat.postMessage: what Slack says when it will be able to later.
_LATER = {"ratelimited", "rate_limited", "service_unavailable", "request_timeout", "message_limit_exceeded"}
#: It may have done some of it, as its own words about these errors say.
_UNCLEAR = {"internal_error", "fatal_error"}
#: This one message; anything else that Slack refuses concerns the connection.
_THIS_ONE = {
    "as_user_not_supported",
    "cannot_reply_to_message",
    "channel_not_found",
    "invalid_blocks",
    "invalid_payload",
    "is_archived",
    "msg_blocked_by_dlp",
    "msg_too_long",
    "no_text",
    "not_in_channel",
    "restricted_action",
    "user_not_found",
    "user_not_visible",
}


class Slack(Channel):
    """Notes to staff."""

    label = "Slack"
    icon = "tag"
    can = frozenset({Ability.NOTE})
    per_second = 1.0
    #: Slack cuts at 40,000; what is longer than a screen is read by nobody.
    longest = 4000
    steps = (
        "Open api.slack.com/apps, “Create New App”, “From scratch”, and choose your workspace.",
        "For one channel: “Incoming Webhooks”, switch them on, “Add New Webhook”, choose the channel, and paste its "
        "address (https://hooks.slack.com/services/…) below.",
        "For people and several channels, instead: “OAuth & Permissions”, add the scope chat:write under Bot Token "
        "Scopes, “Install to Workspace”, and paste the Bot User OAuth Token (xoxb-…) below.",
        "Invite the app to the channel into which it is to write: type /invite and its name there.",
        "Save, then press “Test the connection”: a bot says who it is, a webhook writes a line into its channel.",
    )

    only_for = {
        "url": ("way", "webhook"),
        "token": ("way", "bot"),
        "channel": ("way", "bot"),
        "api": ("way", "bot"),
    }

    sent_to = "api"

    class Credentials(forms.Form):
        way = forms.ChoiceField(
            label="How",
            choices=[("webhook", "An incoming webhook: one channel"), ("bot", "A bot token: channels and people")],
            initial="webhook",
        )
        url = forms.CharField(
            label="Address of the webhook",
            max_length=300,
            required=False,
            widget=forms.PasswordInput,
            help_text="https://hooks.slack.com/services/…",
        )
        token = forms.CharField(
            label="Bot token", max_length=200, required=False, widget=forms.PasswordInput, help_text="xoxb-…"
        )
        channel = forms.CharField(
            label="Channel of the bot",
            max_length=80,
            required=False,
            help_text="Its ID (C…), at the end of the channel's details. For notes to nobody in particular.",
        )
        api = forms.CharField(
            label="Address of the API", max_length=200, required=False, initial=API, help_text="Leave it as it is."
        )

        def clean_url(self) -> str:
            return checked_address(self.cleaned_data["url"], HOOKS)

        def clean_api(self) -> str:
            return checked_address(self.cleaned_data["api"].rstrip("/") or API, API)

        def clean_token(self) -> str:
            token: str = self.cleaned_data["token"]
            if token and not re.fullmatch(r"xox[a-z]-[A-Za-z0-9-]+", token):
                raise ValidationError("A bot token begins with xoxb- and has no blanks.")
            return token

        def clean_channel(self) -> str:
            channel: str = self.cleaned_data["channel"]
            if channel and not _CHANNEL.fullmatch(channel):
                raise ValidationError("Write the ID of one channel, such as C0123456789.")
            return channel

        def clean(self) -> None:
            found = self.cleaned_data
            needed = {"webhook": "url", "bot": "token"}.get(found.get("way", ""))
            if needed and found.get(needed) == "":
                self.add_error(needed, "Paste it from Slack.")
            for field, (_, way) in Slack.only_for.items():
                if field in found and way != found.get("way"):
                    found[field] = ""

    @property
    def _is_bot(self) -> bool:
        return self.credentials.get("way") == "bot"

    def address(self, person: Person) -> str:
        if not self._is_bot:
            return THE_CHANNEL
        if person.slack and not _PERSON.fullmatch(person.slack):
            raise NoAddress("The member ID in Slack is none: it begins with U or W, as U0123456789.")
        to = person.slack or self.credentials.get("channel", "")
        if not to:
            raise NoAddress("There is no member ID in Slack, and the connection has no channel.")
        return to

    def message(self, message: Message) -> Request:
        title = f"*{escaped(message.subject)}*\n" if message.subject else ""
        body: dict[str, Json] = {
            "text": title + escaped(self.shortened(message.text)),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if self._is_bot:
            return self._call("chat.postMessage", {"channel": message.to, **body})
        url = self.credentials.get("url", "")
        return Request(
            "POST", url, headers=_JSON, json=body, secrets=(urlsplit(url).path.removeprefix("/services/"),)
        )

    def probe(self) -> Request | None:
        return self._call("auth.test", {}) if self._is_bot else None

    def _call(self, method: str, body: Json) -> Request:
        token = self.credentials.get("token", "")
        headers = {**_JSON, "Authorization": f"Bearer {token}"}
        url = f"{self.credentials.get('api') or API}/{method}"
        return Request("POST", url, headers=headers, json=body, secrets=(token,))

    def read(self, answer: Answer) -> Outcome:
        if not self._is_bot:
            return _read_webhook(answer)
        found = said(answer)
        if found.get("ok") is True:
            return Sent(word(found, "ts"))
        if answer.status != 200:
            return by_status(answer)
        return _read_error(answer, word(found, "error"))

    def read_probe(self, answer: Answer) -> Outcome:
        outcome = self.read(answer)
        found = said(answer)
        return Sent(f"{word(found, 'user')} in {word(found, 'team')}") if isinstance(outcome, Sent) else outcome


_JSON = {"Content-Type": "application/json;charset=utf-8"}


def escaped(text: str) -> str:
    """`text` as Slack shows it word for word: what stands between < and > would be a command."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _read_webhook(answer: Answer) -> Outcome:
    if answer.status == 200:
        taken = answer.body.strip() == b"ok"
        return Sent() if taken else Unknown("Slack answered 200, but not “ok”.")
    why = answer.body[:100].decode("utf-8", errors="replace").strip().replace("\x00", "")
    reason = f"Slack: {why} (HTTP {answer.status})" if why.isascii() and why.replace("_", "").isalnum() else ""
    if answer.status in (403, 404, 410):
        # The webhook, its channel or its team is gone: nothing that we send there arrives any more.
        return Refused(reason or f"The webhook is refused (HTTP {answer.status}).")
    outcome = by_status(answer)
    return GiveUp(reason) if reason and isinstance(outcome, GiveUp) else outcome


def _read_error(answer: Answer, error: str) -> Outcome:
    reason = f"Slack: {error}"
    if not error:
        return Unknown("Slack answered 200 with something that cannot be read.")
    if error in _LATER:
        return TryAgain(reason, retry_after(answer.headers))
    if error in _UNCLEAR:
        return Unknown(reason)
    return GiveUp(reason) if error in _THIS_ONE else Refused(reason)
