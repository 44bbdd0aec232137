"""Bring members and what they have from another system (see docs/import.md).

Exit codes: 0 all rows are recorded; 1 some were refused, see the report; 2 nothing could be taken.
"""

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty_site.lib import money
from loyalty_site.management import importing
from loyalty_site.management.named_programs import program_of
from transactions.imports import members


class Command(BaseCommand):
    help = "Bring members and their balances from another system's file. Safe to repeat, also after it was killed."

    def add_arguments(self, parser: CommandParser) -> None:
        importing.add_arguments(parser)
        ready = ", ".join(members.titles())
        parser.add_argument("--mapping", required=True, metavar="MAPPING", help=f"a JSON file, or one of {ready}")
        parser.add_argument("--mode", choices=["add", "set"], help="instead of what the mapping says")
        parser.add_argument("--rounding", choices=members.ROUNDINGS, help="of fractions of points, likewise")
        parser.add_argument("--source", metavar="NAME", help="what the other system is called, likewise")

    def handle(
        self,
        *,
        file: Path,
        program: str,
        mapping: str,
        dry_run: bool,
        report: Path | None,
        mode: str | None,
        **options: str | None,
    ) -> None:
        report = importing.report_beside(file, report, (file, Path(mapping)))
        began = time.monotonic()
        with importing.told(file, mapping, report, self.stderr):
            chosen = members.named(mapping) or members.read(_described(mapping))
            chosen = members.with_choices(
                chosen, mode=mode or "", rounding=options["rounding"] or "", source=options["source"] or ""
            )
            with importing.progress_of(file) as progress:
                outcome = members.run(
                    file,
                    program=program_of(program, returncode=importing.UNUSABLE),
                    mapping=chosen,
                    report=report,
                    dry_run=dry_run,
                    is_patient=True,
                    progress=progress,
                )
        self.report(outcome, dry_run=dry_run, seconds=time.monotonic() - began)
        if outcome.notes:
            self.stdout.write(
                f"{outcome.notes:,} rows {'would be' if dry_run else 'were'} taken with a note; see {report}."
            )
        importing.end(outcome.refused, outcome.problems, report)

    def report(self, outcome: members.Outcome, *, dry_run: bool, seconds: float) -> None:
        """Say in a sentence what came of the file."""
        would = "would be " if dry_run else ""
        points = ", ".join([f"{money.render(outcome.points, outcome.decimals)} {outcome.currency}", *outcome.others])
        self.stdout.write(
            f"{outcome.rows:,} rows in {seconds:.1f} s: {outcome.posted:,} {would}brought in, "
            f"{outcome.replayed:,} recorded before, {outcome.refused:,} {would}refused; "
            f"{outcome.enrolled:,} members {would}enrolled, balances {would}moved by {points}."
        )
        if outcome.rounded:
            self.stdout.write(f"{outcome.rounded:,} rows have fractions of points, which {would or 'were '}rounded.")
        if not outcome.posted and not outcome.refused:
            self.stdout.write("Nothing new in this file.")


def _described(mapping: str) -> bytes:
    """What the file of the mapping says. Raises CommandError with those that come along where there is no file."""
    path = Path(mapping)
    if not path.exists():
        ready = ", ".join(members.titles())
        detail = f"There is no mapping “{mapping}”: name a JSON file, or one of those that come along: {ready}."
        raise CommandError(detail, returncode=importing.UNUSABLE)
    return path.read_bytes()
