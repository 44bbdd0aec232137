"""What would become of the rows of a file if they were posted? Tried on one connection, and taken back."""

from collections.abc import Container, Iterable, Sequence

from django.db import transaction

from loyalty_site.lib.threads import Threads
from partners.models import Connection
from programs.configuration import Configuration
from transactions.books.idempotency import fingerprint
from transactions.imports.newcomers import Newcomers
from transactions.imports.posting import CONFLICT, Posted, Poster, Prepared, waves_of
from transactions.imports.records import Row
from transactions.imports.shelf import Shelf, short
from transactions.imports.turns import Turns


class Rehearsal(Poster):
    """Tries a batch instead of preparing it, and leaves nothing to be posted.

    Members are enrolled to see what the ledger would say. Each batch is taken back, so it remembers what it posted.
    """

    def __init__(
        self, via: Connection, configuration: Configuration, newcomers: Newcomers | None, threads: Threads
    ) -> None:
        super().__init__(via, configuration, newcomers, threads)
        self._rehearsed = Shelf()

    def prepare(self, rows: Sequence[Row]) -> Prepared:
        done = Posted()
        fresh = self.unknown(rows, done)
        with transaction.atomic():
            for wave in waves_of(fresh):
                self._try(wave, done)
            transaction.set_rollback(True)
        return Prepared([], [], done)

    def _try(self, rows: Sequence[Row], done: Posted) -> None:
        """Let the ledger say what it would do with rows that no earlier batch would have posted."""
        known = self._rehearsed.get(row.activity.external_id for row in rows)
        new: list[Row] = []
        for row in rows:
            mark = known.get(row.activity.external_id)
            if mark is None:
                new.append(row)
            elif mark == short(fingerprint(row.activity)):
                done.replayed += 1
            else:
                done.refusals[row.line] = CONFLICT
        fresh: Sequence[Row] = new
        while fresh:
            able, fresh = self.enrol(fresh, done, Turns())
            tried = self.record(able, dry_run=True)
            taken = [row.activity for row in able if row.line not in tried.refusals]
            self._rehearsed.put({activity.external_id: short(fingerprint(activity)) for activity in taken})
            done.add([tried])

    def foreseen(self, names: Iterable[str]) -> Container[str]:
        return self._rehearsed.get(names)

    def close(self) -> None:
        super().close()
        self._rehearsed.close()
