"""Which kinds of earning rules are there? The files of this folder."""

import sys

from loyalty_site.lib.registry import load
from programs.rules.base import Kind

registry = load(sys.modules[__name__], Kind)


def choices():
    """(slug, label) of every kind, for forms."""
    return [(slug, kind.label) for slug, kind in registry.items()]
