"""How do the rules of a document, with what they name and what limits them, become stored rows?"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from partners.models import Store
from programs.capping import store_of
from programs.checks import Problem
from programs.document import layout
from programs.document.changes import Changes, Invalid
from programs.document.format import (
    BenefitSpec,
    CapSpec,
    CurrencySpec,
    Document,
    PromotionSpec,
    RuleSpec,
    SegmentSpec,
    SkuListSpec,
    TierGroupSpec,
    TierSpec,
)
from programs.models import Cap, Currency, Program, Promotion, Rule, SkuList

#: A part with a code.
_Coded: TypeAlias = (
    BenefitSpec
    | CapSpec
    | CurrencySpec
    | PromotionSpec
    | RuleSpec
    | SegmentSpec
    | SkuListSpec
    | TierGroupSpec
    | TierSpec
)


class RulesOf:
    """Lists of SKUs, promotions, rules and caps of one document; `changes` grows with each step."""

    def __init__(self, document: Document, program: Program, changes: Changes) -> None:
        self.document, self.program, self.changes = document, program, changes

    def drop(self) -> None:
        """Delete those that the document leaves out, but for lists, which rules may still name."""
        self._drop_caps()
        self._drop_rules()

    def put(self, currencies: Mapping[str, Currency]) -> None:
        """Make the others what it says."""
        self._sku_lists()
        self._promotions()
        self._rules(currencies)
        self._caps(currencies)

    def _drop_caps(self) -> None:
        self.changes.keep_only(codes(self.document["caps"]), self.program.caps.all(), "caps")
        # A cap that stays must not go with the rule that it leaves.
        gone = self.program.rules.exclude(code__in=codes(self.document["rules"]))
        leaving = self.program.caps.filter(rule__in=gone)
        if leaving.exists():
            leaving.update(rule=None)

    def _drop_rules(self) -> None:
        self.changes.keep_only(codes(self.document["rules"]), self.program.rules.all(), "rules")
        # A rule that stays must not go with the promotion that it leaves.
        gone = self.program.promotions.exclude(code__in=codes(self.document["promotions"]))
        if gone.exists():
            self.program.rules.filter(promotion__in=gone).update(promotion=None)
            self.program.caps.filter(promotion__in=gone).update(promotion=None)
        self.changes.keep_only(codes(self.document["promotions"]), self.program.promotions.all(), "promotions")

    def _sku_lists(self) -> None:
        """The lists without their SKUs, which stay; a list that has any cannot be left out."""
        self.changes.keep_only(codes(self.document["sku_lists"]), self.program.sku_lists.all(), "sku_lists")
        stored = {one.code: one for one in self.program.sku_lists.all()}
        for place, spec in enumerate(self.document["sku_lists"]):
            row = stored.get(spec["code"]) or SkuList(program=self.program)
            values = columns(layout.SKU_LIST, spec)
            self.changes.put(row, values, f"sku_lists[{place}]", "list of SKUs", spec["code"])

    def _promotions(self) -> None:
        stored = {one.code: one for one in self.program.promotions.all()}
        for place, spec in enumerate(self.document["promotions"]):
            row = stored.get(spec["code"]) or Promotion(program=self.program)
            values = columns(layout.PROMOTION, spec) | {"conditions": spec["conditions"]}
            self.changes.put(row, values, f"promotions[{place}]", "promotion", spec["code"])

    def _rules(self, currencies: Mapping[str, Currency]) -> None:
        stored = {rule.code: rule for rule in self.program.rules.select_related("currency", "promotion")}
        promotions = {one.code: one for one in self.program.promotions.all()}
        for place, spec in enumerate(self.document["rules"]):
            row = stored.get(spec["code"]) or Rule(program=self.program)
            values = columns(layout.RULE, spec) | {"currency": currencies[spec["currency"]]}
            values |= {"params": spec["params"], "conditions": spec["conditions"]}
            values["promotion"] = promotions.get(spec["promotion"])
            # What they name of each other was checked in the document, all of which is not stored yet.
            row.is_edited_whole = True
            self.changes.put(row, values, f"rules[{place}]", "rule", spec["code"])

    def _caps(self, currencies: Mapping[str, Currency]) -> None:
        stored = {cap.code: cap for cap in self.program.caps.select_related("currency", "rule", "promotion", "store")}
        promotions = {one.code: one for one in self.program.promotions.all()}
        rules = {rule.code: rule for rule in self.program.rules.all()}
        for place, spec in enumerate(self.document["caps"]):
            row = stored.get(spec["code"]) or Cap(program=self.program)
            values = columns(layout.CAP, spec) | {"currency": currencies[spec["currency"]]}
            values |= {"rule": rules.get(spec["rule"]), "promotion": promotions.get(spec["promotion"])}
            values |= {"store": self._store(spec["store"], f"caps[{place}].store")}
            self.changes.put(row, values, f"caps[{place}]", "cap", spec["code"])

    def _store(self, text: str, path: str) -> Store | None:
        name = store_of(text, self.program.owner.code)
        if name is None:
            return None
        found = Store.objects.filter(partner__code=name[0], code=name[1]).first()
        if found is None:
            raise Invalid([Problem(path, f"partner “{name[0]}” has no store “{name[1]}”; add it in the admin")])
        return found


def codes(specs: Sequence[_Coded]) -> list[str]:
    """The codes of parts."""
    return [spec["code"] for spec in specs]


def columns(part: layout.Part, spec: Mapping[str, object]) -> dict[str, object]:
    """The values of the part's own columns, as the models keep them."""
    return {name: part.field(name).to_python(spec[name]) for name in part.fields}
