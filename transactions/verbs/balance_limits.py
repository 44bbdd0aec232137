"""How many points may somebody hold at most? `Currency.max_balance`, pending and reserved points included."""

from loyalty_site.lib import money
from loyalty_site.lib.refusals import Refused
from members.holdings import Account
from programs.configuration import Currency


class BalanceTooLarge(Refused):
    """The balance would become larger than the ledger can hold."""

    code = "balance_too_large"


def room_of(account: Account, currency: Currency) -> int | None:
    """How many points of `currency` the member may still be given; None: any number."""
    if currency.max_balance is None:
        return None
    holding = account.holding(currency.id)
    return max(0, currency.max_balance - holding.balance - holding.pending - holding.reserved)


def fits(account: Account, currency: Currency, points: int) -> bool:
    """Whether the member may be given `points`."""
    room = room_of(account, currency)
    return room is None or points <= room


def check_room(account: Account, currency: Currency, points: int) -> None:
    """Raises BalanceTooLarge where `points` that somebody wants to give do not fit (adjustments, transfers)."""
    room = room_of(account, currency)
    if room is not None and points > room:
        most, more = (money.render(number, currency.decimals) for number in (currency.max_balance or 0, room))
        detail = f"The member may hold {most} {currency.name}, pending ones included; {more} more fit."
        raise BalanceTooLarge(detail, field="points")
