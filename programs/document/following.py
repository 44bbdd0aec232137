"""How do tiers come to follow the segments of a document? They are stored before these, and name them after."""

from collections.abc import Mapping

from django.db.models import QuerySet

from programs.document.changes import Change, Changes
from programs.document.format import Document
from programs.models import Program, Tier


def let_go(document: Document, program: Program) -> dict[int, str]:
    """Let tiers follow no segment that they do not follow any more, which may go itself.

    Returns {key of the tier: the code of the segment that it followed}.
    """
    wanted, followed = _wanted(document), {}
    for tier in _tiers(program).filter(segment__isnull=False):
        code = _code(tier)
        if wanted.get((tier.group.code, tier.code)) != code:
            followed[tier.pk] = code
            tier.segment = None
            tier.save()
    return followed


def follow(document: Document, program: Program, before: Mapping[int, str], changes: Changes) -> None:
    """Let tiers follow their segments, all of which are stored by now; `before` is what `let_go` returned."""
    segments, wanted = {one.code: one for one in program.segments.all()}, _wanted(document)
    for tier in _tiers(program):
        code, was = wanted[tier.group.code, tier.code], before.get(tier.pk, _code(tier))
        if _code(tier) != code:
            tier.segment = segments[code]
            tier.save()
        if was != code and not changes.has_created("tier", tier.code):
            changes.append(Change("changed", "tier", tier.code, {"segment": (was, code)}))


def _wanted(document: Document) -> dict[tuple[str, str], str]:
    """{(ladder, tier): segment} by their codes."""
    return {
        (group["code"], tier["code"]): tier.get("segment", "")
        for group in document["tier_groups"]
        for tier in group["tiers"]
    }


def _tiers(program: Program) -> QuerySet[Tier]:
    return Tier.objects.filter(group__program=program).select_related("group", "segment").order_by("pk")


def _code(tier: Tier) -> str:
    return tier.segment.code if tier.segment else ""
