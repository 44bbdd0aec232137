"""How is one purchase posted in several guises, each as if it were the only one, without writing any?"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime

from loyalty_site.lib.refusals import Refused
from members import tiers
from members.holdings import Account
from members.ladder import Reason
from members.ladder_rows import LockedStanding
from members.models import Member
from partners.activity import Activity
from partners.callers import Via
from programs import versions
from programs.configuration import Configuration
from transactions.batch import Batch, ConfigurationChanged, Opened
from transactions.books.columns import JournalColumns
from transactions.books.items import Result
from transactions.books.looking import LookingBooks
from transactions.finding import Found, Parties

#: The key of somebody who is no member yet: no row has it.
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Trial:
    """What posting one guise would do: the Result, the member afterwards, and what would be said of the journal."""

    result: Result
    account: Account
    said: JournalColumns


class Trials(Batch):
    """The guises of one purchase. The first is the purchase itself; what is read is read once for all of them.

    Without any identifier it is a purchase of somebody who becomes a member at that moment.
    """

    items: list[Activity]
    books: LookingBooks

    def __init__(self, guises: Sequence[Activity], configuration: Configuration, *, via: Via, now: datetime) -> None:
        at = min(guises[0].activity_at or now, now)
        self._newcomer = None if guises[0].member else newcomer(configuration, at)
        super().__init__(list(guises), configuration, via=via, user_id=None, now=now, resumed={}, patience_ms=None)

    def open_books(self) -> LookingBooks:
        return LookingBooks(self.configuration, now=self.now, newcomer=self._newcomer)

    def find(self) -> Found:
        """As for any batch; whoever is no member yet takes part."""
        found = super().find()
        if self._newcomer is None:
            return found
        if not versions.is_current(self.configuration):
            # Otherwise it is the row of the member that tells.
            raise ConfigurationChanged
        unnamed = [n for n, one in found.results.items() if one.refusal and one.refusal.code == "member_missing"]
        results = {n: one for n, one in found.results.items() if n not in unnamed}
        return replace(found, parties={n: Parties(NOBODY) for n in unnamed}, results=results)

    def open(self, found: Found) -> Opened:
        """What the member holds now, with all that time did."""
        return self.lock(found, None)

    def run_apart(self, opened: Opened, guise: int) -> Trial:
        """Post one of the guises, for which `opened` stays as it is."""
        apart = _copied(opened)
        books, owner = apart.books, apart.found.parties[guise].owner
        assert isinstance(books, LookingBooks)
        assert owner is not None
        try:
            result = self.post_one(apart, guise, set())
        except Refused as refused:
            result = Result.of(refused)
        return Trial(result, books.accounts[owner], books.said.get(result.journal_id or 0, {}))


def _copied(opened: Opened) -> Opened:
    """The same once more, but for what nobody changes."""
    found, context = opened.found, opened.context
    memo: dict[int, object] = {id(one): one for one in (found, context.via, context.catalogue, context.rates)}
    return deepcopy(opened, memo)


def newcomer(configuration: Configuration, at: datetime) -> Account:
    """Somebody who becomes a member at this instant, with the tiers that everybody has from the first day."""
    account = Account(NOBODY, "", Member.Status.ACTIVE.value, at, sequence=0, chain="")
    for group, tier in tiers.starting(configuration):
        account.tiers[group.id] = LockedStanding(None, tier.id, at, at, reason=Reason.ENROLMENT.value)
    return account
