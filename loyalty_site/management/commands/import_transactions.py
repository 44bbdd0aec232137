"""Import purchases and other activities from a CSV or fixed-width file (see docs/import.md).

Exit codes: 0 all rows are recorded; 1 some were refused, see the report; 2 nothing could be taken.
"""

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandParser

from loyalty_site import mappings
from loyalty_site.management import importing
from loyalty_site.management.named_programs import program_of
from transactions import imports


class Command(BaseCommand):
    help = "Import purchases from a CSV or fixed-width file. Safe to repeat, also after it was killed."

    def add_arguments(self, parser: CommandParser) -> None:
        importing.add_arguments(parser)
        names = ", ".join(mappings.names())
        what = f"a file, or the name of a mapping that is there: {names}"
        parser.add_argument("--mapping", required=True, type=mappings.path_of, metavar="MAPPING", help=what)

    def handle(
        self, *, file: Path, program: str, mapping: Path, dry_run: bool, report: Path | None, **options: object
    ) -> None:
        report = importing.report_beside(file, report, (file, mapping))
        began = time.monotonic()
        with importing.told(file, mapping, report, self.stderr):
            chosen = imports.read(mapping.read_bytes())
            with importing.progress_of(file) as progress:
                outcome = imports.run(
                    file,
                    program=program_of(program, returncode=importing.UNUSABLE),
                    mapping=chosen,
                    report=report,
                    dry_run=dry_run,
                    progress=progress,
                )
        self.report(outcome, report, dry_run=dry_run, seconds=time.monotonic() - began)
        importing.end(outcome.refused, outcome.problems, report, unrefunded=outcome.unrefunded)

    def report(self, outcome: imports.Outcome, report: Path, *, dry_run: bool, seconds: float) -> None:
        """Say in a sentence what came of the file, of which `report` tells more."""
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"{outcome.rows:,} rows in {seconds:.1f} s: {outcome.posted:,} {would}posted, "
            f"{outcome.replayed:,} recorded before, {outcome.refused:,} {would}refused; "
            f"{outcome.enrolled:,} members {would}enrolled."
        )
        passed_over = [(outcome.guests, "without a customer"), (outcome.left_out, "left out by the mapping")]
        if said := " and ".join(f"{count:,} {why}" for count, why in passed_over if count):
            self.stdout.write(f"Passed over: {said}.")
        if outcome.refunded:
            self.stdout.write(f"{outcome.refunded:,} refunds {would}posted.")
        if outcome.waiting:
            self.stdout.write(f"{outcome.waiting:,} {would}written down to wait for something; see {report}.")
        if outcome.unrefunded:
            self.stdout.write(f"{outcome.unrefunded:,} refunds {would}refused of purchases that are recorded.")
        if not (outcome.posted or outcome.refused or outcome.refunded or outcome.waiting or outcome.unrefunded):
            self.stdout.write("Nothing new in this file.")
        if outcome.warnings:
            self.stderr.write(
                f"warning: {outcome.warnings:,} things are surely wrong in rows that were taken; see {report}."
            )
