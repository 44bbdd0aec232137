"""Where does a member say that they want no more messages? At an address that is signed, and ends never."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

#: Signed by SECRET_KEY; links of an older one still work while it is among SECRET_KEY_FALLBACKS.
_SALT = "members.messages.addresses"


def unsubscribe_url(member_id: int, channel: str) -> str:
    """The public address where the member unsubscribes from a channel of consent; "" where none is needed.

    It says who is meant by a key only, and is made with the setting PUBLIC_URL, never with a header.
    """
    if not channel:
        return ""
    token = _signer().sign(f"{member_id}-{channel}")
    return settings.PUBLIC_URL + reverse("unsubscribe", args=[token])


def read(token: str) -> tuple[int, str] | None:
    """(key of the member, channel) of an address that we made; None for another."""
    try:
        member, _, channel = _signer().unsign(token).partition("-")
    except BadSignature:
        return None
    return int(member), channel


def _signer() -> Signer:
    return Signer(salt=_SALT, sep=".")
