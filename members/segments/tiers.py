"""Which members hold one of these tiers?"""

from collections.abc import Iterator

from django import forms
from django.db.models import OuterRef, Q

from members.models import Standing
from members.segments.finding import there_is
from programs.checks import clipped
from programs.segments.base import NOBODY, Condition, Scope, Surroundings, Unmet
from programs.segments.fields import CodeField, TextsField
from programs.segments.registry import register
from programs.segments.wording import either


class TierParams(forms.Form):
    """The group, and its tiers."""

    group = CodeField(label="Tier group", help_text="Its code.")
    tiers = TextsField(label="Holds one of these tiers", help_text="Codes, separated by commas.")


@register
class InTier(Condition):
    """Who holds one of the tiers of a group now, as the ledger has assessed it last."""

    key, label, family, place, Params = "tier", "Tier", "Tiers and points", 10, TierParams

    def unmet(self, around: Surroundings) -> Unmet:
        tiers = around.tier_groups.get(self.params["group"])
        if tiers is None:
            yield "group", f"the program has no tier group “{clipped(self.params['group'])}”"
            return
        for code in self.params["tiers"]:
            if code not in tiers:
                yield "tiers", f"the group has no tier “{clipped(code)}”"

    def tier_groups(self) -> Iterator[str]:
        yield self.params["group"]

    def say(self, around: Surroundings) -> str:
        group = self.params["group"]
        names = around.tier_groups.get(group, {})
        held = either([names.get(code, code) for code in self.params["tiers"]])
        return f"hold {held} ({around.group_names.get(group, group)})"

    def asked(self, scope: Scope) -> Q:
        group = scope.configuration.tier_groups.get(self.params["group"])
        tiers = [group.by_code[code].id for code in self.params["tiers"] if code in group.by_code] if group else []
        if group is None or not tiers:
            return NOBODY
        held = Standing.objects.current().filter(member=OuterRef("pk"), group=group.id, tier__in=tiers)
        return there_is(held)
