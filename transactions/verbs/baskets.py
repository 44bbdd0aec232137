"""What do the rules see of an activity that may have been paid in foreign money, or of which parts came back?"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from loyalty_site.lib import money
from partners.activity import Activity
from programs import earning, periods, rounding
from programs.configuration import Configuration
from programs.models import ExchangeRate
from programs.rules.base import Basket
from transactions.books.posting import Rates
from transactions.books.refunded import Share

#: A rate is taken from the day itself or the last one before it, but no older than this.
OLDEST_RATE = timedelta(days=7)


def basket_of(
    item: Activity,
    configuration: Configuration,
    *,
    at: datetime,
    partner: str,
    rate: Decimal | None = None,
    category_of: Mapping[str, str] | None = None,
) -> Basket:
    """The Basket of an Activity in the program's base currency; `rate` is base money for one unit of its own.

    `at` and `partner` count where the item itself says neither. Nothing is rounded (semantics C24-R2).
    """
    basket = earning.basket(item, configuration, at=at, partner=partner, category_of=category_of)
    if rate is None:
        return basket
    scale = _scale(item, configuration, rate)
    lines = tuple(line._replace(eligible=line.eligible * scale) for line in basket.lines)
    return basket._replace(lines=lines, eligible=basket.eligible * scale, shipping=basket.shipping * scale)


def left_of(basket: Basket, item: Activity, shares: Iterable[Share]) -> Basket:
    """The Basket that is left of the order `item` after `shares` came back: exact, nothing rounded (C14-R1)."""
    shares, lines = list(shares), list(basket.lines)
    for share in shares:
        for back in share.lines:
            bought, line = item.lines[back.position], lines[back.position]
            part = Fraction(back.amount, bought.amount) if bought.amount else Fraction(0)
            full = basket.lines[back.position].eligible
            # Who tells only the money of a line means all of its pieces when it is all of the money.
            quantity = bought.units if part == 1 and not back.units else back.units
            lines[back.position] = line._replace(
                eligible=line.eligible - full * part, quantity=line.quantity - quantity
            )
    by_lines = sum(line.amount for share in shares for line in share.lines)
    by_amount = sum(share.amount for share in shares)
    rest = item.amount - by_lines
    scale = Fraction(rest - by_amount, rest) if rest else Fraction(0)
    left = tuple(line._replace(eligible=line.eligible * scale) for line in lines)
    return basket._replace(lines=left, eligible=sum(line.eligible for line in left), amount=rest - by_amount)


def base_amount(item: Activity, configuration: Configuration, rate: Decimal | None) -> int:
    """The amount in minor units of the base currency, rounded half up; for reports, not for earning."""
    if rate is None:
        return item.amount
    return rounding.round_to(item.amount * _scale(item, configuration, rate), "half_up")


def _scale(item: Activity, configuration: Configuration, rate: Decimal) -> Fraction:
    """Minor units of the base currency for one minor unit of the item's own."""
    return Fraction(str(rate)) * configuration.major / Fraction(10 ** money.exponent(item.money))


def read_rates(wanted: Iterable[tuple[str, datetime]], configuration: Configuration) -> Rates:
    """The rates of foreign money at these instants, (ISO code, instant); missing ones are not in it."""
    days_of = {
        (code, periods.local_date(at, configuration.zone))
        for code, at in wanted
        if code not in ("", configuration.money)
    }
    if not days_of:
        return {}
    known = _stored(configuration.id, {code for code, _ in days_of}, [day for _, day in days_of])
    rates: Rates = {}
    for code, day in days_of:
        for money_code, on, rate in known:
            if money_code == code and day - OLDEST_RATE <= on <= day:
                rates[code, day] = (rate, on)
    return rates


def _stored(program_id: int, codes: Collection[str], days: list[date]) -> list[tuple[str, date, Decimal]]:
    """(ISO code, day, rate) of all that may count for these days, the oldest first."""
    rows = ExchangeRate.objects.filter(
        program_id=program_id, money__in=codes, on__gte=min(days) - OLDEST_RATE, on__lte=max(days)
    )
    return list(rows.order_by("on").values_list("money", "on", "rate"))
