"""Which kinds of earning rules are there? The files of this folder."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.registry import load
from programs.compiled_rules import DISCOUNT
from programs.rules.base import Kind

if TYPE_CHECKING:
    # A document is made of models, whose choices are the kinds of rules.
    from programs.document.format import RuleSpec

registry = load(sys.modules[__name__], Kind)
for _slug, _kind in registry.items():
    _kind.slug = _slug


def made(slug: str, params: Mapping[str, ExactJson]) -> Kind | None:
    """A kind with these parameters, ready to be asked; None where they are not valid, or there is no such kind."""
    kind = registry.get(slug)
    form = kind.Params(data=params) if kind else None
    return kind(form.cleaned_data) if kind and form and form.is_valid() else None


def takes_off(slug: str) -> bool:
    """Whether rules of this kind take money off, instead of giving points."""
    return slug in registry and registry[slug].phase == DISCOUNT


def place(spec: "RuleSpec") -> tuple[str, str]:
    """(currency, group) in which a rule stands against others; discounts are of no currency, and among themselves."""
    return "" if takes_off(spec["kind"]) else spec["currency"], spec["group"]


def choices() -> list[tuple[str, str]]:
    """(slug, label) of every kind, for forms."""
    return [(slug, kind.label) for slug, kind in registry.items()]
