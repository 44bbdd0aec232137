"""What would the ledger book if it were an instant to come already? In memory, by the code that the night runs."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from members import holdings
from members.holdings import Account
from programs.configuration import Configuration
from transactions.books import settlement
from transactions.books.looking import LookingBooks
from transactions.books.lots import LotState


class ForeseenBooks(LookingBooks):
    """Books of an instant to come: read without a lock, settled, and never closed.

    `ended` are the points that end by then, by (member, currency).
    """

    def __init__(self, configuration: Configuration, *, now: datetime) -> None:
        super().__init__(configuration, now=now)
        self.ended: Counter[tuple[int, int]] = Counter()

    def look(self, member_ids: Collection[int], *, currency_ids: Collection[int]) -> None:
        """Read what these members hold, and balances only of these currencies; then let time pass until `now`."""
        with self.session.together():
            read = holdings.Lock(
                self.session,
                self.configuration.id,
                sorted(member_ids),
                with_tiers=True,
                with_past=False,
                only_looks=True,
            )
        self.accounts, _ = read.take()
        for account in self.accounts.values():
            account.holdings = {key: one for key, one in account.holdings.items() if key in currency_ids}
        settlement.settle_lots(self)

    def note_gone(self, account: Account, lot: LotState, points: int, *, is_cancelled: bool) -> None:
        super().note_gone(account, lot, points, is_cancelled=is_cancelled)
        if not is_cancelled:
            self.ended[account.id, lot.currency_id] += points
