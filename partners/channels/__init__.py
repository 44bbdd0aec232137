"""Through which channels do messages leave? The files of this folder."""

import sys

from loyalty_site.lib.registry import load
from partners.channels.base import Channel

registry = load(sys.modules[__name__], Channel)
for _slug, _channel in registry.items():
    _channel.slug = _slug


def choices() -> list[tuple[str, str]]:
    """(slug, label) of every channel, for forms."""
    return [(slug, channel.label) for slug, channel in registry.items()]
