"""What has to be read of members because rules ask for it? Nothing is read where no rule in force asks."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from loyalty_site.lib.sql import Session
from members import asked, rule_progress
from partners.activity import Activity
from programs import versions
from programs.configuration import Configuration
from transactions.books import earlier
from transactions.books.items import Item
from transactions.books.originals import Original
from transactions.books.posting import CLOCK_SKEW
from transactions.books.unit_of_work import Books
from transactions.finding import Found


class Asking:
    """The statements for one batch: sent inside the pipeline of the lock, taken when it has ended."""

    def __init__(
        self,
        session: Session,
        configuration: Configuration,
        found: Found,
        items: Sequence[Item],
        times: list[datetime],
    ) -> None:
        """`times` are when each of the `items` happened."""
        self._session, self._configuration, self._found = session, configuration, found
        self._items, self._times = items, times
        posted = {times[n] for n in found.parties if isinstance(items[n], Activity)}
        names = {name for at in posted for name in versions.in_force(configuration, at).asked_names}
        self._readings = [*asked.read(session, configuration.id, sorted(found.everybody), names)] if names else []
        self._earlier = None if earlier.ASKED_AS.isdisjoint(names) else self._read_earlier()

    def _read_earlier(self) -> earlier.Reading:
        """What members did before each activity of the batch, only as far as rules about it ask."""
        found, wanted = self._found, []
        for n, who in found.parties.items():
            item, at = self._items[n], self._times[n]
            if isinstance(item, Activity) and who.owner:
                asks = versions.in_force(self._configuration, at).listening(item.kind).asks
                most = earlier.most_asked(asks)
                wanted.append(earlier.Wanted(who.owner, item.kind, at, at + CLOCK_SKEW, most))
        taken_back = sum(found.needs[n].returns for n in found.parties)
        return earlier.Reading(self._session, wanted, taken_back=taken_back)

    def take(self, books: Books) -> None:
        """Take the answers into the books."""
        for reading in self._readings:
            reading.take(books.accounts)
        books.earlier = self._earlier.take() if self._earlier else None

    def take_progress_of(self, originals: Iterable[Original], books: Books) -> None:
        """What is taken back may have counted for members by rules that are no more in force: nobody knew before."""
        accounts = books.accounts
        if any("progress" in one.trace for one in originals) and not any(one.progress for one in accounts.values()):
            rule_progress.Reading(self._session, sorted(accounts)).take(accounts)
