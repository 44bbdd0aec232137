"""Which kinds of deliveries are there? The files of this folder."""

import sys

from loyalty_site.lib.registry import load
from members.outbox.base import Kind

registry: dict[str, Kind] = {kind.name: kind() for kind in load(sys.modules[__name__], Kind).values()}
