"""How does the ladder of a document become the TierGroup that the ledger works with?"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from programs.document import former
from programs.document.format import BenefitSpec, FurtherSpec, TierGroupSpec, TierSpec
from programs.ladders import Benefit, Tier, TierGroup
from programs.written import day_of

#: What a tier asks for in a further currency of which it says nothing.
_NOTHING: FurtherSpec = {"threshold": None}


def tier_group(
    spec: TierGroupSpec,
    ids: Mapping[str, int],
    tier_ids: Mapping[tuple[str, str], int],
    benefit_ids: Mapping[tuple[str, str, str], int],
    recounts: Mapping[str, int],
    currency_ids: Mapping[str, int],
) -> TierGroup:
    """The ladder that a *valid* document describes; `ids` are primary keys by codes, none of a draft."""
    code = spec["code"]
    criteria = tuple(filter(None, [spec["currency"], *spec.get("further_currencies", ())]))
    window = spec["window"]
    return TierGroup(
        id=ids.get(code, 0),
        code=code,
        name=spec["name"],
        model=former.MODELS[window] if isinstance(window, str) else spec.get("model", "lifetime"),
        criteria=criteria,
        needs_all=spec.get("match") == "all",
        cycle_start=_cycle_start(spec),
        window=window if isinstance(window, int) else 12,
        window_unit=spec.get("window_unit", "month"),
        validity=spec.get("validity", "none"),
        period_length=spec.get("period", 12),
        period_unit=spec.get("period_unit", "month"),
        period_end=spec.get("period_end", "before"),
        rounding=spec.get("rounding", "none"),
        on_end=spec.get("on_end", "to_earned"),
        grace=spec.get("grace", 0),
        grace_unit=spec.get("grace_unit", "month"),
        grace_to_month_end=spec.get("grace_to_month_end", False),
        rollover=spec.get("rollover", False),
        rollover_limit=spec.get("rollover_limit"),
        late_window=spec.get("late_window", 30),
        reverts=spec.get("on_reversal") == "revert_if_caused",
        holds_downgrades=spec.get("holds_downgrades", False),
        tiers=_tiers(spec, criteria, tier_ids, benefit_ids),
        recounts=recounts.get(code, 0),
        currency_ids=tuple(currency_ids.get(currency, 0) for currency in criteria),
    )


def _cycle_start(spec: TierGroupSpec) -> tuple[int, int]:
    month, day = map(int, spec.get("cycle_start", "01-01").split("-"))
    return month, day


def _tiers(
    spec: TierGroupSpec,
    criteria: tuple[str, ...],
    ids: Mapping[tuple[str, str], int],
    benefit_ids: Mapping[tuple[str, str, str], int],
) -> tuple[Tier, ...]:
    """The tiers of a ladder, from the lowest to the highest."""
    tiers = sorted(spec["tiers"], key=lambda tier: tier["sequence"])
    return tuple(_tier(tier, spec, criteria, ids, benefit_ids) for tier in tiers)


def _tier(
    spec: TierSpec,
    group: TierGroupSpec,
    criteria: tuple[str, ...],
    ids: Mapping[tuple[str, str], int],
    benefit_ids: Mapping[tuple[str, str, str], int],
) -> Tier:
    further = [spec.get("further", {}).get(code, _NOTHING) for code in criteria[1:]]
    entry = [spec["threshold"], *(wanted["threshold"] for wanted in further)]
    kept = [spec.get("retention"), *(wanted.get("retention") for wanted in further)]
    retention = [reach if keep is None else keep for reach, keep in zip(entry, kept, strict=True)]
    return Tier(
        id=ids.get((group["code"], spec["code"]), 0),
        code=spec["code"],
        name=spec["name"],
        entry=tuple(entry),
        retention=tuple(retention),
        extension_months=spec["extension_months"],
        multiplier=Fraction(Decimal(spec["multiplier"])),
        benefits=_benefits(spec, group["code"], benefit_ids),
        segment=spec.get("segment", ""),
    )


def _benefits(tier: TierSpec, group: str, ids: Mapping[tuple[str, str, str], int]) -> tuple[Benefit, ...]:
    return tuple(_benefit(spec, ids.get((group, tier["code"], spec["code"]), 0)) for spec in tier.get("benefits", ()))


def _benefit(spec: BenefitSpec, id: int) -> Benefit:
    starts_on, ends_on = day_of(spec["starts_on"]), day_of(spec["ends_on"])
    return Benefit(id, spec["code"], spec["name"], spec["text"], spec["kind"], starts_on, ends_on)
