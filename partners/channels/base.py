"""What is a channel? The values it takes and gives, and the interface it fills.

A channel is pure: it builds requests and reads answers. One transport sends (members/outbox), so that each channel is
tested without a server, and time-outs, limits and refusals are the same for all.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, TypeAlias

from django import forms
from django.core.exceptions import ValidationError

from loyalty_site.lib.http import AddressRefused, MayHaveArrived, NothingSent, check_address
from loyalty_site.lib.http import Answer as Answer
from loyalty_site.lib.http import Request as Request
from loyalty_site.lib.json_types import Json, JsonObject
from loyalty_site.lib.mail import Mail as Mail
from loyalty_site.lib.retrying import retry_after


class Ability(StrEnum):
    """What a channel can do."""

    #: Bring a message to a member.
    MESSAGE = "message"
    #: Bring a note to members of staff.
    NOTE = "note"
    #: Bring an event, as it is, to another system.
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Message:
    """Words for one person. `key` is the same whenever the same message is sent again.

    `to` is an address as the channel's `address` gave it; `headers` are those of a mail, like List-Unsubscribe.
    """

    key: str
    to: str
    text: str
    subject: str = ""
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """An event as it is sent to a webhook: `body` are the very bytes, `at` the instant in seconds since 1970.

    `secrets` sign it, the newest first.
    """

    key: str
    url: str
    body: bytes
    at: int
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """What a channel may need to know of whom it writes to: an empty text is "not known"."""

    name: str = ""
    email: str = ""
    phone: str = ""
    slack: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """It was taken; `id` is what the platform calls it."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not now; `after_s` is how many seconds the platform asks us to wait, None where it does not say."""

    reason: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Never. `ends_consent`: the person has told the platform that they want no more of it. `is_gone`: the receiver
    wants nothing at all any more (410). `is_elsewhere`: it is at another address (3xx), and takes nothing at this."""

    reason: str
    ends_consent: bool = False
    is_gone: bool = False
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Our credentials do not work: nothing goes through this connection until somebody looks at it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have arrived, or not."""

    reason: str


Outcome: TypeAlias = Sent | TryAgain | GiveUp | Refused | Unknown


@dataclass(frozen=True, slots=True)
class MailServer:
    """A probe that is no request: whether the mail server of the settings takes us."""


class NoAddress(Exception):
    """The person cannot be reached through this channel; the text says why."""


class Channel:
    """A way out. Subclasses are found by their file; `slug` is its name.

    `steps` tells staff, one after the other, what to do at the platform and what to paste where. `consent` is the
    channel of members' consents that it needs, "" for none. `per_second` is how many requests the platform takes,
    `longest` how many characters of text: what is longer is cut. `only_for` says of fields of the credentials under
    which value of another one they count: {field: (other, value)}. `sent_to` is the field that says to which address
    the secrets among them go, "" where it is always the same.
    """

    slug: ClassVar[str] = ""
    label: ClassVar[str]
    icon: ClassVar[str] = "send"
    can: ClassVar[frozenset[Ability]]
    consent: ClassVar[str] = ""
    per_second: ClassVar[float | None] = None
    longest: ClassVar[int | None] = None
    steps: ClassVar[tuple[str, ...]] = ()
    only_for: ClassVar[Mapping[str, tuple[str, str]]] = {}
    sent_to: ClassVar[str] = ""

    class Credentials(forms.Form):
        """What staff paste. What a PasswordInput takes is secret, and is never shown again."""

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self.credentials = credentials

    @classmethod
    def is_for_staff(cls) -> bool:
        """Whether it reaches staff only: what it tells of a member is no message to the member."""
        return Ability.NOTE in cls.can and Ability.MESSAGE not in cls.can

    def address(self, person: Person) -> str:
        """Where to reach `person`. Raises NoAddress."""
        raise NotImplementedError

    def message(self, message: Message) -> Request | Mail:
        """How to bring a message to a member, or a note to staff."""
        raise NotImplementedError

    def event(self, notice: Notice) -> Request:
        """How to bring an event to another system."""
        raise NotImplementedError

    def probe(self) -> Request | MailServer | None:
        """What changes nothing and shows whether the credentials work; None where there is nothing of the kind."""
        return None

    def read(self, answer: Answer) -> Outcome:
        """What an answer to `message` or `event` means."""
        return by_status(answer)

    def read_probe(self, answer: Answer) -> Outcome:
        """What an answer to `probe` means; the `id` of a Sent is whom the platform takes us for."""
        return self.read(answer)

    def failed(self, error: Exception, *, has_key: bool) -> Outcome:
        """What it means that there was no answer; `has_key` is that of the request. Takes every exception."""
        if isinstance(error, NothingSent):
            # An address that may not be asked just now, too: a name has changed its mind, or a setting is missing.
            return TryAgain(str(error))
        reason = str(error) if isinstance(error, MayHaveArrived) else f"It broke off: {type(error).__name__}."
        return TryAgain(reason) if has_key else Unknown(reason)

    def shortened(self, text: str) -> str:
        """`text` in the length that the platform takes."""
        return text if self.longest is None or len(text) <= self.longest else f"{text[: self.longest - 1]}…"


def by_status(answer: Answer) -> Outcome:
    """The usual meaning of a status."""
    status = answer.status
    if 200 <= status < 300:
        return Sent()
    if 300 <= status < 400:
        why = f"HTTP {status}: it sends us on to another address, where we do not follow. Enter that one."
        return GiveUp(why, is_elsewhere=True)
    if status in (401, 403):
        return Refused(f"The credentials are refused (HTTP {status}).")
    if status in (408, 425, 429) or status >= 500:
        return TryAgain(f"HTTP {status}", retry_after(answer.headers))
    return GiveUp(f"HTTP {status}", is_gone=status == 410)


def checked_address(url: str, usual: str) -> str:
    """The address that staff typed for a platform, which may be asked. Raises ValidationError.

    The `usual` one is not looked up, nor, where that ends in "/", what is below it.
    """
    is_usual = url == usual or (usual.endswith("/") and url.startswith(usual))
    if url and not is_usual:
        try:
            check_address(url)
        except AddressRefused as error:
            raise ValidationError(str(error)) from error
    return url


def said(answer: Answer) -> JsonObject:
    """The JSON object of an answer, an empty one where it holds something else."""
    try:
        found: Json = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def word(found: JsonObject, name: str, longest: int = 200) -> str:
    """The text, or number, of that name in an answer, in one line; "" where there is none."""
    value = found.get(name)
    given = value if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return " ".join(str(given).replace("\x00", "").split())[:longest]
