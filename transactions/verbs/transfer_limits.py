"""How much may a member still give away, or receive? Source of the rules: semantics C20.

Limits of a day and of a year, alike for giver and receiver, and cooling-off: what was received stays for a while.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from loyalty_site.lib.refusals import Refused
from loyalty_site.lib.sql import Session
from members.holdings import Account
from programs.configuration import Configuration, Currency
from transactions.books.lots import LotState
from transactions.books.transfer_history import Direction, TransferHistory

#: What settings call a window, and what people call it.
_WINDOWS = {"daily": "today", "yearly": "this year"}


class NotTransferable(Refused):
    """The limits of gifts do not allow this one."""

    code = "not_transferable"


def read(
    session: Session, configuration: Configuration, member_ids: Iterable[int], *, now: datetime
) -> TransferHistory | None:
    """The history that the limits ask for, sent and not yet taken; None where no currency has any."""
    currencies = configuration.currencies.values()
    windows = [window for window in _WINDOWS if any(_limits(c, window) != (None, None) for c in currencies)]
    cooling_days = max((c.transfer_cooling_days for c in currencies), default=0)
    if not windows and not cooling_days:
        return None
    return TransferHistory(session, configuration, member_ids, windows=windows, cooling_days=cooling_days, now=now)


def check(history: TransferHistory, account: Account, currency: Currency, points: int, *, gives: bool) -> None:
    """Refuse what would be too often or too much for one day or year. Raises NotTransferable."""
    whose, field = ("The member has given", "points") if gives else ("The receiver was given", "to")
    for window, name in _WINDOWS.items():
        times, total = history.sums(Direction(window, account.id, currency.id, gives))
        most, often = _limits(currency, window)
        if often is not None and times + 1 > often:
            raise NotTransferable(f"{whose} {times} times {name}; {often} are possible.", field=field)
        if most is not None and total + points > most:
            raise NotTransferable(f"{whose} {total} points {name}; {most} are possible.", field=field)


def is_cool(history: TransferHistory, lot: LotState, currency: Currency) -> bool:
    """Whether a lot may be passed on: its points were not received of late, wherever they went since."""
    at = history.arrived_at(lot.member_id, lot.origin_id)
    return at is None or at + timedelta(days=currency.transfer_cooling_days) <= history.now


def _limits(currency: Currency, window: str) -> tuple[int | None, int | None]:
    """(most points, most times) of a window; None for as many as they like."""
    if window == "daily":
        return currency.transfer_daily_limit, currency.transfer_daily_count
    return currency.transfer_yearly_limit, currency.transfer_yearly_count
