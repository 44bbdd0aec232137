"""How is a quote written in the API: what may be asked, what is answered?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias, cast

from loyalty_site.lib import money
from loyalty_site.lib.schema_objects import Answer, Answered, Fields, Items, Map
from loyalty_site.lib.schema_types import DecimalText, Instant, SchemaType, Text, Whole
from members.api.schemas.tiers import NEXT_TIER, next_tier
from partners.activity import Activity, Identifiers, Redemption
from partners.limits import LARGEST_KEY
from programs.configuration import Currency
from programs.traces import CutTrace, MissTrace, RuleTrace
from transactions.api.schemas import answers, requests
from transactions.api.schemas.fields import named, text
from transactions.models.journal_traces import AnyTrace
from transactions.proof.discreet import discreet
from transactions.proof.sentences import explain
from transactions.quotes.quoting import Quote, new_name
from transactions.quotes.redeemable import Redeemable
from transactions.verbs.paying import PURCHASE


@dataclass(frozen=True, slots=True)
class Asked:
    """A purchase as it is asked about, and the currency that might pay for it; "" for all that can be spent."""

    item: Activity
    redeem_currency: str


_NOBODY = Activity(kind=PURCHASE, external_id="", member={})


def _asked(redeem_currency: str = "", external_id: str = "", **said: object) -> Asked:
    # What may be said are the fields of an Activity, each read as what it holds.
    item = replace(_NOBODY, external_id=external_id or new_name(), **said)  # type: ignore[arg-type]
    return Asked(item, redeem_currency)


@lru_cache(maxsize=8)
def asking(decimals: int) -> Fields[Asked]:
    """What POST programs/CODE/quotes/ takes, with amounts of a money that has so many decimals."""
    same = requests.transaction(decimals).fields
    other: dict[str, SchemaType[object]] = {
        "external_id": text(Activity, "external_id", text="Needless: nothing is written down."),
        "member": Fields[Identifiers](
            "", requests.MEMBER.fields, text="Whose purchase it is; unless said, that of somebody who joins just now."
        ),
        "activity": text(Activity, "kind", text="purchase unless said; visit, or the name of an event."),
        "redeem_currency": text(
            Redemption, "currency", text="Ask about points of this currency only; all that can be spent unless said."
        ),
    }
    names = {"activity": "kind", "currency": "money"}
    return Fields(named("NewQuote", decimals), dict(same) | other, _asked, names=names)


QUOTE_REQUEST = asking(2)

_CODE, _NAME, _SENTENCE = Text(40), Text(80), Text(2000, text="The same in words.")
_EARNED = Answer(
    "QuotedPoints",
    {
        "currency": _CODE,
        "name": _NAME,
        "points": Whole(text="In the currency's smallest unit."),
        "desired_points": Whole(text="What the rules give before caps cut it."),
        "rules": Items(
            Answer("QuotedRule", {"rule": _CODE, "name": _NAME, "points": Whole(), "sentence": _SENTENCE}),
            text="What gives them.",
        ),
        "cuts": Items(
            Answer("QuotedCut", {"cap": _CODE, "name": _NAME, "from": Whole(), "to": Whole(), "sentence": _SENTENCE}),
            text="What caps cut off, in their order.",
        ),
        "pending": answers.PENDING,
        "expires_at": Instant(null=True, text="When they end; null: never, or there are none."),
    },
    maybe=["pending"],
)
_TIER = Answer(
    "QuotedTier",
    {
        "group": _CODE,
        "before": Text(40, null=True, text="The tier that is held; null: none."),
        "after": Text(40, null=True, text="The tier that is held afterwards."),
        "to_next": NEXT_TIER,
    },
)
_REDEEMABLE = Answer(
    "Redeemable",
    {
        "currency": _CODE,
        "name": _NAME,
        "balance": Whole(-money.LARGEST),
        "available": Whole(text="What can be spent now."),
        "least": Whole(text="The fewest points of any redemption."),
        "most": Whole(null=True, text="The most of any redemption; null: no limit."),
        "step": Whole(text="Points are spent in multiples of it."),
        "point_value": DecimalText(null=True, text="Money for one point; null where points have no money value."),
        "points": Whole(text="The most that can pay for this purchase: what redeem may say at most; 0: none."),
        "points_used": Whole(text="What would be taken of them; less where the rest would buy nothing."),
        "money_value": DecimalText(null=True, text="What they pay, in the program's money."),
        "earns": Map(Whole(), text="What the purchase would earn then, by currency code."),
        "detail": Text(2000, text="Why no points can pay; else empty."),
    },
)
QUOTE = Answer(
    "Quote",
    {
        "status": Text(
            10,
            choices=("computed", "kept", "replayed"),
            text="“kept”: it would be written down and wait; “replayed”: it was posted already; `detail` says more.",
        ),
        "id": Whole(1, LARGEST_KEY, null=True, text="Of the transaction, where it was posted already."),
        "detail": Text(300, text="Why it gives nothing yet, or nothing more; else empty."),
        "at": Instant(text="The moment for which it is computed."),
        "version": Whole(1, text="Version of the program."),
        "member": Answer(
            "QuotedMember",
            {
                "number": Text(24),
                "merged_from": Text(
                    24, null=True, text="The number that was sent, where it is of somebody merged into this member."
                ),
            },
            null=True,
            text="Null for somebody who joins just now.",
        ),
        "earns": Items(_EARNED, text="What it gives, by currency, for the amounts that were sent."),
        "discounts": answers.DISCOUNTS,
        "discount_total": answers.DISCOUNT_TOTAL,
        "earns_after": Map(
            Whole(),
            null=True,
            text=(
                "By currency code, what it gives once the till has taken the discounts off; null: there are none, or "
                "the lines say already what was taken off."
            ),
        ),
        "promotions": Map(Map(Whole()), text="What promotions give of it, by their code and currency."),
        "shared": Map(Map(Whole()), text="What of it goes to groups of the member, by their number and currency."),
        "nearest": Answer(
            "QuotedMiss",
            {"rule": _CODE, "name": _NAME, "why": Text(2000), "sentence": _SENTENCE},
            null=True,
            text="The rule that came nearest to giving something, and why it did not.",
        ),
        "tiers": Items(_TIER, text="Where the member stands on each ladder."),
        "redeem": Items(_REDEEMABLE, text="What points can pay of it, the program's main points first."),
        "replaced": answers.REPLACED,
        "warnings": answers.WARNINGS,
    },
    maybe=["replaced"],
)
_Said: TypeAlias = Mapping[str, Answered]


def quote(told: Quote) -> _Said:
    """A Quote as the API answers it."""
    status = "computed" if told.result.status == "posted" else told.result.status
    answer, member = told.answer, {"number": told.number, "merged_from": told.merged_from or None}
    return {
        "status": status,
        "id": told.result.journal_id if status == "replayed" else None,
        "detail": told.detail,
        "at": told.at,
        "version": told.configuration.version,
        "member": member if told.number else None,
        "earns": list(_earned(told)),
        "discounts": answer.get("discounts", []),
        "discount_total": answer.get("discount_total", _nothing(told)),
        "earns_after": None if told.earns_after is None else dict(told.earns_after),
        "promotions": answer.get("promotions", {}),
        "shared": answer.get("shared", {}),
        "nearest": _nearest(told),
        "tiers": [
            {
                "group": before.group.code,
                "before": before.tier.code if before.tier else None,
                "after": after.tier.code if after.tier else None,
                "to_next": next_tier(after),
            }
            for before, after in zip(told.before, told.after, strict=True)
        ],
        "redeem": [_redeemable(one) for one in told.redeemables],
        **({"replaced": answer["replaced"]} if "replaced" in answer else {}),
        "warnings": answer.get("warnings", []),
    }


def _nothing(told: Quote) -> str:
    """No money, of that which the program counts in."""
    return money.render(0, money.exponent(told.configuration.money))


def _earned(told: Quote) -> Iterator[_Said]:
    """What is given of each currency of which a rule gave something."""
    points, pending, ends = (cast(_Said, told.answer.get(name, {})) for name in ("points", "pending", "expires"))
    rules = told.trace["rules"] if told.trace and "rules" in told.trace else []
    cuts = told.trace.get("caps", {}).get("cuts", []) if told.trace else []
    for code, currency in told.configuration.currencies.items():
        own = [rule for rule in rules if rule["currency"] == code]
        if not own:
            continue
        yield {
            "currency": code,
            "name": currency.name,
            "points": points.get(code, 0),
            "desired_points": sum(rule.get("desired", rule["points"]) for rule in own),
            "rules": [_rule(rule, currency) for rule in own],
            "cuts": [_cut(cut, currency) for cut in cuts if cut["currency"] == code],
            **({"pending": pending[code]} if code in pending else {}),
            "expires_at": ends.get(code),
        }


def _rule(rule: RuleTrace, currency: Currency) -> _Said:
    said: _Said = {"rule": rule["rule"], "name": rule["name"], "points": rule["points"]}
    return {**said, "sentence": _sentence({"rules": [rule]}, currency)}


def _cut(cut: CutTrace, currency: Currency) -> _Said:
    said: _Said = {"cap": cut["cap"], "name": cut["name"], "from": cut["from"], "to": cut["to"]}
    return {**said, "sentence": _sentence({"caps": {"cuts": [cut]}}, currency)}


def _nearest(told: Quote) -> _Said | None:
    """None also where it is of a promotion of which the member is left out: a till would tell them."""
    miss: MissTrace | None = discreet(cast(AnyTrace, told.trace)).get("nearest") if told.trace else None
    if miss is None:
        return None
    said: _Said = {"rule": miss["rule"], "name": miss["name"], "why": miss["why"]}
    return {**said, "sentence": _sentence({"nearest": miss})}


def _sentence(part: Mapping[str, object], currency: Currency | None = None) -> str:
    """What is said of a part of a trace by itself."""
    return " ".join(explain(cast(AnyTrace, part), {currency.code: currency} if currency else {}))


def _redeemable(one: Redeemable) -> _Said:
    currency = one.currency
    return {
        "currency": currency.code,
        "name": currency.name,
        "balance": one.balance,
        "available": one.available,
        "least": one.least,
        "most": one.most,
        "step": one.step,
        "point_value": f"{currency.point_value.normalize():f}" if currency.point_value else None,
        "points": one.points,
        "points_used": one.points_used,
        "money_value": one.money_value,
        "earns": dict(one.earns or {}),
        "detail": one.detail,
    }
