"""Which kinds of earning rules are there? The files of this folder."""

import sys

from loyalty_site.lib.registry import load
from programs.compiled_rules import DISCOUNT
from programs.rules.base import Kind

registry = load(sys.modules[__name__], Kind)
for _slug, _kind in registry.items():
    _kind.slug = _slug


def takes_off(slug: str) -> bool:
    """Whether rules of this kind take money off, instead of giving points."""
    return slug in registry and registry[slug].phase == DISCOUNT


def choices() -> list[tuple[str, str]]:
    """(slug, label) of every kind, for forms."""
    return [(slug, kind.label) for slug, kind in registry.items()]
