"""How are points spent?"""

from loyalty_site.lib import money
from transactions.models import Journal
from transactions.posting import InsufficientPoints, UnknownCurrency


def redeem(posting):
    """Spend the points of a Redemption from the lots in consumption order. Raises Refused, nothing moves then."""
    item, books, account = posting.item, posting.books, posting.account
    posting.check_member()
    posting.check_date()
    posting.check_partner()
    currency = posting.currency(item.currency)
    if not currency.is_spendable:
        raise UnknownCurrency(f"{currency.name} measure tiers and cannot be spent.", field="currency")
    store_id = posting.catalogue.store_id(item)
    lots = books.usable_lots(account, currency, at=books.now)
    usable = sum(lot.remaining for lot in lots)
    if usable < item.points:
        have = money.render(usable, currency.decimals)
        raise InsufficientPoints(f"The member has {have} {currency.name} to spend.", field="points")
    key = books.next_journal()
    uses = books.debit(
        account,
        currency,
        item.points,
        lots=lots,
        journal_id=key,
        activity_at=posting.activity_at,
        lifetime_redeemed=item.points,
    )
    holding = account.holding(currency.id)
    holding.last_activity_at = max(posting.activity_at, holding.last_activity_at or posting.activity_at)
    answer = {"points": {currency.code: -item.points}, "lots": [_use(lot, used) for lot, used in uses]}
    return posting.write(
        key,
        Journal.Kind.REDEMPTION,
        answer=answer | posting.state([currency]),
        activity="redemption",
        channel=item.channel,
        store_id=store_id,
        reason=item.reason,
        attributes=item.attributes,
    )


def _use(lot, used):
    return {"lot": lot.id, "points": used, "expires_at": lot.expires_at.isoformat() if lot.expires_at else None}
