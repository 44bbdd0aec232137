"""How is a program written in the API: what is answered?"""

from collections.abc import Iterable, Mapping
from typing import cast

from django.utils import timezone

from loyalty_site.lib.schema_objects import Answer, Answered, Items
from loyalty_site.lib.schema_types import Day, DecimalText, Json, Text, Truth, Whole
from programs import document, periods
from programs.document.format import TierSpec
from programs.models import Benefit, Program, Rule, TierGroup
from programs.rules import sentences

_SUMMARY = {
    "code": Text(40),
    "name": Text(120),
    "status": Text(10, choices=Program.Status.values),
    "time_zone": Text(64, text="IANA zone in which days, months and expiry are computed."),
    "money": Text(3, text="ISO 4217 code of the amounts."),
    "language": Text(10),
    "owner": Text(40, text="Code of the partner who runs it."),
}
_EXPIRY = {
    "model": Text(20),
    "period": Whole(),
    "unit": Text(10),
    "period_end": Text(
        10,
        choices=("through", "before"),
        text="Whether a period includes the day on which it is complete: 12 months from 10 March last through "
        "10 March, or before it, through 9 March.",
    ),
    "rounding": Text(20),
    "min_validity_days": Whole(),
}
_CURRENCY = {
    "code": Text(40),
    "name": Text(60),
    "kind": Text(10, choices=("spendable", "qualifying")),
    "decimals": Whole(0, 4, text="Points are whole numbers of the smallest unit: with 2 decimals, 150 is 1.50."),
    "rounding": Text(10),
    "is_primary": Truth(text="Meant where a request names no currency."),
    "min_spend": Whole(text="The fewest points of one redemption."),
    "max_spend": Whole(null=True, text="The most points of one redemption; null: no limit."),
    "spend_step": Whole(text="Redemptions are multiples of it."),
    "expiry": Answer("Expiry", _EXPIRY, null=True, text="When its points end; null: never."),
}
_POINTS = "In the smallest unit of the currency; null: no points of it do."
_BENEFIT = {
    "code": Text(40),
    "name": Text(60),
    "text": Text(400, text="What members read."),
    "kind": Text(10, choices=Benefit.Kind.values),
    "starts_on": Day(null=True),
    "ends_on": Day(null=True, text="Inclusive; null: open."),
    "details": Json(text="What its kind needs."),
}
_TIER = {
    "code": Text(40),
    "name": Text(60),
    "sequence": Whole(),
    "threshold": Whole(null=True, text="Points of the first currency that reach the tier, inclusive. " + _POINTS),
    "retention": Whole(null=True, text="Points that keep it when its validity ends; null: as many as reach it."),
    "further": Json(text="For each further currency by its code: threshold and retention, as above."),
    "multiplier": DecimalText(),
    "colour": Text(7),
    "segment": Text(40, text="The segment whose members hold it at least; empty: none."),
}
_TIER_GROUP = {
    "code": Text(40),
    "name": Text(60),
    "model": Text(12, choices=TierGroup.Model.values, text="Which points count."),
    "currency": Text(40, text="The first currency that counts; empty in a manual ladder."),
    "further_currencies": Items(Text(40), text="Codes of the others."),
    "match": Text(3, choices=TierGroup.Match.values, text="Whether any, or all, of the thresholds reach a tier."),
    "cycle_start": Text(5, text="calendar: the day of the year, as MM-DD, on which a cycle begins."),
    "window": Whole(text="rolling: how many trailing months or days count."),
    "window_unit": Text(5, choices=TierGroup.Unit.values),
    "validity": Text(24, choices=TierGroup.Validity.values, text="How long a tier holds once it is reached."),
    "period": Whole(text="How long, where the validity is a period."),
    "period_unit": Text(5, choices=TierGroup.Unit.values),
    "period_end": Text(7, choices=TierGroup.LastDay.values),
    "rounding": Text(10, choices=TierGroup.Rounding.values, text="To which end the last day of a period moves."),
    "on_end": Text(10, choices=TierGroup.OnEnd.values, text="Where a member goes who has not kept the tier."),
    "grace": Whole(text="For how long it is kept then all the same; 0: not at all."),
    "grace_unit": Text(5, choices=TierGroup.Unit.values),
    "grace_to_month_end": Truth(),
    "rollover": Truth(text="Points above the threshold open the next cycle, which else begins at 0."),
    "rollover_limit": Whole(null=True, text="At most so many; null: all."),
}
_LADDER = Answer(
    "TierGroup",
    _TIER_GROUP | {"tiers": Items(Answer("Tier", _TIER | {"benefits": Items(Answer("TierBenefit", _BENEFIT))}))},
)
_RULE = {
    "code": Text(40),
    "name": Text(80),
    "kind": Text(40),
    "currency": Text(40),
    "group": Text(40, text="The best rule of a group wins, unless its choice is another; groups add up."),
    "priority": Whole(),
    "stacking": Text(10, choices=Rule.Stacking.values),
    "choice": Text(10, text="What counts of its group: highest, lowest, newest, all; empty: as another says."),
    "starts_on": Day(null=True),
    "ends_on": Day(null=True),
    "params": Json(),
    "conditions": Json(),
    "version": Whole(),
}
_SENTENCE = Text(10_000, text="The whole rule in words, as staff read it.")
_SEGMENT = {
    "code": Text(40),
    "name": Text(80),
    "description": Text(400),
    "conditions": Json(text="Combined by all, any and not; see docs/segments.md."),
}
SUMMARY = Answer("ProgramSummary", _SUMMARY)
SUMMARIES = Answer("Programs", {"results": Items(SUMMARY)})
PROGRAM_DETAIL = Answer(
    "Program",
    _SUMMARY
    | {
        "version": Whole(text="Counts the changes of its configuration."),
        "partners": Items(Text(40), text="Codes of the other partners who take part."),
        "currencies": Items(Answer("Currency", _CURRENCY)),
        "tier_groups": Items(_LADDER),
        "rules": Items(
            Answer("Rule", _RULE | {"sentence": _SENTENCE}), text="Those that are switched on and not over."
        ),
        "segments": Items(Answer("Segment", _SEGMENT), text="Those that are switched on."),
    },
)


