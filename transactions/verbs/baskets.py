"""What do the rules see of an activity that may have been paid in foreign money?"""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from loyalty_site.lib import money
from programs import earning, periods
from programs.models import ExchangeRate

#: A rate is taken from the day itself or the last one before it, but no older than this.
OLDEST_RATE = timedelta(days=7)


def basket_of(item, configuration, *, rate=None, category_of=None):
    """The Basket of an Activity in the program's base currency; `rate` is base money for one unit of its own.

    Nothing is rounded (semantics C24-R2).
    """
    basket = earning.basket(item, configuration, category_of=category_of)
    if rate is None:
        return basket
    scale = Fraction(str(rate)) * configuration.major / 10 ** money.exponent(item.money)
    lines = tuple(replace(line, eligible=line.eligible * scale) for line in basket.lines)
    return replace(basket, lines=lines, eligible=basket.eligible * scale)


def base_amount(item, configuration, rate):
    """The amount in minor units of the base currency, rounded half up; for reports, not for earning."""
    if rate is None:
        return item.amount
    scale = Fraction(str(rate)) * configuration.major / 10 ** money.exponent(item.money)
    return earning.round_to(item.amount * scale, "half_up")


def read_rates(items, configuration, now):
    """{(money, day): (rate, day of the rate)} for the foreign money in `items`; missing ones are not in it."""
    wanted = {
        (item.money, periods.local_date(item.activity_at or now, configuration.zone))
        for item in items
        if getattr(item, "money", "") not in ("", configuration.money)
    }
    if not wanted:
        return {}
    days = [day for _, day in wanted]
    rows = ExchangeRate.objects.filter(
        program_id=configuration.id,
        money__in={code for code, _ in wanted},
        on__gte=min(days) - OLDEST_RATE,
        on__lte=max(days),
    ).order_by("on")
    known = list(rows.values_list("money", "on", "rate"))
    rates = {}
    for code, day in wanted:
        for money_code, on, rate in known:
            if money_code == code and day - OLDEST_RATE <= on <= day:
                rates[code, day] = (rate, on)
    return rates
