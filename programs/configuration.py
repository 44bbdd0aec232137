"""What does a program promise, as frozen values that rules and the ledger can work with?

Compiled from a program's document, so a live program, an old version and a draft are the same thing.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from loyalty_site.lib import money
from programs import capping, periods, rules
from programs.capping import Cap
from programs.expiry import Terms
from programs.rules import conditions


@dataclass(frozen=True, slots=True)
class Currency:
    """`unit` is how many smallest units make one point; `id` is None for a draft that is not stored."""

    id: int | None
    code: str
    name: str
    kind: str
    decimals: int
    unit: int
    rounding: str
    is_primary: bool
    expiry: Terms
    point_value: Decimal
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

    @property
    def is_spendable(self):
        return self.kind == "spendable"


@dataclass(frozen=True, slots=True)
class Tier:
    id: int | None
    code: str
    name: str
    threshold: int
    multiplier: Fraction
    extension_months: int


@dataclass(frozen=True, slots=True)
class TierGroup:
    """`tiers` from the lowest to the highest."""

    id: int | None
    code: str
    currency: str
    window: str
    tiers: tuple[Tier, ...]

    def reached(self, points):
        """The highest tier whose threshold `points` reaches (inclusive), or None."""
        return next((tier for tier in reversed(self.tiers) if points >= tier.threshold), None)

    def rank(self, code):
        """The place of a tier in the ladder, -1 for none."""
        return next((place for place, tier in enumerate(self.tiers) if tier.code == code), -1)

    def period(self, instant, zone):
        """The first day of the window in which an activity at `instant` counts."""
        if self.window == "year":
            return date(periods.local_date(instant, zone).year, 1, 1)
        return date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Rule:
    """`kind` is a ready instance of a file of programs/rules/."""

    code: str
    name: str
    version: int
    currency: str
    group: str
    priority: int
    starts_on: date | None
    ends_on: date | None
    kind: rules.Kind
    conditions: tuple[conditions.Condition, ...]
    filters: tuple[conditions.Condition, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole program at one version. `rules` and `caps` are in evaluation order; `is_capped` when a cap or
    the largest balance of a currency may cut what the rules give; `timeline` are (since, version) of the
    versions under which it was active, the oldest first."""

    id: int | None
    version: int
    code: str
    name: str
    status: str
    zone: ZoneInfo
    money: str
    major: int
    rounds_per_line: bool
    earns_on_tax: bool
    earns_on_shipping: bool
    earns_on_gift_cards: bool
    max_backdate_days: int
    pre_enrolment_days: int
    owner: str
    partners: frozenset
    currencies: dict
    tier_groups: dict
    rules: tuple[Rule, ...]
    caps: tuple[Cap, ...]
    is_capped: bool
    timeline: tuple = ()

    @property
    def primary(self):
        """The currency that is meant where none is named, or None."""
        spendable = [c for c in self.currencies.values() if c.is_spendable]
        return next((c for c in spendable if c.is_primary), spendable[0] if len(spendable) == 1 else None)

    def tier(self, group, code):
        group = self.tier_groups.get(group)
        return next((tier for tier in group.tiers if tier.code == code), None) if group else None


@dataclass(frozen=True, slots=True)
class Ids:
    """Primary keys by code, of what is stored; empty for a draft."""

    program: int | None = None
    currencies: dict = None
    tier_groups: dict = None
    tiers: dict = None
    caps: dict = None


def build(document, *, version=0, ids=None, timeline=()):
    """The Configuration that a *valid* document describes (programs/document.py checks it first)."""
    ids = ids or Ids(currencies={}, tier_groups={}, tiers={}, caps={})
    program = document["program"]
    currencies = {spec["code"]: _currency(spec, ids) for spec in document["currencies"]}
    # Documents of versions that were stored before there were caps have none.
    caps = tuple(sorted(_caps(document, ids), key=lambda cap: cap.order))
    return Configuration(
        id=ids.program,
        version=version,
        code=program["code"],
        name=program["name"],
        status=program["status"],
        zone=ZoneInfo(program["time_zone"]),
        money=program["money"],
        major=10 ** money.exponent(program["money"]),
        rounds_per_line=program["round_per"] == "line",
        earns_on_tax=program["earns_on_tax"],
        earns_on_shipping=program["earns_on_shipping"],
        earns_on_gift_cards=program["earns_on_gift_cards"],
        max_backdate_days=program["max_backdate_days"],
        pre_enrolment_days=program["pre_enrolment_days"],
        owner=program["owner"],
        partners=frozenset([program["owner"], *document["partners"]]),
        currencies=currencies,
        tier_groups={g["code"]: _tier_group(g, ids) for g in document["tier_groups"]},
        rules=tuple(sorted((_rule(r) for r in document["rules"] if r["is_active"]), key=_order)),
        caps=caps,
        is_capped=bool(caps) or any(currency.max_balance is not None for currency in currencies.values()),
        timeline=tuple(timeline),
    )


