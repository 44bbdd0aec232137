"""How does a document become the Configuration that rules and the ledger work with?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from loyalty_site.lib import money
from loyalty_site.lib.texts import listed
from programs import capping, compiling_ladders, compiling_promotions, rules
from programs.capping import Cap
from programs.competing import STACKABLE
from programs.compiled_rules import Rule
from programs.configuration import Configuration, Currency
from programs.document.format import (
    CapSpec,
    CurrencySpec,
    Document,
    ExpirySpec,
    ProgramSpec,
    RuleSpec,
)
from programs.expiry import Terms
from programs.ladders import TierGroup
from programs.rules import naming
from programs.rules.conditions import reading
from programs.scoring import USUAL
from programs.scoring import Terms as Scoring
from programs.written import day_of, is_day_of_year, milestones


@dataclass(frozen=True, slots=True)
class Ids:
    """Primary keys by code, of what is stored; empty for a draft. `tiers` by the codes of group and tier,
    `benefits` by those of group, tier and benefit. `recounts` are versions, of the groups that are counted anew."""

    program: int = 0
    currencies: Mapping[str, int] = field(default_factory=dict)
    tier_groups: Mapping[str, int] = field(default_factory=dict)
    recounts: Mapping[str, int] = field(default_factory=dict)
    tiers: Mapping[tuple[str, str], int] = field(default_factory=dict)
    benefits: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    caps: Mapping[str, int] = field(default_factory=dict)
    promotions: Mapping[str, int] = field(default_factory=dict)


#: What every program knows.
USUAL_ACTIVITIES = ("purchase", "visit")

#: Of a draft.
NO_IDS = Ids()


def build(
    document: Document, *, version: int = 0, ids: Ids = NO_IDS, timeline: Iterable[tuple[datetime, int]] = ()
) -> Configuration:
    """The Configuration that a *valid* document describes (programs/document checks it first).

    Raises ValueError where the parameters of a rule are not valid.
    """
    program, currencies = document["program"], {one["code"]: _currency(one, ids) for one in document["currencies"]}
    caps = tuple(sorted(_caps(document, ids), key=lambda cap: cap.order))
    return Configuration(
        id=ids.program,
        version=version,
        code=program["code"],
        name=program["name"],
        status=program["status"],
        zone=ZoneInfo(program["time_zone"]),
        country=program.get("country", ""),
        money=program["money"],
        major=10 ** money.exponent(program["money"]),
        rounds_per_line=program["round_per"] == "line",
        earns_on_tax=program["earns_on_tax"],
        earns_on_shipping=program["earns_on_shipping"],
        earns_on_gift_cards=program["earns_on_gift_cards"],
        earns_on_points=program.get("earns_on_points", False),  # Versions of before do not say it.
        max_backdate_days=program["max_backdate_days"],
        pre_enrolment_days=program["pre_enrolment_days"],
        owner=program["owner"],
        partners=frozenset([program["owner"], *document["partners"]]),
        currencies=currencies,
        tier_groups=_tier_groups(document, ids),
        rules=tuple(sorted(_rules(document), key=_order)),
        caps=caps,
        is_capped=bool(caps) or any(one.max_balance is not None for one in currencies.values()),
        timeline=tuple(timeline),
        is_strict=program.get("strictness") == "refuse",
        known_activities=known_activities(document),
        channels=listed(program.get("channels", "")),
        promotions=compiling_promotions.promotions(document, ids.promotions),
        scoring=_scoring(program),
    )


def _scoring(program: ProgramSpec) -> Scoring:
    """How the activity of members is scored; versions of before there was a score do not say it."""
    return Scoring(
        days=program.get("score_days", USUAL.days),
        recency=program.get("score_recency", USUAL.recency),
        frequency=program.get("score_frequency", USUAL.frequency),
        spend=program.get("score_spend", USUAL.spend),
        purchases=program.get("score_purchases", USUAL.purchases),
        money=program.get("score_money", USUAL.money),
    )


def known_activities(document: Document) -> frozenset[str]:
    """The kinds of activity that a *valid* document speaks of anywhere."""
    counted = [listed(currency["expiry"]["counts"]) for currency in document["currencies"] if currency["expiry"]]
    return reported_activities(document).union(*counted)


def reported_activities(document: Document) -> frozenset[str]:
    """Those of its lists and rules, also of rules that are switched off, and those that set points free."""
    named = {*USUAL_ACTIVITIES, *listed(document["program"].get("activities", ""))}
    for spec in document["rules"]:
        if made := rules.made(spec["kind"], spec["params"]):
            named |= made.activities or set()
    named |= {currency["pending_event"] for currency in document["currencies"]}
    return frozenset(named - {""})


def _currency(spec: CurrencySpec, ids: Ids) -> Currency:
    return Currency(
        id=ids.currencies.get(spec["code"], 0),
        code=spec["code"],
        name=spec["name"],
        kind=spec["kind"],
        decimals=spec["decimals"],
        unit=10 ** spec["decimals"],
        rounding=spec["rounding"],
        is_primary=spec["is_primary"],
        expiry=terms(spec["expiry"]) if spec["expiry"] else Terms(),
        point_value=Decimal(spec["point_value"]),
        pending_days=spec["pending_days"],
        pending_event=spec["pending_event"],
        pending_deadline_days=spec["pending_deadline_days"],
        expiry_starts=spec["expiry_starts"],
        refund_policy=spec["refund_policy"],
        consumption=spec["consumption"],
        returned_points=spec["returned_points"],
        grace_days=spec["grace_days"],
        min_spend=spec["min_spend"],
        max_spend=spec["max_spend"],
        spend_step=spec["spend_step"],
        max_basket_percent=spec["max_basket_percent"],
        max_balance=spec["max_balance"],
        transfers=spec["transfers"],
        transfer_min=spec["transfer_min"],
        transfer_max=spec["transfer_max"],
        transfer_fee_percent=spec["transfer_fee_percent"],
        transfer_after_days=spec["transfer_after_days"],
        transfer_daily_limit=spec["transfer_daily_limit"],
        transfer_daily_count=spec["transfer_daily_count"],
        transfer_yearly_limit=spec["transfer_yearly_limit"],
        transfer_yearly_count=spec["transfer_yearly_count"],
        transfer_cooling_days=spec["transfer_cooling_days"],
        milestones=tuple(sorted(milestones(spec.get("milestones", "")))),
    )


def terms(spec: ExpirySpec) -> Terms:
    """The Terms of an expiry rule as a document says it."""
    return Terms(
        model=spec["model"],
        period=spec["period"],
        unit=spec["unit"],
        period_end=spec.get("period_end", "through"),
        rounding=spec["rounding"],
        rounding_month=spec["rounding_month"],
        # Stored versions may be older than the check of what stands there.
        cut_offs=tuple(sorted(filter(is_day_of_year, listed(spec["cut_offs"])))),
        min_age_days=spec["min_age_days"],
        counts=listed(spec["counts"]),
        extension_months=spec["extension_months"],
        notice_days=spec["notice_days"],
        min_validity_days=spec["min_validity_days"],
    )


def _tier_groups(document: Document, ids: Ids) -> dict[str, TierGroup]:
    return {
        spec["code"]: compiling_ladders.tier_group(
            spec, ids.tier_groups, ids.tiers, ids.benefits, ids.recounts, ids.currencies
        )
        for spec in document["tier_groups"]
    }


def _rules(document: Document) -> Iterator[Rule]:
    """Those that are switched on; what a rule says of its group holds also while that rule is switched off."""
    choices = {rules.place(spec): spec["choice"] for spec in document["rules"] if spec.get("choice")}
    offers = {spec["code"]: spec for spec in document.get("promotions", ())}
    for spec in document["rules"]:
        offer = offers.get(spec.get("promotion", ""))
        if spec["is_active"] and (offer is None or offer["is_active"]):
            yield compiling_promotions.gated(_rule(spec, choices.get(rules.place(spec), "")), offer)


def _rule(spec: RuleSpec, choice: str) -> Rule:
    kind = rules.registry[spec["kind"]]
    form = kind.Params(data=spec["params"])
    if not form.is_valid():
        raise ValueError(f"rule {spec['code']}: {form.errors.as_json()}")
    found = reading.compiled(spec["conditions"])
    made = kind(form.cleaned_data)
    made.code = spec["code"]
    currency, group = rules.place(spec)
    return Rule(
        code=spec["code"],
        name=spec["name"],
        version=spec.get("version", 1),
        currency=currency,
        group=group,
        priority=spec["priority"],
        stacking=spec.get("stacking", STACKABLE),
        choice=choice,
        starts_on=day_of(spec["starts_on"]),
        ends_on=day_of(spec["ends_on"]),
        kind=made,
        conditions=found.plain,
        filters=found.filters,
        tree=found.tree,
        chooses_lines=found.chooses_lines,
        waits_for=naming.waits_for(spec["conditions"]),
    )


def _order(rule: Rule) -> tuple[bool, str, int, str]:
    """The order of evaluation: what multiplies comes after what it multiplies."""
    return rule.kind.phase != "base", rule.group, rule.priority, rule.code


def _caps(document: Document, ids: Ids) -> Iterator[Cap]:
    program, currencies = document["program"], {spec["code"]: spec for spec in document["currencies"]}
    for spec in document.get("caps", ()):
        if spec["is_active"]:
            yield _cap(spec, currencies[spec["currency"]], ids, program["owner"], money.exponent(program["money"]))


def _cap(spec: CapSpec, currency: CurrencySpec, ids: Ids, owner: str, exponent: int) -> Cap:
    limit, per_point = capping.scaled(
        measure=spec["measure"],
        limit=spec["limit"],
        cost=Decimal(currency["cost_per_point"]),
        decimals=currency["decimals"],
        major=10**exponent,
    )
    return Cap(
        id=ids.caps.get(spec["code"], 0),
        code=spec["code"],
        name=spec["name"],
        currency=spec["currency"],
        rule=spec["rule"],
        store=capping.store_of(spec["store"], owner),
        scope=spec["scope"],
        period=spec["period"],
        trailing_days=spec["trailing_days"],
        measure=spec["measure"],
        limit=limit,
        per_point=per_point,
        behaviour=spec["behaviour"],
        reopens=spec["reopens"],
        promotion=spec.get("promotion", ""),
        alert_percent=spec.get("alert_percent", 0),
    )