#: The columns of a Program that its summary is made of, as .values() names them.
SUMMARY_COLUMNS = [name for name in _SUMMARY if name != "owner"] + ["owner__code"]


def summary(row: dict[str, str]) -> Mapping[str, Answered]:
    """A Program, read with `.values(*SUMMARY_COLUMNS)`, as the API writes it."""
    return {name: row["owner__code" if name == "owner" else name] for name in _SUMMARY}


def described(program: Program) -> Mapping[str, Answered]:
    """A program as partners may see it: no costs, no limits of ours, no rules that are off or over."""
    written = document.export(program, with_versions=True)
    today = periods.local_date(timezone.now(), program.zone).isoformat()
    live = [rule for rule in written["rules"] if rule["is_active"] and (rule["ends_on"] or today) >= today]
    groups = [
        _only(_TIER_GROUP, group) | {"tiers": [_tier(tier) for tier in group["tiers"]]}
        for group in written["tier_groups"]
    ]
    currencies = [
        _only(_CURRENCY, currency) | {"expiry": _only(_EXPIRY, currency["expiry"]) if currency["expiry"] else None}
        for currency in written["currencies"]
    ]
    return _only(_SUMMARY, written["program"]) | {
        "version": program.version,
        "partners": written["partners"],
        "currencies": currencies,
        "tier_groups": groups,
        "rules": [_only(_RULE, rule) | {"sentence": sentences.of_spec(rule, written)} for rule in live],
        "segments": [_only(_SEGMENT, one) for one in written.get("segments", ()) if one["is_active"]],
    }


def _tier(tier: TierSpec) -> dict[str, Answered]:
    return _only(_TIER, tier) | {"benefits": [_only(_BENEFIT, benefit) for benefit in tier.get("benefits", ())]}


def _only(names: Iterable[str], spec: Mapping[str, object]) -> dict[str, Answered]:
    """The values of a part of a document that are for partners, all of them plain JSON."""
    return {name: cast(Answered, spec[name]) for name in names}
