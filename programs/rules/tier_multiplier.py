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
        group = self.tier_group or next(iter(configuration.tier_groups), "")
        tier = configuration.tier(group, facts.tiers.get(group, ""))
        return None if tier is None or tier.multiplier == 1 else tier.multiplier

    def why_not(self, basket, facts, configuration):
        return "the member's tier multiplies by 1"
