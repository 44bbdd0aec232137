"""How does a whole file of members get in? In batches, and again as often as you like.

Nothing is kept of an import but what it has written: whoever is recorded is skipped, so an import that was killed is
simply started again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from loyalty_site.lib import money
from loyalty_site.lib.insisting import insist
from loyalty_site.lib.refusals import Refusal, Refused
from partners.models import Connection
from programs import versions
from programs.models import Program
from transactions import ledger
from transactions.imports import files, lines
from transactions.imports.growth import Growth
from transactions.imports.members.bringing import Bringer
from transactions.imports.members.claims import Claims
from transactions.imports.members.gathering import INCOMPLETE, Gatherer
from transactions.imports.members.mapping import MemberMapping
from transactions.imports.members.outcomes import Brought
from transactions.imports.members.row import Row
from transactions.imports.members.rows import Reader
from transactions.imports.report import Report

#: Rows, all lots of a member together; what is wrong with others, by line; how many bytes of the file were read.
Batch: TypeAlias = tuple[list[Row], list[tuple[int, Refusal]], int]


@dataclass(slots=True)
class Outcome:
    """How many rows the file has and what became of them; in a dry run, what would become of them.

    `posted` rows have changed something, `replayed` ones were recorded before; `points` is by how much balances
    moved, in the smallest unit of the `currency` with so many `decimals`, `others` says so of further currencies,
    and `rounded` rows had fractions. `problems` counts what is wrong with the `refused` rows, `notes` what is told of
    rows that were taken all the same, `line` is the last one that was read.
    """

    rows: int = 0
    posted: int = 0
    replayed: int = 0
    refused: int = 0
    enrolled: int = 0
    problems: int = 0
    notes: int = 0
    points: int = 0
    rounded: int = 0
    currency: str = ""
    others: Sequence[str] = ()
    decimals: int = 0
    line: int = field(default=0, compare=False)


def run(
    path: Path,
    *,
    program: Program,
    mapping: MemberMapping,
    report: Path,
    dry_run: bool = False,
    user: AbstractBaseUser | None = None,
    is_patient: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Outcome:
    """Bring the members of the file at `path` into `program`; returns an Outcome. Problems go to the file `report`.

    `user` is the member of staff who does it. Who `is_patient` goes on over a new connection to the database, for a
    minute if need be, where one was lost. `progress` is called with the bytes that were read since the last call.
    Raises lines.Unusable when nothing can be taken, Refused when the program takes nothing (any longer), OSError.
    """

    def work(source: lines.Lines, written: Report) -> Outcome:
        with files.import_connection(program, is_borrowed=dry_run) as via:
            job = _Import(program, mapping, via, written, user=user, dry_run=dry_run, is_patient=is_patient)
            with closing(job):
                if mapping.rows == "lot":
                    with open(path, "rb") as file:
                        job.count_lots(lines.Lines(file, mapping.encoding))
                return job.run(source, progress or (lambda count: None))

    return files.go_through(path, mapping, report, work)


class _Import:
    """One run over one file."""

    def __init__(
        self,
        program: Program,
        mapping: MemberMapping,
        via: Connection,
        report: Report,
        *,
        user: AbstractBaseUser | None,
        dry_run: bool,
        is_patient: bool,
    ) -> None:
        self.mapping, self.report, self.is_patient = mapping, report, is_patient
        configuration = versions.renew(program.pk)
        ledger.record([], program_id=program.pk, via=via)  # Refused now rather than at the first row
        for name, code, known in (
            ("currency", mapping.currency, configuration.currencies),
            ("ladder of tiers", mapping.tier_group, configuration.tier_groups),
        ):
            if code and code not in known:
                raise Refused(f"The program has no {name} “{code}”; it has: {', '.join(known) or 'none'}.")
        self.reader = Reader(mapping, configuration, now=timezone.now())
        self.bringer = Bringer(program, via, configuration, mapping, user=user, rehearse=dry_run)
        self.claims = Claims(rows=mapping.rows)
        self.gatherer = Gatherer() if mapping.rows == "lot" else None
        currency = self.reader.currency
        self.outcome = Outcome(
            currency=currency.name if currency else "", decimals=currency.decimals if currency else 0
        )
        self._growth = Growth()
        self._moved = Counter[str]()

    def close(self) -> None:
        self.claims.close()
        if self.gatherer:
            self.gatherer.close()
        self.bringer.close()

    def run(self, source: lines.Lines, progress: Callable[[int], object]) -> Outcome:
        outcome, position = self.outcome, 0
        for rows, problems, end in self._batches(source):
            done = self._bring(rows)
            outcome.posted += done.posted
            outcome.replayed += done.replayed
            outcome.enrolled += done.enrolled
            self._count_moves(done)
            outcome.rounded += done.rounded
            outcome.refused += len(done.refusals)
            problems += done.refusals.items()
            outcome.problems += len(problems)
            outcome.notes += len(done.notes)
            self.report.write([*problems, *done.notes.items()])
            self._growth.note(done.posted)
            progress(end - position)
            position = end
        return outcome

    def _count_moves(self, done: Brought) -> None:
        self._moved.update(done.moved)
        main, known = self.reader.currency, self.reader.currencies
        self.outcome.points = self._moved[main.code] if main else 0
        others = {known[code]: moved for code, moved in self._moved.items() if not main or code != main.code}
        self.outcome.others = [f"{money.render(moved, one.decimals)} {one.name}" for one, moved in others.items()]

    def _bring(self, rows: Sequence[Row]) -> Brought:
        # What was written although its answer was lost is found to be recorded.
        return insist(lambda: self.bringer.bring(rows)) if self.is_patient else self.bringer.bring(rows)

    def count_lots(self, source: lines.Lines) -> None:
        """Read the file once to know how many lots each member has."""
        if self.gatherer:
            keys: list[str] = []
            for _, texts in files.records(source, self.mapping):
                if not isinstance(texts, Refusal):
                    keys.append(self.reader.who(texts))
                if len(keys) == ledger.LARGEST_BATCH:
                    self.gatherer.count(keys)
                    keys = []
            self.gatherer.count(keys)

    def _batches(self, source: lines.Lines) -> Iterator[Batch]:
        rows: list[Row] = []
        problems: list[tuple[int, Refusal]] = []
        for line, texts in files.records(source, self.mapping):
            self.outcome.rows += 1
            self.outcome.line = line
            row, wrong = (None, [texts]) if isinstance(texts, Refusal) else self.reader.read(line, texts)
            if row is None:
                self.outcome.refused += 1
                problems += [(line, refusal) for refusal in wrong]
            ready, refused = [row] if row else [], list[tuple[int, Refusal]]()
            if self.gatherer and not isinstance(texts, Refusal) and (key := self.reader.who(texts)):
                ready, refused = self.gatherer.add(key, row)
            rows += ready
            problems += refused
            self.outcome.refused += len(refused)
            if len(rows) >= ledger.LARGEST_BATCH or len(problems) >= ledger.LARGEST_BATCH:
                yield self._batch(rows, problems, source.position)
                rows, problems = [], []
        yield self._batch(rows, problems, source.position)

    def _batch(self, rows: list[Row], problems: list[tuple[int, Refusal]], position: int) -> Batch:
        """The rows without those whose names belong to earlier ones."""
        refused = self.claims.check(rows)
        if self.gatherer:
            keys = {row.key for row in rows if row.line in refused}
            refused = {row.line: INCOMPLETE for row in rows if row.key in keys} | refused
        self.outcome.refused += len(refused)
        left = [row for row in rows if row.line not in refused]
        return left, [*problems, *refused.items()], position
