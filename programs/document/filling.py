"""What does a document say where people left something out? Each default, in the words and the order of an export."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias, cast

from loyalty_site.lib.json_types import ExactJson, Json
from programs.document import former
from programs.document.exporting import Stored, Written, plain
from programs.document.format import (
    FORMAT,
    CapSpec,
    CurrencySpec,
    Document,
    ExpirySpec,
    ProgramSpec,
    PromotionSpec,
    RuleSpec,
    SegmentSpec,
    SkuListSpec,
    TierGroupSpec,
    TierSpec,
)
from programs.document.layout import (
    BENEFIT,
    CAP,
    CURRENCY,
    EXPIRY,
    PROGRAM,
    PROMOTION,
    RULE,
    SEGMENT,
    SKU_LIST,
    TIER,
    TIER_GROUP,
    Part,
)
from programs.parameters import canonical

if TYPE_CHECKING:
    from programs.document.layout import Column

#: One part of a document as people wrote it.
Given: TypeAlias = Mapping[str, ExactJson]


def normal(document: ExactJson | Document) -> Document:
    """The document that `export` gives after importing a *valid* one: defaults filled, in stable order."""
    full = filled(cast(Given, document))
    full["partners"] = sorted(set(full["partners"]) - {full["program"]["owner"]})
    full["currencies"].sort(key=lambda spec: spec["code"])
    full["tier_groups"].sort(key=lambda spec: spec["code"])
    full["rules"].sort(key=lambda spec: spec["code"])
    full["sku_lists"].sort(key=lambda spec: spec["code"])
    full["promotions"].sort(key=lambda spec: spec["code"])
    full["caps"].sort(key=lambda spec: spec["code"])
    full["segments"].sort(key=lambda spec: spec["code"])
    for group in full["tier_groups"]:
        group["further_currencies"] = sorted(set(group["further_currencies"]))
        group["tiers"].sort(key=lambda tier: tier["sequence"])
        for tier in group["tiers"]:
            tier["benefits"].sort(key=lambda benefit: benefit["code"])
    return full


def filled(document: Given) -> Document:
    """A document of sound form with every default written out, in its own order."""
    # What `check` found nothing to say against has these types.
    return {
        "format": FORMAT,
        "program": cast(ProgramSpec, _filled(PROGRAM, cast(Given, document["program"]))),
        "partners": list(cast(Sequence[str], document.get("partners", ()))),
        "currencies": [_filled_currency(spec) for spec in _specs(document, "currencies")],
        "tier_groups": [_filled_tier_group(spec) for spec in _specs(document, "tier_groups")],
        "sku_lists": [
            cast(SkuListSpec, {**_filled(SKU_LIST, spec), "entries": spec.get("entries", 0)})
            for spec in _specs(document, "sku_lists")
        ],
        "promotions": [
            cast(PromotionSpec, {**_filled(PROMOTION, spec), "conditions": storable(spec.get("conditions", {}))})
            for spec in _specs(document, "promotions")
        ],
        "rules": [_filled_rule(spec) for spec in _specs(document, "rules")],
        "caps": [
            cast(CapSpec, {**_filled(CAP, spec), **{name: spec.get(name, "") for name in CAP.others}})
            for spec in _specs(document, "caps")
        ],
        "segments": [
            cast(SegmentSpec, {**_filled(SEGMENT, spec), "conditions": storable(spec["conditions"])})
            for spec in _specs(document, "segments")
        ],
    }


def _specs(part: Given, name: str) -> Sequence[Given]:
    """The parts that a list of this name holds."""
    return cast(Sequence[Given], part.get(name, ()))


def _filled_currency(spec: Given) -> CurrencySpec:
    """{} is an expiry rule with all its defaults; only null, or nothing at all, is none."""
    rule = cast(Given | None, spec.get("expiry"))
    expiry = None if rule is None else cast(ExpirySpec, _filled(EXPIRY, rule))
    return cast(CurrencySpec, {**_filled(CURRENCY, spec), "expiry": expiry})


def _filled_tier_group(spec: Given) -> TierGroupSpec:
    spec = former.today(spec)
    tiers = _specs(spec, "tiers")
    # Without a word, only the lowest tier of a manual ladder is free; the others are paid or granted.
    free = min((cast(int, tier["sequence"]) for tier in tiers), default=0)
    granted = [spec.get("model") == "manual" and tier["sequence"] != free for tier in tiers]
    own = {
        "currency": spec.get("currency", ""),
        "further_currencies": list(cast(Sequence[str], spec.get("further_currencies", ()))),
        "tiers": [
            _filled_tier({"threshold": None, **tier} if is_granted else tier)
            for tier, is_granted in zip(tiers, granted, strict=True)
        ],
    }
    return cast(TierGroupSpec, {**_filled(TIER_GROUP, spec), **own})


def _filled_tier(spec: Given) -> TierSpec:
    wanted = {
        code: {name: one.get(name) for name in ("threshold", "retention")}
        for code, one in cast(Mapping[str, Given], spec.get("further", {})).items()
    }
    own = {
        "further": {code: one for code, one in wanted.items() if any(value is not None for value in one.values())},
        "segment": spec.get("segment", ""),
        "benefits": [
            {**_filled(BENEFIT, benefit), "details": storable(benefit.get("details", {}))}
            for benefit in _specs(spec, "benefits")
        ],
    }
    return cast(TierSpec, {**_filled(TIER, spec), **own})


def _filled_rule(spec: Given) -> RuleSpec:
    params = cast(Mapping[str, ExactJson], spec.get("params", {}))
    nested = {
        "promotion": spec.get("promotion", ""),
        "params": canonical(cast(str, spec["kind"]), params),
        "conditions": storable(spec.get("conditions", {})),
    }
    return cast(RuleSpec, {**_filled(RULE, spec), **nested})


def _filled(part: Part, spec: Given) -> dict[str, Written]:
    row = {name: _canonical(part.field(name), spec) for name in part.fields}
    return row | {name: cast(str, spec[name]) for name in part.codes}


def _canonical(column: "Column", spec: Given) -> Written:
    value = spec.get(column.name, column.get_default())
    stored: Stored = column.to_python(str(value) if isinstance(value, float) else value)
    return plain(column, stored)


def storable(value: ExactJson) -> Json:
    """Parameters, or conditions, as a JSON column keeps them: Decimals and floats as text."""
    if isinstance(value, dict):
        return {name: storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [storable(inner) for inner in value]
    return str(value) if isinstance(value, (Decimal, float)) else cast(Json, value)
