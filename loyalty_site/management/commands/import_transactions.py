"""Import purchases and other activities from a CSV or fixed-width file (see docs/import.md).

Exit codes: 0 all rows are recorded; 1 some were refused, see the report; 2 nothing could be taken.
"""

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError
from tqdm import tqdm

from loyalty_site import mappings
from loyalty_site.lib.database_refusals import refused_for_a_time
from loyalty_site.lib.refusals import Refused
from programs.models import Program
from transactions import imports

ROWS_REFUSED, UNUSABLE = 1, 2
AGAIN = "Run the same command again: it skips every row that is recorded, also those of which it is not known now."


class Command(BaseCommand):
    help = "Import purchases from a CSV or fixed-width file. Safe to repeat, also after it was killed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--program", required=True, metavar="CODE")
        names = ", ".join(mappings.names())
        what = f"a file, or the name of a mapping that is there: {names}"
        parser.add_argument("--mapping", required=True, type=mappings.path_of, metavar="MAPPING", help=what)
        parser.add_argument("--dry-run", action="store_true", help="write nothing, but the same report")
        parser.add_argument("--report", type=Path, metavar="FILE", help="default: FILE.report.csv beside the file")

    def handle(
        self, *, file: Path, program: str, mapping: Path, dry_run: bool, report: Path | None, **options: object
    ) -> None:
        report = report or file.with_name(f"{file.name}.report.csv")
        if report.resolve() in (file.resolve(), mapping.resolve()):
            raise CommandError("The report would overwrite what is read; name another file.", returncode=UNUSABLE)
        began = time.monotonic()
        try:
            chosen = imports.read(mapping.read_bytes())
            with tqdm(total=file.stat().st_size, unit="B", unit_scale=True, disable=None) as bar:
                outcome = imports.run(
                    file,
                    program=_program(program),
                    mapping=chosen,
                    report=report,
                    dry_run=dry_run,
                    progress=bar.update,
                )
        except imports.BadMapping as error:
            for problem in error.problems:
                self.stderr.write(f"{mapping}: {problem.path or 'mapping'}: {problem.message}")
            raise CommandError("The mapping cannot be used; nothing was written.", returncode=UNUSABLE) from None
        except imports.Unusable as error:
            detail = f"{file}: {error}. Nothing was written; see {report}."
            raise CommandError(detail, returncode=UNUSABLE) from None
        except (DatabaseError, InterfaceError) as error:
            if not refused_for_a_time(error):
                raise
            reason = str(error).strip().splitlines()[0]
            detail = f"The database went away or took no more: {reason}. What is recorded stays. {AGAIN}"
            raise CommandError(detail, returncode=UNUSABLE) from error
        except Refused as error:
            raise CommandError(f"{error} What is recorded stays; run it again.", returncode=UNUSABLE) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}", returncode=UNUSABLE) from None
        self.report(outcome, report, dry_run=dry_run, seconds=time.monotonic() - began)
        if outcome.problems:
            detail = f"{outcome.refused:,} rows were refused: {outcome.problems:,} problems listed in {report}."
            raise CommandError(detail, returncode=ROWS_REFUSED)

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
        if not outcome.posted and not outcome.refused and not outcome.refunded:
            self.stdout.write("Nothing new in this file.")
        if outcome.warnings:
            self.stderr.write(
                f"warning: {outcome.warnings:,} things are surely wrong in rows that were taken; see {report}."
            )


def _program(code: str) -> Program:
    found = Program.objects.select_related("owner").filter(code=code).first()
    if found is None:
        known = ", ".join(Program.objects.order_by("code").values_list("code", flat=True)[:20]) or "none yet"
        raise CommandError(f"There is no program “{code}”; known are: {known}.", returncode=UNUSABLE)
    return found
