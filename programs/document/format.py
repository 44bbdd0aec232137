"""What stands in a program's document once its defaults are filled in?

Dates are ISO text, decimals are text, amounts of points and money are whole numbers of the smallest unit, and parts
name each other by their codes. A document as people write it may leave out whatever has a default; `layout.py`
takes types, limits and defaults from the models.
"""

from typing import Final, NotRequired, TypedDict

from loyalty_site.lib.json_types import JsonObject

FORMAT: Final = "loyalty-program/1"


class ProgramSpec(TypedDict):
    """The program itself; `owner` is the code of a partner. Snapshots of long ago lack what came since."""

    code: str
    name: str
    owner: str
    time_zone: str
    next_time_zone: str
    next_time_zone_on: str | None
    # Versions that were stored before there was one have none.
    country: NotRequired[str]
    money: str
    language: str
    status: str
    round_per: str
    earns_on_tax: bool
    earns_on_shipping: bool
    earns_on_gift_cards: bool
    earns_on_points: bool
    max_backdate_days: int
    pre_enrolment_days: int
    number_prefix: str
    strictness: NotRequired[str]
    activities: NotRequired[str]
    channels: NotRequired[str]
    score_days: NotRequired[int]
    score_recency: NotRequired[int]
    score_frequency: NotRequired[int]
    score_spend: NotRequired[int]
    score_purchases: NotRequired[int]
    score_money: NotRequired[int]


class ExpirySpec(TypedDict):
    """The expiry rule of a currency; snapshots of before it could be chosen have no `period_end`."""

    model: str
    period: int
    unit: str
    period_end: NotRequired[str]
    rounding: str
    rounding_month: int
    cut_offs: str
    min_age_days: int
    counts: str
    extension_months: int
    notice_days: int
    min_validity_days: int


class CurrencySpec(TypedDict):
    """A currency; `expiry` None: its points never end."""

    code: str
    name: str
    kind: str
    decimals: int
    rounding: str
    is_primary: bool
    cost_per_point: str
    point_value: str
    pending_days: int
    pending_event: str
    pending_deadline_days: int
    expiry_starts: str
    refund_policy: str
    consumption: str
    returned_points: str
    grace_days: int
    min_spend: int
    max_spend: int | None
    spend_step: int
    max_basket_percent: int
    max_balance: int | None
    transfers: bool
    transfer_min: int
    transfer_max: int | None
    transfer_fee_percent: int
    transfer_after_days: int
    transfer_daily_limit: int | None
    transfer_daily_count: int | None
    transfer_yearly_limit: int | None
    transfer_yearly_count: int | None
    transfer_cooling_days: int
    # Snapshots of before there were any have none.
    milestones: NotRequired[str]
    expiry: ExpirySpec | None


class BenefitSpec(TypedDict):
    """A privilege of a tier; `details` is what its kind needs."""

    code: str
    name: str
    text: str
    kind: str
    starts_on: str | None
    ends_on: str | None
    details: JsonObject


class FurtherSpec(TypedDict):
    """What reaches and keeps a tier in a further currency."""

    threshold: int | None
    retention: NotRequired[int | None]


class TierSpec(TypedDict):
    """One level of a tier group; snapshots of long ago lack what came since."""

    code: str
    name: str
    sequence: int
    threshold: int | None
    retention: NotRequired[int | None]
    further: NotRequired[dict[str, FurtherSpec]]
    multiplier: str
    extension_months: int
    colour: str
    # The code of the segment that it follows, "" for none.
    segment: NotRequired[str]
    benefits: NotRequired[list[BenefitSpec]]


class TierGroupSpec(TypedDict):
    """A ladder of tiers; `currency` "" counts nothing. Snapshots of long ago have `window` "year" or "lifetime"
    in place of a model, and none of what came since."""

    code: str
    name: str
    currency: str
    further_currencies: NotRequired[list[str]]
    model: NotRequired[str]
    match: NotRequired[str]
    cycle_start: NotRequired[str]
    window: int | str
    window_unit: NotRequired[str]
    validity: NotRequired[str]
    period: NotRequired[int]
    period_unit: NotRequired[str]
    period_end: NotRequired[str]
    rounding: NotRequired[str]
    on_end: NotRequired[str]
    grace: NotRequired[int]
    grace_unit: NotRequired[str]
    grace_to_month_end: NotRequired[bool]
    rollover: NotRequired[bool]
    rollover_limit: NotRequired[int | None]
    late_window: NotRequired[int]
    on_reversal: NotRequired[str]
    holds_downgrades: NotRequired[bool]
    tiers: list[TierSpec]


class SkuListSpec(TypedDict):
    """A list of SKUs, which are not part of the document: `entries` counts what is stored, but for snapshots."""

    code: str
    name: str
    entries: NotRequired[int]


class PromotionSpec(TypedDict):
    """A promotion; rules and caps name it by its code."""

    code: str
    name: str
    description: str
    starts_on: str | None
    ends_on: str | None
    conditions: JsonObject
    opt_in: bool
    uses_per_code: int
    holdout_percent: int
    stopped_from: str | None
    is_active: bool


class RuleSpec(TypedDict):
    """An earning rule; `promotion` "" is that of none. `version` comes with the snapshots of old configurations, of
    which those of long ago do not say how it stands to others."""

    code: str
    name: str
    kind: str
    currency: str
    promotion: NotRequired[str]
    group: str
    priority: int
    stacking: NotRequired[str]
    choice: NotRequired[str]
    starts_on: str | None
    ends_on: str | None
    is_active: bool
    params: JsonObject
    conditions: JsonObject
    version: NotRequired[int]


class CapSpec(TypedDict):
    """A cap; `rule` "" covers all rules, `promotion` "" all promotions, `store` "" all stores."""

    code: str
    name: str
    currency: str
    rule: str
    promotion: NotRequired[str]
    store: str
    scope: str
    period: str
    trailing_days: int
    measure: str
    limit: int
    behaviour: str
    reopens: bool
    alert_percent: NotRequired[int]
    is_active: bool


class SegmentSpec(TypedDict):
    """A segment; `conditions` is a tree of programs/segments/trees.py."""

    code: str
    name: str
    description: str
    is_active: bool
    conditions: JsonObject


class Document(TypedDict):
    """A whole program. Snapshots that were stored before there were caps, lists of SKUs, promotions or segments have
    none."""

    format: str
    program: ProgramSpec
    partners: list[str]
    currencies: list[CurrencySpec]
    tier_groups: list[TierGroupSpec]
    sku_lists: NotRequired[list[SkuListSpec]]
    promotions: NotRequired[list[PromotionSpec]]
    rules: list[RuleSpec]
    caps: NotRequired[list[CapSpec]]
    segments: NotRequired[list[SegmentSpec]]
