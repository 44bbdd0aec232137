"""Which segments, and which other rules, does a rule name?"""

from collections.abc import Mapping

from loyalty_site.lib.json_types import ExactJson
from programs import rules
from programs.rules.base import SEGMENTS
from programs.rules.conditions import reading
from programs.rules.conditions.others import OnlyIf


def segments(kind: str, params: Mapping[str, ExactJson], conditions: ExactJson) -> frozenset[str]:
    """The codes of the segments that conditions or rates of a rule are about."""
    made = rules.made(kind, params)
    rates = made.asks.get(SEGMENTS, frozenset()) if made else frozenset()
    return _listed(conditions, SEGMENTS) | rates


def waits_for(conditions: ExactJson) -> frozenset[str]:
    """The codes of the rules without which a rule gives nothing, or with which it gives none."""
    return _listed(conditions, OnlyIf.key)


def _listed(conditions: ExactJson, key: str) -> frozenset[str]:
    """The texts that conditions of one key list, wherever they stand."""
    found = [one.value for one in reading.written(conditions) if one.key == key and isinstance(one.value, list)]
    return frozenset(text for values in found for text in values if isinstance(text, str))
