"""Which fields has each part of a program's document? Types, limits and defaults are those of the models."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import models

from programs.models import (
    Benefit,
    Cap,
    Currency,
    ExpiryRule,
    Program,
    Promotion,
    Rule,
    Segment,
    SkuList,
    Tier,
    TierGroup,
)

if TYPE_CHECKING:
    #: A column of whatever type.
    Column: TypeAlias = models.Field[Any, Any]

#: The lists of a document, in the order of their references.
LISTS = ("partners", "currencies", "tier_groups", "sku_lists", "promotions", "rules", "caps", "segments")


@dataclass(frozen=True, slots=True)
class Part:
    """`fields` are columns of `model`; `codes` are fields that name another part, or the owner, by its code;
    `others` are nested values, or what is checked elsewhere."""

    model: type[models.Model]
    fields: tuple[str, ...]
    codes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def field(self, name: str) -> "Column":
        """The model field whose rules a value of this name obeys."""
        found = self.model._meta.get_field("code" if name in self.codes else name)
        assert isinstance(found, models.Field), f"{name} is no column"
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that may stand in it."""
        return self.fields + self.codes + self.others


PROGRAM = Part(
    Program,
    tuple(
        "code name time_zone next_time_zone next_time_zone_on country money language status round_per earns_on_tax "
        "earns_on_shipping earns_on_gift_cards earns_on_points max_backdate_days pre_enrolment_days number_prefix "
        "strictness activities channels score_days score_recency score_frequency score_spend score_purchases "
        "score_money".split()
    ),
    codes=("owner",),
)
CURRENCY = Part(
    Currency,
    tuple(
        "code name kind decimals rounding is_primary cost_per_point point_value pending_days pending_event "
        "pending_deadline_days expiry_starts refund_policy consumption returned_points grace_days min_spend "
        "max_spend spend_step max_basket_percent max_balance transfers transfer_min transfer_max "
        "transfer_fee_percent transfer_after_days transfer_daily_limit transfer_daily_count "
        "transfer_yearly_limit transfer_yearly_count transfer_cooling_days milestones".split()
    ),
    others=("expiry",),
)
EXPIRY = Part(
    ExpiryRule,
    tuple(
        "model period unit period_end rounding rounding_month cut_offs min_age_days counts extension_months "
        "notice_days min_validity_days".split()
    ),
)
TIER_GROUP = Part(
    TierGroup,
    tuple(
        "code name model match cycle_start window window_unit validity period period_unit period_end rounding on_end "
        "grace grace_unit grace_to_month_end rollover rollover_limit late_window on_reversal holds_downgrades".split()
    ),
    # The code of the first currency, "" in a manual ladder, and a list of the codes of the others.
    others=("currency", "further_currencies", "tiers"),
)
TIER = Part(
    Tier,
    ("code", "name", "sequence", "threshold", "retention", "multiplier", "extension_months", "colour"),
    others=("further", "segment", "benefits"),
)
BENEFIT = Part(Benefit, ("code", "name", "text", "kind", "starts_on", "ends_on"), others=("details",))
# How many SKUs it has is told, and no more: they are not part of the document.
SKU_LIST = Part(SkuList, ("code", "name"), others=("entries",))
PROMOTION = Part(
    Promotion,
    tuple(
        "code name description starts_on ends_on opt_in uses_per_code holdout_percent stopped_from is_active".split()
    ),
    others=("conditions",),
)
RULE = Part(
    Rule,
    ("code", "name", "kind", "group", "priority", "stacking", "choice", "starts_on", "ends_on", "is_active"),
    codes=("currency",),
    # `version` comes with the snapshots of old configurations; an import counts its own.
    others=("promotion", "params", "conditions", "version"),
)
CAP = Part(
    Cap,
    tuple(
        "code name scope period trailing_days measure limit behaviour reopens alert_percent is_active".split(),
    ),
    codes=("currency",),
    # Of a rule or a promotion, and a store as "code" of the owner's or "partner/code"; "" for all.
    others=("rule", "promotion", "store"),
)
SEGMENT = Part(Segment, ("code", "name", "description", "is_active"), others=("conditions",))
