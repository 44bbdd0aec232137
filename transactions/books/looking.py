"""What would a batch write? Books in which everything is computed as for a posting, and which nobody can write."""

from collections.abc import Callable, Iterable
from copy import copy, deepcopy
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Unpack

from loyalty_site.lib.arrays import Row
from loyalty_site.lib.glancing import Glance
from members.holdings import Account
from partners.models import Connection
from programs.configuration import Configuration
from transactions.books.columns import JournalColumns
from transactions.books.lots import LotState
from transactions.books.unit_of_work import Books

_all_of: Callable[[LotState], Row] = attrgetter(*(each.name for each in fields(LotState)))


class LookingBooks(Books):
    """Books that are read without a lock and never closed.

    `said` is what was said of each journal, by its key. `newcomer` is somebody who is no member yet and counts as one
    of those who are locked.
    """

    def __init__(self, configuration: Configuration, *, now: datetime, newcomer: Account | None = None) -> None:
        super().__init__(Glance(), configuration, now=now)
        self.newcomer = newcomer
        self.said: dict[int, JournalColumns] = {}

    def lock(
        self, member_ids: Iterable[int], *, journals: int, entries: int, with_lots: bool, with_past: bool = False
    ) -> Callable[[], int | None]:
        """As for a posting, but nobody is locked."""
        take = super().lock(member_ids, journals=journals, entries=entries, with_lots=with_lots, with_past=with_past)

        def taken() -> int | None:
            version = take()
            if self.newcomer:
                self.accounts[self.newcomer.id] = self.newcomer
            return version

        return taken

    def journal(self, key: int, **said: Unpack[JournalColumns]) -> None:
        super().journal(key, **said)
        self.said[key] = said

    def journal_of_day(self, connection: Connection) -> Callable[[], int]:
        return lambda: 0

    def own_connection(self, platform: Connection.Platform) -> Connection:
        return Connection(platform=platform)

    def close(self) -> None:
        """Raises RuntimeError: it has not happened."""
        raise RuntimeError("What is only looked at is never written.")

    def __deepcopy__(self, memo: dict[int, object]) -> "LookingBooks":
        """These books once more, as they are now; what is done in one of the two does not show in the other."""
        again = copy(self)
        lots = {id(lot): LotState(*_all_of(lot)) for own in self.lots.values() for lot in own.values()}
        memo |= {id(one): one for one in (self.session, self.configuration, *self.currencies.values())}
        memo |= lots | {id(self): again}
        # There may be very many, and one by one they would take most of the time.
        again.lots = {key: {n: lots[id(lot)] for n, lot in own.items()} for key, own in self.lots.items()}
        for name, value in vars(self).items():
            if name != "lots":
                setattr(again, name, deepcopy(value, memo))
        return again
