"""Members of higher tiers earn more: base points times the multiplier of the tier held before."""

from collections.abc import Iterator, Mapping, Sequence

from django import forms

from loyalty_site.lib.json_types import ExactJson
from loyalty_site.lib.texts import listed
from programs.configuration import Configuration
from programs.ladders import Tier
from programs.rules import base
from programs.rules.fields import GroupsField, of_groups
from programs.rules.units import Units


class TierMultiplier(base.Kind):
    """The factor stands with the tier, so that one rule serves all of them."""

    label = "Multiplier of the tier"
    phase = "multiplier"
    asks_for_tier = True

    class Params(base.Params):
        tier_group = forms.SlugField(
            required=False, help_text="Code of the tier group; may stay empty when there is only one."
        )
        groups = GroupsField()

    def __init__(self, params: base.Cleaned) -> None:
        self.tier_group: str = params.get("tier_group") or ""
        self.groups = listed(params.get("groups") or "")

    def points(
        self, basket: base.Basket, facts: base.Facts, configuration: Configuration
    ) -> Sequence[base.Exact] | None:
        tier = self._held(facts, configuration)
        return None if tier is None or tier.multiplier == 1 else [tier.multiplier]

    def why_not(self, basket: base.Basket, facts: base.Facts, configuration: Configuration) -> str:
        tier = self._held(facts, configuration)
        return f"the tier {tier.name} multiplies by 1" if tier else "the member holds no tier"

    @classmethod
    def gives(cls, params: Mapping[str, ExactJson], units: Units) -> str:
        ladder = f" in {params['tier_group']}" if params.get("tier_group") else ""
        return f"the {units.plural}{of_groups(params)} times the multiplier of their tier{ladder}"

    def unmet(self, surroundings: base.Surroundings) -> Iterator[tuple[str, str]]:
        groups = surroundings.tier_groups
        if self.tier_group and self.tier_group not in groups:
            yield "tier_group", f"the program has no tier group “{self.tier_group}”"
        elif not self.tier_group and len(groups) != 1:
            yield "tier_group", "must name a tier group" if groups else "the program has no tier group"

    def _held(self, facts: base.Facts, configuration: Configuration) -> Tier | None:
        group = self.tier_group or next(iter(configuration.tier_groups), "")
        return configuration.tier(group, facts.tiers.get(group, ""))
