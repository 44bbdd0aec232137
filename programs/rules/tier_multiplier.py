"""Members of higher tiers earn more: base points times the multiplier of the tier held before."""

from django import forms

from programs.rules import base


class TierMultiplier(base.Kind):
    label = "Multiplier of the tier"
    phase = "multiplier"

    class Params(base.Params):
        tier_group = forms.SlugField(
            required=False, help_text="Code of the tier group; may stay empty when there is only one."
        )

    def __init__(self, params):
        self.tier_group = params.get("tier_group") or ""

    def points(self, basket, facts, configuration):
        tier = self._held(facts, configuration)
        return None if tier is None or tier.multiplier == 1 else tier.multiplier

    def why_not(self, basket, facts, configuration):
        tier = self._held(facts, configuration)
        return f"the tier {tier.name} multiplies by 1" if tier else "the member holds no tier"

    def unmet(self, surroundings):
        groups = surroundings.tier_groups
        if self.tier_group and self.tier_group not in groups:
            yield "tier_group", f"the program has no tier group “{self.tier_group}”"
        elif not self.tier_group and len(groups) != 1:
            yield "tier_group", "must name a tier group" if groups else "the program has no tier group"

    def _held(self, facts, configuration):
        group = self.tier_group or next(iter(configuration.tier_groups), "")
        return configuration.tier(group, facts.tiers.get(group, ""))
