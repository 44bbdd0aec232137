"""How is a stored program written down?"""

from copy import copy
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from django.db import models
from django.db.models import Count, Prefetch, QuerySet, prefetch_related_objects

from loyalty_site.lib import money
from partners.models import Store
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
from programs.models import (
    Benefit,
    Cap,
    Currency,
    Participation,
    Program,
    Promotion,
    Rule,
    Segment,
    SkuList,
    Tier,
    TierGroup,
)

if TYPE_CHECKING:
    from programs.document.layout import Column

#: A value of a column, and the same as JSON.
Stored: TypeAlias = str | int | bool | Decimal | date | None
Written: TypeAlias = str | int | bool | None
Coded = TypeVar("Coded", Currency, TierGroup, Promotion, Rule, SkuList, Cap, Benefit, Segment)


#: All that a document says of a program.
_PARTS = (
    Prefetch("participations", Participation.objects.select_related("partner")),
    Prefetch("currencies", Currency.objects.select_related("expiry_rule")),
    Prefetch("tier_groups", TierGroup.objects.select_related("currency")),
    "tier_groups__further_currencies",
    Prefetch("tier_groups__tiers", Tier.objects.select_related("segment")),
    "tier_groups__tiers__benefits",
    Prefetch("sku_lists", SkuList.objects.annotate(count=Count("entries"))),
    "promotions",
    Prefetch("rules", Rule.objects.select_related("currency", "promotion")),
    Prefetch("caps", Cap.objects.select_related("currency", "rule", "promotion", "store__partner")),
    "segments",
)


def read_parts(program: Program) -> None:
    """Read along all that a document says of `program`: for a page that shows it, and changes nothing."""
    prefetch_related_objects([program], *_PARTS)


def export(program: Program, *, with_versions: bool = False) -> Document:
    """The document of a stored program: plain JSON values, codes instead of keys, stable order.

    `with_versions` adds the version of each rule, for the snapshots that journals refer to.
    """
    whole = _whole(program)
    partners = [one.partner for one in whole.participations.all() if one.partner_id != program.owner_id]
    return {
        "format": FORMAT,
        "program": cast(ProgramSpec, columns(PROGRAM, program) | {"owner": program.owner.code}),
        "partners": sorted(partner.code for partner in partners),
        "currencies": [_currency(currency) for currency in _by_code(whole.currencies.all())],
        "tier_groups": [_tier_group(group) for group in _by_code(whole.tier_groups.all())],
        "sku_lists": [_sku_list(one, with_versions) for one in _by_code(whole.sku_lists.all())],
        "promotions": [spec_of_promotion(one) for one in _by_code(whole.promotions.all())],
        "rules": [_rule(rule, with_versions) for rule in _by_code(whole.rules.all())],
        "caps": [_cap(cap, program) for cap in _by_code(whole.caps.all())],
        "segments": [_segment(segment) for segment in _by_code(whole.segments.all())],
    }


def _whole(program: Program) -> Program:
    """The program with its parts; where nobody has read them along, a copy, as later they may be others."""
    if "caps" in vars(program).get("_prefetched_objects_cache", {}):
        return program
    whole = copy(program)
    vars(whole).pop("_prefetched_objects_cache", None)
    read_parts(whole)
    return whole


def _by_code(parts: "QuerySet[Coded]") -> "list[Coded]":
    return sorted(parts, key=attrgetter("code"))


# `columns` goes by the names of the layout, which are those of the specs: so the casts.


def _currency(currency: Currency) -> CurrencySpec:
    rule = getattr(currency, "expiry_rule", None)
    expiry = cast(ExpirySpec, columns(EXPIRY, rule)) if rule else None
    return cast(CurrencySpec, {**columns(CURRENCY, currency), "expiry": expiry})


def _tier_group(group: TierGroup) -> TierGroupSpec:
    tiers = sorted(group.tiers.all(), key=lambda tier: tier.sequence)
    own = {
        "currency": group.currency.code if group.currency else "",
        "further_currencies": sorted(currency.code for currency in group.further_currencies.all()),
        "tiers": [_tier(tier) for tier in tiers],
    }
    return cast(TierGroupSpec, {**columns(TIER_GROUP, group), **own})


def _tier(tier: Tier) -> TierSpec:
    benefits = [
        {**columns(BENEFIT, benefit), "details": benefit.details} for benefit in _by_code(tier.benefits.all())
    ]
    own = {"further": tier.further, "segment": tier.segment.code if tier.segment else "", "benefits": benefits}
    return cast(TierSpec, {**columns(TIER, tier), **own})


def _sku_list(one: SkuList, with_versions: bool) -> SkuListSpec:
    # SKUs come and go without a new version, of which a snapshot is.
    count = {} if with_versions else {"entries": getattr(one, "count", 0)}
    return cast(SkuListSpec, {**columns(SKU_LIST, one), **count})


def spec_of_promotion(one: Promotion) -> PromotionSpec:
    """A stored promotion as documents have it."""
    return cast(PromotionSpec, {**columns(PROMOTION, one), "conditions": one.conditions})


def _rule(rule: Rule, with_versions: bool) -> RuleSpec:
    of = rule.promotion.code if rule.promotion else ""
    own = {"currency": rule.currency.code, "promotion": of, "params": rule.params, "conditions": rule.conditions}
    version = {"version": rule.version} if with_versions else {}
    return cast(RuleSpec, {**columns(RULE, rule), **own, **version})


def _cap(cap: Cap, program: Program) -> CapSpec:
    own = {"currency": cap.currency.code, "rule": cap.rule.code if cap.rule else ""}
    own["promotion"] = cap.promotion.code if cap.promotion else ""
    store = store_name(cap.store, program.owner_id) if cap.store else ""
    return cast(CapSpec, {**columns(CAP, cap), **own, "store": store})


def _segment(segment: Segment) -> SegmentSpec:
    return cast(SegmentSpec, {**columns(SEGMENT, segment), "conditions": segment.conditions})


def store_name(store: Store, owner_id: int) -> str:
    """The code of a store, behind the one of its partner unless that is the owner."""
    return store.code if store.partner_id == owner_id else f"{store.partner.code}/{store.code}"


def columns(part: Part, row: models.Model) -> dict[str, Written]:
    """The plain columns of a stored row as JSON values."""
    return {name: plain(part.field(name), getattr(row, name)) for name in part.fields}


def plain(column: "Column", value: Stored) -> Written:
    """One value of a model as JSON; what a document may write in several ways comes out in one."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return money.shortest(value)
    # The default of a decimal column may be an integer.
    return money.shortest(value) if value is not None and column.get_internal_type() == "DecimalField" else value
