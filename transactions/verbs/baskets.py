"""What do the rules see of an activity that may have been paid in foreign money, or of which parts came back?"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

from loyalty_site.lib import money
from partners import paid
from partners.activity import Activity
from partners.catalogue import Catalogue
from programs import earning, periods, rounding
from programs.configuration import Configuration
from programs.models import ExchangeRate
from programs.rules.base import Basket, BasketLine
from transactions.books.posting import Rates
from transactions.books.refunded import Share, lines_of

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
    lists_of: Mapping[str, Sequence[str]] | None = None,
) -> Basket:
    """The Basket of an Activity in the program's base currency; `rate` is base money for one unit of its own.

    `at` and `partner` count where the item itself says neither. Nothing is rounded (semantics C24-R2).
    """
    basket = earning.basket(item, configuration, at=at, partner=partner, category_of=category_of, lists_of=lists_of)
    if rate is None:
        return basket
    scale = _scale(item, configuration, rate)
    return basket._replace(
        lines=_scaled(basket.lines, scale), eligible=basket.eligible * scale, shipping=basket.shipping * scale
    )


def categories_of(item: Activity, catalogue: Catalogue) -> dict[str, str]:
    """{SKU: category} of what was bought, as the catalogue has them."""
    return {line.sku: catalogue.product(item.partner, line.sku).category for line in item.lines if line.sku}


def left_of(basket: Basket, item: Activity, configuration: Configuration, shares: Sequence[Share]) -> Basket:
    """The Basket that is left of the order `item` after `shares` came back: exact, nothing rounded (C14-R1).

    Lines that came back whole are not in it, so that what was given because of them is not deserved any more.
    """
    lines, left = list(basket.lines), paid.left_of_lines(item, lines_of(shares))
    for position, one in enumerate(left):
        line, back = lines[position], one.all_pieces - one.pieces
        kept = Fraction(one.money, one.paid) if one.paid else Fraction(1)
        of_price = kept if one.paid else Fraction(one.pieces) / Fraction(one.all_pieces)
        lines[position] = line._replace(
            eligible=line.eligible * kept, quantity=max(0, line.quantity - back), listed=line.listed * of_price
        )
    if basket.shipping:
        # It stands in the last line, with what no other line names.
        part = _shipping_back(item, configuration, shares)
        lines[-1] = lines[-1]._replace(eligible=lines[-1].eligible - basket.shipping * part)
    by_amount = sum(share.amount for share in shares)
    rest = item.paid - sum(share.money for share in shares) + by_amount
    scale = Fraction(rest - by_amount, rest) if rest else Fraction(0)
    gone = {position for position, one in enumerate(left) if one.is_gone}
    scaled = _scaled([line for position, line in enumerate(lines) if position not in gone], scale)
    return basket._replace(lines=scaled, eligible=sum(line.eligible for line in scaled), amount=rest - by_amount)


def _scaled(lines: Iterable[BasketLine], scale: Fraction) -> tuple[BasketLine, ...]:
    return tuple(line._replace(eligible=line.eligible * scale, listed=line.listed * scale) for line in lines)


def _shipping_back(item: Activity, configuration: Configuration, shares: Sequence[Share]) -> Fraction:
    """Which part of the earning money for shipping came back: of all of it, of a part what that has without tax."""
    back, whole, tax = sum(share.shipping for share in shares), item.shipping, paid.shipping_tax(item)
    if back >= whole or configuration.earns_on_tax or whole == tax:
        return Fraction(back, whole)
    usual = [Fraction(tax * share.shipping, whole) for share in shares if share.shipping_tax is None]
    taxes = sum(usual) + sum(share.shipping_tax or 0 for share in shares)
    return min(Fraction(1), max(Fraction(0), Fraction(back - taxes, whole - tax)))


def money_left_of(item: Activity, configuration: Configuration, shares: Sequence[Share]) -> Fraction:
    """How much is left of the money of the order `item` after `shares` came back, from 0 to 1.

    Shipping that earned nothing is left aside: it keeps nothing and takes nothing. Of an order without money it is
    how many of its pieces are left.
    """
    if not item.paid:
        return _pieces_left_of(item, shares)
    by_amount = sum(share.amount for share in shares)
    rest = item.paid - sum(share.money for share in shares) + by_amount
    goods = item.paid if configuration.earns_on_shipping else item.paid - item.shipping
    if not rest or not goods:
        return Fraction(rest - by_amount, item.paid)
    beside = 0 if configuration.earns_on_shipping else item.shipping - sum(share.shipping for share in shares)
    return Fraction(max(0, rest - beside), goods) * Fraction(rest - by_amount, rest)


def _pieces_left_of(item: Activity, shares: Sequence[Share]) -> Fraction:
    """How many of all pieces of the order are left after `shares` came back, from 0 to 1."""
    left = paid.left_of_lines(item, lines_of(shares))
    whole = sum(one.line.units for one in left)
    return Fraction(sum(one.quantity for one in left)) / Fraction(whole) if whole else Fraction(0)


def base_amount(item: Activity, configuration: Configuration, rate: Decimal | None) -> int:
    """The amount in minor units of the base currency, rounded half up; for reports, not for earning."""
    return item.paid if rate is None else in_base(item.paid, item, configuration, rate)


def in_base(value: int, item: Activity, configuration: Configuration, rate: Decimal | None) -> int:
    """Minor units of the item's own money in those of the base currency, rounded half up."""
    return value if rate is None else rounding.round_to(value * _scale(item, configuration, rate), "half_up")


def in_own_money(value: int, item: Activity, configuration: Configuration, rate: Decimal | None) -> int:
    """Minor units of the base currency in those of the item's own money, rounded down (C2-R4)."""
    return value if rate is None else int(value / _scale(item, configuration, rate))


def most_in_base(value: int, item: Activity, configuration: Configuration, rate: Decimal | None) -> int:
    """The most minor units of the base currency that are no more than `value` of the item's own ones, as
    `in_own_money` rounds them."""
    return value if rate is None else ceil((value + 1) * _scale(item, configuration, rate)) - 1


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
