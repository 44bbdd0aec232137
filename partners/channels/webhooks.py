"""How do events reach other systems? As Standard Webhooks, so that receivers check them with a library of theirs.

https://www.standardwebhooks.com: the id, the instant and the body are signed together, once with each secret that is
valid at the time, so that a secret can be changed without losing an event. Each endpoint has secrets of its own.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode

from loyalty_site.lib.shown import secrets_of
from partners.channels.base import Ability, Answer, Channel, GiveUp, Notice, Outcome, Request, TryAgain, by_status

#: Seconds for which a receiver is waited for (C25-R2).
TOTAL_S = 10.0
#: The receiver has read it and refuses what it says: it would refuse the same bytes again.
_REFUSES_THIS = {400, 413, 415, 422}


class Webhooks(Channel):
    """Events as they are, to the endpoints of a partner."""

    label = "Webhooks"
    icon = "webhook"
    can = frozenset({Ability.EVENT})
    steps = (
        "Let the receiving system tell you an address that begins with https:// and takes POST requests.",
        "Add a webhook endpoint of this connection with this address (in the side bar, under Partners), and choose "
        "the events of which it is to hear.",
        "Copy the signing secret (whsec_…) into the receiving system. It checks each event with it, by a library of "
        "Standard Webhooks (standardwebhooks.com).",
        "Send a test event from the page of the endpoint, and see that the receiver answers with a status from 200 "
        "to 299.",
    )

    def event(self, notice: Notice) -> Request:
        return Request(
            "POST",
            notice.url,
            headers={
                "Content-Type": "application/json",
                "webhook-id": notice.key,
                "webhook-timestamp": str(notice.at),
                "webhook-signature": " ".join(signature(secret, notice) for secret in notice.secrets),
            },
            content=notice.body,
            # Power Automate and others let in whoever knows what stands behind the question mark.
            secrets=(*notice.secrets, *secrets_of(notice.url)),
            has_key=True,
            total_s=TOTAL_S,
        )

    def read(self, answer: Answer) -> Outcome:
        outcome = by_status(answer)
        if isinstance(outcome, TryAgain) or 200 <= answer.status < 400:
            return outcome
        if answer.status == 410:
            return GiveUp("HTTP 410: the receiver wants no more of it.", is_gone=True)
        if answer.status in _REFUSES_THIS:
            return GiveUp(f"HTTP {answer.status}: the receiver refuses what it says.")
        # Somebody is changing the receiver, or its login: the event waits for them.
        return TryAgain(f"HTTP {answer.status}")


def signature(secret: str, notice: Notice) -> str:
    """The signature of a notice with one secret, `whsec_` and 24 to 64 bytes in base64."""
    key = b64decode(secret.removeprefix("whsec_"))
    signed = f"{notice.key}.{notice.at}.".encode() + notice.body
    return f"v1,{b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"
