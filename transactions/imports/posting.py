"""How are the rows of a batch posted, each member's in the order of the file?"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from django.utils import timezone

from loyalty_site.lib.insisting import insist
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.threads import Threads
from partners.models import Connection
from programs.configuration import Configuration
from transactions import ledger
from transactions.books.idempotency import IdempotencyConflict, fingerprint
from transactions.books.items import wait_of, warnings_of
from transactions.imports import sharing
from transactions.imports.growth import Growth
from transactions.imports.newcomers import Newcomers
from transactions.imports.records import Row
from transactions.imports.turns import Turns
from transactions.models import Journal

CONFLICT = Refusal(
    IdempotencyConflict.code,
    "A transaction with this external_id and another content is recorded; "
    "use a new external_id, or reverse that transaction first.",
    field="external_id",
)
#: The code under which the report lists what waits.
WAITS = "waits"


@dataclass(slots=True)
class Posted:
    """What became of some rows: how many were posted, recorded before, enrolled for, refunded, written down but are
    `waiting`, and why others were refused.

    `refusals` are by line, and so are `warnings`: what is surely wrong with rows that were taken all the same;
    `notes`: why something is written down, but not booked yet; and `unrefunded`: why what came back of a purchase
    that is recorded could not be refunded.
    """

    posted: int = 0
    replayed: int = 0
    enrolled: int = 0
    refunded: int = 0
    waiting: int = 0
    refusals: dict[int, Refusal] = field(default_factory=dict)
    warnings: dict[int, list[Refusal]] = field(default_factory=dict)
    notes: dict[int, Refusal] = field(default_factory=dict)
    unrefunded: dict[int, Refusal] = field(default_factory=dict)

    def add(self, others: Iterable["Posted"]) -> None:
        for other in others:
            self.posted += other.posted
            self.replayed += other.replayed
            self.enrolled += other.enrolled
            self.refunded += other.refunded
            self.refusals |= other.refusals
            self.warnings |= other.warnings
            self.waiting += other.waiting
            self.notes |= other.notes
            self.unrefunded |= other.unrefunded


class Prepared(NamedTuple):
    """Rows that can be posted: `first` a share for each connection, then each of `later` as a whole.

    `done` is what became of the others of their batch.
    """

    first: list[list[Row]]
    later: list[Sequence[Row]]
    done: Posted


class Poster:
    """Posts batches. While one is posted the next can be prepared; it is started when the one before has ended.

    So each finds what those before it did, on whichever connection, whoever is merged or joins a group meanwhile.
    """

    def __init__(
        self, via: Connection, configuration: Configuration, newcomers: Newcomers | None, threads: Threads
    ) -> None:
        """Without `newcomers` nobody is enrolled."""
        self.via, self.configuration, self.newcomers, self.threads = via, configuration, newcomers, threads
        # Asking for what is recorded already is quick where it is, and in vain in a new file.
        self._expects_known = True
        self._growth = Growth()
        # What the batch that was started last may write down, at any moment.
        self._under_way: set[str] = set()
        self._turns = Turns()

    def prepare(self, rows: Sequence[Row]) -> Prepared:
        """Leave out what is recorded already, enrol who is not known, and share the others among the connections.

        Whoever is enrolled by a row whose name is under way waits until it is known what became of the other one.
        """
        done = Posted()
        first, *later = waves_of(self.unknown(rows, done), self._under_way)
        able, waiting = self.enrol(first, done, self._turns)
        return Prepared(self._share(able), [waiting, *later], done)

    def _share(self, rows: Sequence[Row]) -> list[list[Row]]:
        if not rows:
            return []
        return insist(lambda: sharing.share(rows, self.threads.count, self.configuration, self.via))

    def start(self, prepared: Prepared) -> Callable[[], Posted]:
        """Begin to post a batch; returns what waits for its end and says what became of all its rows."""
        rows = [row for part in (*prepared.first, *prepared.later) for row in part]
        self._under_way = {row.activity.external_id for row in rows}
        self._turns = self._turns_of(prepared)
        first = self._start(prepared.first)

        def finish() -> Posted:
            prepared.done.add(first())
            for wave in prepared.later:
                self._post_all(wave, prepared.done)
            self._expects_known = self._expects_known or prepared.done.replayed > 0
            self._growth.note(prepared.done.posted)
            return prepared.done

        return finish

    def _post_all(self, rows: Sequence[Row], done: Posted) -> None:
        """Post rows beside which nothing is under way: of those that have to wait, each time the first can go on."""
        while rows:
            able, rows = self.enrol(rows, done, Turns())
            done.add(self._start(self._share(able))())

    def _turns_of(self, prepared: Prepared) -> Turns:
        """What the rows of a batch say, for those that are prepared while it is posted."""
        turns = Turns()
        if self.newcomers:
            for row in (row for share in prepared.first for row in share):
                turns.say(self.newcomers.names(row))
            turns.late.update(name for wave in prepared.later for row in wave for name in self.newcomers.names(row))
        return turns

    def _start(self, shares: Sequence[Sequence[Row]]) -> Callable[[], list[Posted]]:
        return self.threads.start([partial(self.record, share) for share in shares])

    def unknown(self, rows: Sequence[Row], done: Posted) -> Sequence[Row]:
        """The rows that are not recorded yet; the others are counted."""
        rows = self._under_former_names(rows)
        if not rows or not self._expects_known:
            return rows
        recorded = Journal.objects.filter(
            program=self.configuration.id,
            connection=self.via,
            kind=Journal.Kind.ACCRUAL,
            external_id__in=[row.activity.external_id for row in rows],
        )
        known = insist(lambda: dict(recorded.values_list("external_id", "fingerprint")))
        # Another content under the same name is left to the ledger, which refuses it.
        fresh = [row for row in rows if known.get(row.activity.external_id) != fingerprint(row.activity)]
        self._expects_known = len(fresh) < len(rows)
        done.replayed += len(rows) - len(fresh)
        return fresh

    def _under_former_names(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows, those that an earlier version has recorded under the name that it gave them."""
        former = {row.former_id for row in rows if row.former_id}
        if not former:
            return rows
        known = set(
            Journal.objects.filter(
                program=self.configuration.id,
                connection=self.via,
                kind=Journal.Kind.ACCRUAL,
                external_id__in=former,
            ).values_list("external_id", flat=True)
        )
        self._expects_known = self._expects_known or bool(known)
        return [
            row._replace(activity=replace(row.activity, external_id=row.former_id)) if row.former_id in known else row
            for row in rows
        ]

    def enrol(self, rows: Sequence[Row], done: Posted, before: Turns) -> tuple[Sequence[Row], Sequence[Row]]:
        """(the rows whose customers are members now, those that have to wait until these are posted).

        Those whose customers cannot be members are refused. `before` is what rows said that are not posted yet.
        """
        if not self.newcomers or not rows:
            return rows, []
        enrol = self.newcomers.enrol
        asked = insist(lambda: enrol(rows, timezone.now(), self._try_out, before))
        done.add([Posted(enrolled=asked.new, refusals=asked.refusals)])
        left = [row for row in rows if row.line not in asked.refusals]
        waiting = [row for row in left if row.line in asked.waiting]
        return [row for row in left if row.line not in asked.waiting], waiting

    def _try_out(self, rows: Sequence[Row]) -> dict[int, Refusal]:
        return self.record(rows, dry_run=True).refusals if rows else {}

    def record(self, rows: Sequence[Row], *, dry_run: bool = False) -> Posted:
        """Let the ledger take these rows, whichever thread this is."""
        items = [row.activity for row in rows]
        # Each row has a name: what was written although its answer was lost is replayed.
        results = insist(
            lambda: ledger.record(items, program_id=self.configuration.id, via=self.via, dry_run=dry_run)
        )
        done = Posted()
        for row, result in zip(rows, results, strict=True):
            if result.refusal:
                is_conflict = result.refusal.code == CONFLICT.code
                done.refusals[row.line] = CONFLICT if is_conflict else result.refusal
            elif result.status == "replayed":
                done.replayed += 1
            elif why := wait_of(result):
                done.waiting += 1
                done.notes[row.line] = Refusal(WAITS, why)
            else:
                done.posted += 1
            if doubts := warnings_of(result) if result.status in ("posted", "kept") else []:
                done.warnings[row.line] = doubts
        return done

    def foreseen(self, names: Iterable[str]) -> Container[str]:
        """The purchases of these names that a dry run would have posted by now; none where all is posted indeed."""
        return ()

    def close(self) -> None:
        if self.newcomers:
            self.newcomers.close()


def waves_of(rows: Iterable[Row], taken: Iterable[str] = ()) -> Iterator[list[Row]]:
    """Lists of rows without a name twice: what the first one of two did is known to the second.

    The names in `taken` are not in the first list, which may be empty.
    """
    left, names = list(rows), set(taken)
    is_first = True
    while left or is_first:
        wave: list[Row] = []
        again: list[Row] = []
        for row in left:
            (again if row.activity.external_id in names else wave).append(row)
            names.add(row.activity.external_id)
        yield wave
        left, names, is_first = again, set(), False
