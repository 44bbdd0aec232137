"""What may the rules and promotions of a stored program refer to?"""

from collections import defaultdict

from loyalty_site.lib.texts import listed
from programs import existing
from programs.checks import Problem
from programs.models.programs import Program
from programs.models.tiers import Tier
from programs.rules.base import Surroundings


def surroundings(program: Program) -> Surroundings:
    """What the rules of a stored program may refer to."""
    groups = defaultdict[str, set[str]](set)
    for group, tier in Tier.objects.filter(group__program=program).values_list("group__code", "code"):
        groups[group].add(tier)
    partners = program.participations.values_list("partner__code", flat=True)
    return Surroundings(
        partners=frozenset([program.owner.code, *partners]),
        tier_groups={code: frozenset(groups[code]) for code in program.tier_groups.values_list("code", flat=True)},
        segments=frozenset(program.segments.values_list("code", flat=True)),
        sku_lists=frozenset(program.sku_lists.values_list("code", flat=True)),
    )


def unknown_names(program: Program, conditions: existing.Conditions) -> list[Problem]:
    """What conditions name and nobody has who takes part in a stored program."""
    if not any(existing.names(conditions)):
        return []
    partners = {program.owner.code, *program.participations.values_list("partner__code", flat=True)}
    [found] = existing.unknown([conditions], partners=partners, channels=listed(program.channels))
    return found
