"""How is a stored program written down?"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias, cast

from django.db import models

from partners.models import Store
from programs.document.format import (
    FORMAT,
    CapSpec,
    CurrencySpec,
    Document,
    ExpirySpec,
    ProgramSpec,
    RuleSpec,
    TierGroupSpec,
    TierSpec,
)
from programs.document.layout import CAP, CURRENCY, EXPIRY, PROGRAM, RULE, TIER, TIER_GROUP, Part, number
from programs.models import Cap, Currency, Program, Rule, TierGroup

if TYPE_CHECKING:
    from programs.document.layout import Column

#: A value of a column, and the same as JSON.
Stored: TypeAlias = str | int | bool | Decimal | date | None
Written: TypeAlias = str | int | bool | None


def export(program: Program, *, with_versions: bool = False) -> Document:
    """The document of a stored program: plain JSON values, codes instead of keys, stable order.

    `with_versions` adds the version of each rule, for the snapshots that journals refer to.
    """
    partners = program.participations.exclude(partner=program.owner_id)
    groups = program.tier_groups.select_related("currency").prefetch_related("tiers")
    return {
        "format": FORMAT,
        "program": cast(ProgramSpec, columns(PROGRAM, program) | {"owner": program.owner.code}),
        "partners": sorted(partners.values_list("partner__code", flat=True)),
        "currencies": [_currency(c) for c in program.currencies.select_related("expiry_rule").order_by("code")],
        "tier_groups": [_tier_group(group) for group in groups.order_by("code")],
        "rules": [_rule(rule, with_versions) for rule in program.rules.select_related("currency").order_by("code")],
        "caps": [_cap(cap, program) for cap in _caps(program)],
    }


# `columns` goes by the names of the layout, which are those of the specs: so the casts.


def _currency(currency: Currency) -> CurrencySpec:
    rule = getattr(currency, "expiry_rule", None)
    expiry = cast(ExpirySpec, columns(EXPIRY, rule)) if rule else None
    return cast(CurrencySpec, {**columns(CURRENCY, currency), "expiry": expiry})


def _tier_group(group: TierGroup) -> TierGroupSpec:
    tiers = sorted(group.tiers.all(), key=lambda tier: tier.sequence)
    specs = [cast(TierSpec, columns(TIER, tier)) for tier in tiers]
    return cast(TierGroupSpec, {**columns(TIER_GROUP, group), "currency": group.currency.code, "tiers": specs})


def _rule(rule: Rule, with_versions: bool) -> RuleSpec:
    own = {"currency": rule.currency.code, "params": rule.params, "conditions": rule.conditions}
    version = {"version": rule.version} if with_versions else {}
    return cast(RuleSpec, {**columns(RULE, rule), **own, **version})


def _caps(program: Program) -> Iterable[Cap]:
    return program.caps.select_related("currency", "rule", "store__partner").order_by("code")


def _cap(cap: Cap, program: Program) -> CapSpec:
    own = {"currency": cap.currency.code, "rule": cap.rule.code if cap.rule else ""}
    store = store_name(cap.store, program.owner_id) if cap.store else ""
    return cast(CapSpec, {**columns(CAP, cap), **own, "store": store})


def store_name(store: Store, owner_id: int) -> str:
    """The code of a store, behind the one of its partner unless that is the owner."""
    return store.code if store.partner_id == owner_id else f"{store.partner.code}/{store.code}"


def columns(part: Part, row: models.Model) -> dict[str, Written]:
    """The plain columns of a stored row as JSON values."""
    return {name: plain(part.field(name), getattr(row, name)) for name in part.fields}


def plain(column: "Column", value: Stored) -> Written:
    """One value of a model as JSON; what a document may write in several ways comes out in one."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return number(value)
    # The default of a decimal column may be an integer.
    return number(value) if value is not None and column.get_internal_type() == "DecimalField" else value
