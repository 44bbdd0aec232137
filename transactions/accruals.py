"""What does an activity earn, and how is it booked?"""

from dataclasses import replace

from loyalty_site.lib.money import LARGEST
from loyalty_site.lib.refusals import Refused
from members import tiers
from programs import earning
from programs.expiry import end_of_lot
from programs.rules.base import Facts
from transactions.models import Journal, JournalLine
from transactions.posting import UnknownCurrency


class TooManyPoints(Refused):
    code = "points_too_many"


def accrue(posting):
    """Book what the rules give for the Activity of `posting`. Raises Refused before anything moves."""
    item, books, account, configuration = posting.item, posting.books, posting.account, posting.configuration
    posting.check_member()
    posting.check_date()
    posting.check_partner()
    if item.money not in ("", configuration.money):
        detail = f"The program counts {configuration.money}; send the amount in it."
        raise UnknownCurrency(detail, field="currency")
    store_id = posting.catalogue.store_id(item)
    categories = {line.sku: posting.catalogue.product(item, line.sku)[1] for line in item.lines if line.sku}
    dated = item if item.activity_at else replace(item, activity_at=posting.activity_at)
    basket = earning.basket(dated, configuration, category_of=categories)
    facts = Facts(tiers=tiers.codes(configuration, account), enrolled_at=account.enrolled_at)
    earned = earning.evaluate(configuration, basket, facts)
    if max(earned.points.values(), default=0) > LARGEST:
        raise TooManyPoints("The rules give more points for it than a ledger can hold.", field="amount")

    key = books.next_journal()
    ends = {}
    for code, points in earned.points.items():
        ends[code] = _book(posting, configuration.currencies[code], points, key)
    tiers.upgrade(configuration, account, activity_at=posting.activity_at)
    for position, line in enumerate(item.lines):
        product_id, category = posting.catalogue.product(item, line.sku)
        row = (key, position, product_id, line.sku, line.category or category, line.quantity, line.amount, line.tax)
        books.rows[JournalLine].append(row)
    answer = {"points": earned.points, "expires": ends}
    return posting.write(
        key,
        Journal.Kind.ACCRUAL,
        answer=answer | posting.state(configuration.currencies.values()),
        trace=earned.trace,
        activity=item.kind,
        amount=item.amount,
        money=configuration.money if item.amount else "",
        channel=item.channel,
        store_id=store_id,
        code=item.code,
        attributes=item.attributes,
    )


def _book(posting, currency, points, journal_id):
    """Credit one currency; returns when it ends, as text for the answer."""
    account, configuration, at = posting.account, posting.configuration, posting.activity_at
    end = end_of_lot(currency.expiry, earned_at=at, processed_at=posting.books.now, zone=configuration.zone)
    posting.books.credit(
        account, currency, points, journal_id=journal_id, activity_at=at, end=end, lifetime_earned=points
    )
    holding = account.holding(currency.id)
    holding.last_activity_at = max(at, holding.last_activity_at or at)
    count_tallies(posting, currency, points, at)
    return end.at.isoformat() if end.at else None


def count_tallies(posting, currency, points, at):
    """Move the tallies of the windows in which `at` lies."""
    for group in posting.configuration.tier_groups.values():
        if group.currency == currency.code:
            count = posting.account.count(currency.id, group.period(at, posting.configuration.zone))
            count.points += points
            count.moved += points
            posting.account.is_touched = True
