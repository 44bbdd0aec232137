"""Which segments of a document hold nobody, and which tiers follow such a one? Warnings."""

from collections.abc import Iterator

from programs.checks import Problem
from programs.document.format import Document
from programs.segments import trees

#: The condition that asks for the score, and the columns of its weights.
_SCORE, _WEIGHTS = "activity_score", ("score_recency", "score_frequency", "score_spend")


def segments(document: Document) -> Iterator[Problem]:
    """Of a filled, valid document."""
    has_score = any(document["program"].get(name) for name in _WEIGHTS)
    for place, spec in enumerate(document["segments"]):
        if not has_score and _SCORE in trees.keys(spec["conditions"]):
            words = f"“{_SCORE}” holds nobody: the program gives no score, as it has no weight of it"
            yield Problem(f"segments[{place}].conditions", words)
    off = {spec["code"] for spec in document["segments"] if not spec["is_active"]}
    for place, group in enumerate(document["tier_groups"]):
        for step, tier in enumerate(group["tiers"]):
            if tier["segment"] in off:
                words = f"the segment “{tier['segment']}” is switched off, so it gives the tier to nobody"
                yield Problem(f"tier_groups[{place}].tiers[{step}].segment", words)
