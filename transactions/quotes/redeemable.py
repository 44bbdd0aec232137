"""How many points may pay for a purchase, what are they worth, and what would it earn then?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from members.holdings import Account
from partners.activity import Activity, PointsPaid
from programs.configuration import Configuration, Currency
from transactions.batch import Opened
from transactions.books.items import Result, wait_of
from transactions.books.lots import remaining
from transactions.books.posting import UnknownCurrency
from transactions.quotes.trials import Trials
from transactions.verbs.baskets import base_amount, most_in_base
from transactions.verbs.redemptions import least_of, most_for


@dataclass(frozen=True, slots=True)
class Redeemable:
    """What points of one currency can pay of a purchase, in the currency's smallest unit.

    `available` can be spent now. `least`, `most` (None: any number) and `step` hold for every redemption. `points`
    are the most on this purchase, 0 for none because of `detail`. Of them `points_used` would be taken, worth
    `money_value` of the program's money (None where points have no money value); what the purchase `earns` then is
    by currency code.
    """

    currency: Currency
    balance: int
    available: int
    least: int
    most: int | None
    step: int
    points: int = 0
    points_used: int = 0
    money_value: str | None = None
    earns: Mapping[str, int] | None = None
    detail: str = ""


def asked_about(configuration: Configuration, code: str) -> list[Currency]:
    """The currencies that are asked about: the one of this code, for "" all that can be spent, the primary one first.

    Raises UnknownCurrency.
    """
    spendable = {one.code: one for one in configuration.currencies.values() if one.is_spendable}
    if not code:
        return sorted(spendable.values(), key=lambda one: (one is not configuration.primary, one.code))
    if code not in spendable:
        detail = f"Points that can be spent are: {', '.join(spendable) or 'none'}."
        raise UnknownCurrency(detail, field="redeem_currency")
    return [spendable[code]]


def paid_with(item: Activity, currency: Currency, points: int = 1) -> Activity:
    """The purchase, paid with so many points; what they pay is worked out where they have a money value."""
    redeem = PointsPaid(points, currency.code, item.redeem.group if item.redeem else {})
    return replace(item, redeem=redeem, points_value=0 if currency.point_value else item.points_value)


def redeemable(trials: Trials, opened: Opened, guise: int, currency: Currency, rate: Decimal | None) -> Redeemable:
    """What points of `currency` can pay of the purchase, of which the `guise` is the one that is paid with them.

    `rate` is base money for one unit of its own.
    """
    item, payer = trials.items[guise], _payer(trials, opened, guise)
    lots = opened.books.lots.get((payer.id, currency.id), {}).values()
    at = max(trials.now, item.activity_at or trials.now)
    usable = remaining([lot for lot in lots if lot.is_usable(at)])
    told = Redeemable(
        currency=currency,
        # An account that is asked for a balance has one from then on.
        balance=payer.holdings[currency.id].balance if currency.id in payer.holdings else 0,
        available=usable,
        least=least_of(currency),
        most=currency.max_spend,
        step=currency.spend_step,
    )
    if refused := opened.found.results.get(guise):
        # It does not fit what else is said of the purchase.
        return replace(told, detail=refused.refusal.detail if refused.refusal else "")
    points = most_for(
        currency,
        trials.configuration,
        usable=min(usable, _allowed(opened, guise, usable)),
        basket=base_amount(item, trials.configuration, rate),
        left=most_in_base(item.paid - item.gift_card, item, trials.configuration, rate),
    )
    # Where none can pay, the refusal of the fewest says why.
    trials.items[guise] = paid_with(item, currency, points or told.least)
    return _tried(told, points, trials.run_apart(opened, guise).result)


def _tried(told: Redeemable, points: int, result: Result) -> Redeemable:
    """With what became of the purchase that was paid with so many `points`, or where these are 0 with the fewest."""
    answer = result.answer or {}
    if result.refusal or not points or "redeemed" not in answer:
        return replace(told, detail=result.refusal.detail if result.refusal else wait_of(result))
    spent = cast("dict[str, int | str | None]", answer["redeemed"])
    return replace(
        told,
        points=points,
        points_used=cast(int, spent["points_used"]),
        money_value=cast("str | None", spent["money_value"]),
        earns=cast("dict[str, int]", answer["points"]),
    )


def _payer(trials: Trials, opened: Opened, guise: int) -> Account:
    """Whose points pay: the member's own, or those of the group that is named."""
    redeem = trials.items[guise].redeem
    owner, second = opened.found.parties.get(guise, opened.found.parties[0])
    payer = (second if redeem and redeem.group else None) or owner
    assert payer is not None
    return opened.books.accounts[payer]


def _allowed(opened: Opened, guise: int, usable: int) -> int:
    """How many of the `usable` points the member may still spend today, where they are those of a group."""
    owner, group = opened.found.parties[guise]
    relation = opened.books.relations.find(owner, group)
    if relation is None or relation.daily_limit is None:
        return usable
    return max(0, relation.daily_limit - relation.spent_of(opened.books.today))
