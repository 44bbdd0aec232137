"""How does a whole file get into the ledger? In batches, and again as often as you like.

Nothing is kept of an import but the facts themselves: each row has the same external id whenever it is
read, so an import that was killed is simply started again. It skips what is recorded already, and is right
even when the file was changed in between.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from loyalty_site.lib.refusals import Refusal, Refused
from partners.models import Connection
from programs import versions
from programs.models import Program
from transactions import ledger
from transactions.books.idempotency import IdempotencyConflict, fingerprint
from transactions.imports import lines
from transactions.imports.mapping import Mapping
from transactions.imports.newcomers import Newcomers
from transactions.imports.report import Report
from transactions.imports.rows import Reader, Record, Row
from transactions.imports.shelf import Ordinals, Shelf, short
from transactions.models import Journal

CONFLICT = Refusal(
    IdempotencyConflict.code,
    "A transaction with this external_id and another content is recorded; "
    "use a new external_id, or reverse that transaction first.",
    field="external_id",
)


@dataclass(slots=True)
class Outcome:
    """How many rows the file has and what became of them; in a dry run, what would become of them.

    `problems` counts what is wrong with the `refused` rows, `line` is the last one that was read.
    """

    rows: int = 0
    posted: int = 0
    replayed: int = 0
    refused: int = 0
    enrolled: int = 0
    problems: int = 0
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
    written = Report(report)
    try:
        lines.check_encoding(path, mapping.encoding)
        with open(path, "rb") as file:
            job = _Import(program, mapping, written, dry_run=dry_run)
            try:
                return job.run(lines.Lines(file, mapping.encoding), progress or (lambda count: None))
            finally:
                job.close()
    except lines.Unusable as error:
        written.write(error.problems or [(0, Refusal("file_unusable", str(error)))])
        raise
    finally:
        written.close()


class _Import:
    """One run over one file."""

    def __init__(self, program: Program, mapping: Mapping, report: Report, *, dry_run: bool) -> None:
        self.program, self.mapping, self.report, self.dry_run = program, mapping, report, dry_run
        before = set(program.owner.connections.values_list("pk", flat=True))
        self.via = Connection.of(program.owner, Connection.Platform.IMPORT)
        self.is_via_borrowed = dry_run and self.via.pk not in before
        if self.via.status != Connection.Status.ACTIVE:
            raise Refused(f"The connection {self.via} is {self.via.status}; activate it first.")
        self.configuration = versions.renew(program.pk)
        ledger.record([], program_id=program.pk, via=self.via)  # Refused now rather than at the first row
        self.reader = Reader(mapping, self.configuration)
        self.newcomers = Newcomers(program, self.via, self.configuration, rehearse=dry_run)
        self.ordinals = Ordinals()
        self.rehearsed = Shelf() if dry_run else None
        self.outcome = Outcome()
        # Asking for what is recorded already is quick where it is, and in vain in a new file.
        self.expects_known = True

    def close(self) -> None:
        for thing in (self.newcomers, self.ordinals, self.rehearsed):
            if thing:
                thing.close()
        if self.is_via_borrowed:
            self.via.delete()

    def run(self, source: lines.Lines, progress: Callable[[int], object]) -> Outcome:
        for _ in range(self.mapping.skip_lines):
            next(source, None)
        records = (lines.fixed if self.mapping.format == "fixed" else lines.delimited)(source, self.mapping)
        reported = 0
        batch: list[Record] = []
        problems: list[tuple[int, Refusal]] = []
        for line, texts in records:
            self.outcome.rows += 1
            self.outcome.line = line
            record, wrong = (None, [texts]) if isinstance(texts, Refusal) else self.reader.read(line, texts)
            if record:
                batch.append(record)
            else:
                self.outcome.refused += 1
                problems += [(line, refusal) for refusal in wrong]
            if len(batch) == ledger.LARGEST_BATCH or len(problems) >= ledger.LARGEST_BATCH:
                self._finish(batch, problems)
                progress(source.position - reported)
                reported, batch, problems = source.position, [], []
        self._finish(batch, problems)
        progress(source.position - reported)
        return self.outcome

    def _finish(self, batch: Sequence[Record], problems: Sequence[tuple[int, Refusal]]) -> None:
        """Post the records of a batch and write down what was wrong with any of it."""
        if batch:
            ordinals = self.ordinals.number([record.key for record in batch])
            refusals = self._post([record.row(nth) for record, nth in zip(batch, ordinals, strict=True)])
            self.outcome.refused += len(refusals)
            problems = [*problems, *refusals.items()]
        self.outcome.problems += len(problems)
        self.report.write(problems)

    def _post(self, rows: Sequence[Row]) -> dict[int, Refusal]:
        """{line: Refusal} of the rows that were not taken."""
        before = self.outcome.replayed
        rows = self._unknown(rows)
        refusals: dict[int, Refusal] = {}
        with self._rolled_back():
            if self.mapping.enrol and rows:
                enrolled, refusals = self.newcomers.enrol(rows, timezone.now())
                self.outcome.enrolled += enrolled
            for wave in _waves(row for row in rows if row.line not in refusals):
                refusals |= self._record(wave)
        self.expects_known = self.outcome.replayed > before
        return refusals

    @contextmanager
    def _rolled_back(self) -> Iterator[None]:
        """A dry run enrols to see what the ledger would say, and takes it back."""
        if not self.dry_run:
            yield
            return
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    def _unknown(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows that are not recorded yet; the others are counted."""
        if not self.expects_known:
            return rows
        known = dict(
            Journal.objects.filter(
                program=self.program,
                connection=self.via,
                kind=Journal.Kind.ACCRUAL,
                external_id__in=[row.activity.external_id for row in rows],
            ).values_list("external_id", "fingerprint")
        )
        # Another content under the same name is left to the ledger, which refuses it.
        fresh = [row for row in rows if known.get(row.activity.external_id) != fingerprint(row.activity)]
        self.outcome.replayed += len(rows) - len(fresh)
        return fresh

    def _record(self, rows: Sequence[Row]) -> dict[int, Refusal]:
        refusals: dict[int, Refusal] = {}
        if self.rehearsed:
            rows, refusals = self._unrehearsed(rows, self.rehearsed)
        items = [row.activity for row in rows]
        results = ledger.record(items, program_id=self.program.pk, via=self.via, dry_run=self.dry_run)
        posted = []
        for row, result in zip(rows, results, strict=True):
            if result.refusal:
                is_conflict = result.refusal.code == CONFLICT.code
                refusals[row.line] = CONFLICT if is_conflict else result.refusal
            elif result.status == "replayed":
                self.outcome.replayed += 1
            else:
                posted.append(row)
        self.outcome.posted += len(posted)
        if self.rehearsed:
            self.rehearsed.put({row.activity.external_id: short(fingerprint(row.activity)) for row in posted})
        return refusals

    def _unrehearsed(self, rows: Sequence[Row], rehearsed: Shelf) -> tuple[list[Row], dict[int, Refusal]]:
        """(rows that no earlier batch of the dry run would have posted, {line: Refusal} of conflicts)."""
        known = rehearsed.get(row.activity.external_id for row in rows)
        fresh: list[Row] = []
        refusals: dict[int, Refusal] = {}
        for row in rows:
            mark = known.get(row.activity.external_id)
            if mark is None:
                fresh.append(row)
            elif mark == short(fingerprint(row.activity)):
                self.outcome.replayed += 1
            else:
                refusals[row.line] = CONFLICT
        return fresh, refusals


def _waves(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Lists of rows without a name twice: what the first one of two did is known to the second."""
    left = list(rows)
    while left:
        wave: list[Row] = []
        again: list[Row] = []
        names: set[str] = set()
        for row in left:
            (again if row.activity.external_id in names else wave).append(row)
            names.add(row.activity.external_id)
        yield wave
        left = again
