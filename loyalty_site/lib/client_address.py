"""From which address does a request come? One that only our own machines can have written.

Anybody may send X-Forwarded-For. Each proxy adds at its end the address that it saw, so of `PROXIES` proxies of ours
the outermost one wrote the entry that many places from the right; what stands left of it is the client's own word.
"""

from ipaddress import IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

#: Of an address of IPv6, one customer has all that begin alike up to here.
_SAME_CUSTOMER = 64
#: A request that came through no network, such as one over a socket of this machine.
NOWHERE = "::"


def client_address(request: HttpRequest) -> str:
    """The address of who is asking; of IPv6 that of the network, because whoever has one has all of it."""
    peer = _read(request.META.get("REMOTE_ADDR", "")) or NOWHERE
    if not settings.PROXIES:
        return peer
    told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    # With fewer entries than proxies it came past one of them: then only who speaks to us is certain.
    return (_read(told[-settings.PROXIES]) if len(told) >= settings.PROXIES else "") or peer


def _read(text: str) -> str:
    """The address that `text` is, with or without a port; "" for none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return ""
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), _SAME_CUSTOMER), strict=False).network_address)
