"""How does a whole file get into the ledger? In batches, and again as often as you like.

Nothing is kept of an import but the facts themselves: each row has the same external id whenever it is
read, so an import that was killed is simply started again. It skips what is recorded already, and is right
even when the file was changed in between.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from django.utils import timezone

from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.threads import threads
from partners.models import Connection
from programs import versions
from programs.models import Program
from transactions import ledger
from transactions.imports import files, lines, orders, sharing
from transactions.imports.counting import Guest, PassedOver
from transactions.imports.mapping import Mapping
from transactions.imports.newcomers import Newcomers
from transactions.imports.order_lines import OrderReader
from transactions.imports.posting import Posted, Poster
from transactions.imports.records import Record, Row
from transactions.imports.refunds import Foreseen, Refunds
from transactions.imports.rehearsing import Rehearsal
from transactions.imports.report import Report
from transactions.imports.rows import Reader
from transactions.imports.shelf import Ordinals


@dataclass(slots=True)
class Outcome:
    """How many rows the file has and what became of them; in a dry run, what would become of them.

    `refunded` counts refunds, `guests` rows that name no customer and `left_out` those that the mapping leaves out.
    `waiting` counts rows that are written down, but not booked yet (a refund whose purchase is not here), and
    `unrefunded` rows whose purchase is recorded although what came back of it could not be refunded: they are among
    the posted ones, or recorded before.
    `problems` counts what is wrong with the `refused` rows and those refunds, `warnings` what is surely wrong with
    rows that were taken all the same; `line` is the last one that was read.
    """

    rows: int = 0
    posted: int = 0
    replayed: int = 0
    refused: int = 0
    enrolled: int = 0
    refunded: int = 0
    guests: int = 0
    left_out: int = 0
    waiting: int = 0
    unrefunded: int = 0
    problems: int = 0
    warnings: int = 0
    line: int = field(default=0, compare=False)


def run(
    path: Path,
    *,
    program: Program,
    mapping: Mapping,
    report: Path,
    dry_run: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Outcome:
    """Import the file at `path` into `program`; returns an Outcome. Problems go to the file `report`.

    `progress` is called with the bytes that were read since the last call. Raises lines.Unusable when
    nothing can be taken, Refused when the program takes nothing (any longer), OSError.
    """

    def work(source: lines.Lines, written: Report) -> Outcome:
        with files.import_connection(program, is_borrowed=dry_run) as via:
            job = _Import(program, mapping, via, written, progress or (lambda count: None), dry_run=dry_run)
            with closing(job):
                return job.run(source)

    return files.go_through(path, mapping, report, work)


class _Batch(NamedTuple):
    """Rows that are posted together, and those with `refunds`, which follow them; what was wrong with others between
    them. `position` is its end in bytes."""

    rows: Sequence[Row]
    refunds: Sequence[Row]
    problems: Sequence[tuple[int, Refusal]]
    position: int


class _Import:
    """One run over one file. While a batch is posted, the next one is read and prepared."""

    def __init__(
        self,
        program: Program,
        mapping: Mapping,
        via: Connection,
        report: Report,
        progress: Callable[[int], object],
        *,
        dry_run: bool,
    ) -> None:
        self.program, self.mapping, self.dry_run = program, mapping, dry_run
        self.report, self.progress, self.progressed = report, progress, 0
        self.via = via
        self.configuration = versions.renew(program.pk)
        ledger.record([], program_id=program.pk, via=self.via)  # Refused now rather than at the first row
        self.reader = (OrderReader if "order" in mapping.targets else Reader)(mapping, self.configuration)
        self.ordinals = Ordinals()
        self.refunds = Refunds(self.via, self.configuration, timezone.now(), is_rehearsed=dry_run)
        self.outcome = Outcome()
        self.under_way: Callable[[], None] | None = None

    def close(self) -> None:
        self.ordinals.close()

    def run(self, source: lines.Lines) -> Outcome:
        newcomers = None
        if self.mapping.enrol:
            newcomers = Newcomers(
                self.program, self.via, self.configuration, country=self.reader.country, rehearse=self.dry_run
            )
        count = 1 if self.dry_run else sharing.connections(self.configuration)
        kind = Rehearsal if self.dry_run else Poster
        with threads(count) as own, closing(kind(self.via, self.configuration, newcomers, own)) as poster:
            try:
                for batch in self._batches(source):
                    prepared = poster.prepare(batch.rows)
                    self._finish()
                    self.under_way = partial(self._write_down, batch, poster.start(prepared), poster.foreseen)
            finally:
                # Whatever went wrong with the next one, the report tells what became of this one.
                self._finish()
        return self.outcome

    def _batches(self, source: lines.Lines) -> Iterator[_Batch]:
        records: list[Record] = []
        problems: list[tuple[int, Refusal]] = []
        for line, count, rows in orders.purchases(files.records(source, self.mapping), self.mapping):
            self.outcome.rows += count
            self.outcome.line = line
            try:
                record, wrong = (None, [rows]) if isinstance(rows, Refusal) else self.reader.read_rows(line, rows)
            except PassedOver as passed:
                self._pass_over(passed, count)
                continue
            if record:
                records.append(record)
            else:
                self.outcome.refused += 1
                problems += [(line, refusal) for refusal in wrong]
            if len(records) == ledger.LARGEST_BATCH or len(problems) >= ledger.LARGEST_BATCH:
                yield self._batch(records, problems, source.position)
                records, problems = [], []
        yield self._batch(records, problems, source.position)

    def _pass_over(self, passed: PassedOver, count: int) -> None:
        if isinstance(passed, Guest):
            self.outcome.guests += count
        else:
            self.outcome.left_out += count

    def _batch(self, records: Sequence[Record], problems: Sequence[tuple[int, Refusal]], position: int) -> _Batch:
        ordinals = self.ordinals.number([record.key for record in records])
        rows = [record.row(nth) for record, nth in zip(records, ordinals, strict=True)]
        purchases = [row for row in rows if not (row.refund and row.refund.is_own)]
        return _Batch(purchases, [row for row in rows if row.refund], problems, position)

    def _finish(self) -> None:
        """Wait for the batch that is under way."""
        finish, self.under_way = self.under_way, None
        if finish:
            finish()

    def _write_down(self, batch: _Batch, finish: Callable[[], Posted], foreseen: Foreseen) -> None:
        """Count what became of a batch, and report what was wrong with any of it."""
        done = finish()
        done.add([self.refunds.post(batch.refunds, done, foreseen)])
        self.outcome.posted += done.posted
        self.outcome.replayed += done.replayed
        self.outcome.enrolled += done.enrolled
        self.outcome.refunded += done.refunded
        self.outcome.refused += len(done.refusals)
        self.outcome.waiting += done.waiting
        self.outcome.unrefunded += len(done.unrefunded)
        problems = [*batch.problems, *done.refusals.items(), *done.unrefunded.items()]
        self.outcome.problems += len(problems)
        warnings = [(line, _taken(doubt)) for line, doubts in done.warnings.items() for doubt in doubts]
        self.outcome.warnings += len(warnings)
        notes = [(line, _noted(note)) for line, note in done.notes.items()]
        self.report.write([*problems, *warnings, *notes])
        self.progress(batch.position - self.progressed)
        self.progressed = batch.position


def _taken(doubt: Refusal) -> Refusal:
    """A warning as the report tells it, among rows that were refused."""
    return replace(doubt, detail=f"Taken all the same. {doubt.detail}")


def _noted(note: Refusal) -> Refusal:
    """What waits as the report tells it, among rows that were refused."""
    return replace(note, detail=f"Written down, but not counted yet. {note.detail}")