def _currency(spec, ids):
    expiry = spec["expiry"]
    return Currency(
        id=ids.currencies.get(spec["code"]),
        code=spec["code"],
        name=spec["name"],
        kind=spec["kind"],
        decimals=spec["decimals"],
        unit=10 ** spec["decimals"],
        rounding=spec["rounding"],
        is_primary=spec["is_primary"],
        expiry=_terms(expiry) if expiry else Terms(),
        point_value=Decimal(spec["point_value"]),
        **{name: spec[name] for name in _AS_THEY_ARE},
    )


_AS_THEY_ARE = (
    "pending_days pending_event pending_deadline_days expiry_starts refund_policy consumption returned_points "
    "grace_days min_spend max_spend spend_step max_basket_percent max_balance transfers transfer_min transfer_max "
    "transfer_fee_percent transfer_after_days transfer_daily_limit transfer_daily_count "
    "transfer_yearly_limit transfer_yearly_count transfer_cooling_days"
).split()


def _terms(spec):
    spec = dict(spec)
    cut_offs = tuple(sorted(part.strip() for part in spec.pop("cut_offs").split(",") if part.strip()))
    counts = frozenset(part.strip() for part in spec.pop("counts").split(",") if part.strip())
    return Terms(**spec, cut_offs=cut_offs, counts=counts)


def _tier_group(spec, ids):
    tiers = [
        Tier(
            id=ids.tiers.get((spec["code"], tier["code"])),
            code=tier["code"],
            name=tier["name"],
            threshold=tier["threshold"],
            extension_months=tier["extension_months"],
            multiplier=Fraction(Decimal(tier["multiplier"])),
        )
        for tier in sorted(spec["tiers"], key=lambda tier: tier["sequence"])
    ]
    return TierGroup(
        id=ids.tier_groups.get(spec["code"]),
        code=spec["code"],
        currency=spec["currency"],
        window=spec["window"],
        tiers=tuple(tiers),
    )


def _rule(spec):
    kind = rules.registry[spec["kind"]]
    form = kind.Params(data=spec["params"])
    if not form.is_valid():
        raise ValueError(f"rule {spec['code']}: {form.errors.as_json()}")
    every = [conditions.registry[key](value) for key, value in spec["conditions"].items()]
    return Rule(
        code=spec["code"],
        name=spec["name"],
        version=spec.get("version", 1),
        currency=spec["currency"],
        group=spec["group"],
        priority=spec["priority"],
        starts_on=_date(spec["starts_on"]),
        ends_on=_date(spec["ends_on"]),
        kind=kind(form.cleaned_data),
        conditions=tuple(every),
        filters=tuple(c for c in every if conditions.is_line_filter(c)),
    )


def _caps(document, ids):
    program, specs = document["program"], {spec["code"]: spec for spec in document["currencies"]}
    for spec in document.get("caps", ()):
        if spec["is_active"]:
            limit, per_point = capping.scaled(
                measure=spec["measure"],
                limit=spec["limit"],
                cost=Decimal(specs[spec["currency"]]["cost_per_point"]),
                decimals=specs[spec["currency"]]["decimals"],
                major=10 ** money.exponent(program["money"]),
            )
            own = {name: spec[name] for name in _CAP_AS_IT_IS}
            store = capping.store_of(spec["store"], program["owner"])
            yield Cap(id=ids.caps.get(spec["code"]), store=store, limit=limit, per_point=per_point, **own)


_CAP_AS_IT_IS = "code name currency rule scope period trailing_days measure behaviour reopens".split()


def _date(text):
    return date.fromisoformat(text) if text else None


def _order(rule):
    return rule.kind.phase != "base", rule.group, rule.priority, rule.code
