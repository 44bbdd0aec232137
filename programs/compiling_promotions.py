"""How do the promotions of a document become frozen values, and what do their rules ask because of them?"""

from collections.abc import Mapping
from dataclasses import replace

from loyalty_site.lib import instants
from programs import promotions as gates_of
from programs.compiled_rules import Promotion, Rule
from programs.document.format import Document, PromotionSpec
from programs.rules.conditions import reading
from programs.rules.conditions.tree import All
from programs.written import day_of


def promotions(document: Document, ids: Mapping[str, int]) -> dict[str, Promotion]:
    """All promotions by code; `ids` are the keys of those that are stored."""
    return {spec["code"]: _promotion(spec, ids) for spec in document.get("promotions", ())}


def _promotion(spec: PromotionSpec, ids: Mapping[str, int]) -> Promotion:
    stopped = instants.instant(spec["stopped_from"]) if spec["stopped_from"] else None
    return Promotion(
        id=ids.get(spec["code"], 0),
        code=spec["code"],
        name=spec["name"],
        opt_in=spec["opt_in"],
        uses_per_code=spec["uses_per_code"],
        holdout_percent=spec["holdout_percent"],
        stopped_from=stopped,
    )


def gated(rule: Rule, offer: PromotionSpec | None) -> Rule:
    """The rule with what its promotion asks for."""
    if offer is None:
        return rule
    starts, ends = day_of(offer["starts_on"]), day_of(offer["ends_on"])
    asked = reading.compiled(offer["conditions"])
    trees = [tree for tree in (asked.tree, rule.tree) if tree]
    return replace(
        rule,
        promotion=offer["code"],
        starts_on=max(filter(None, (starts, rule.starts_on)), default=None),
        ends_on=min(filter(None, (ends, rule.ends_on)), default=None),
        conditions=(*gates_of.gates(offer), *asked.plain, *rule.conditions),
        filters=(*asked.filters, *rule.filters),
        tree=All(trees) if len(trees) > 1 else next(iter(trees), None),
        chooses_lines=rule.chooses_lines or asked.chooses_lines,
    )
