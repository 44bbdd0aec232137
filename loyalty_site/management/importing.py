"""What do the commands that take files have in common? The program, the report, and sentences for what goes wrong."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError, CommandParser, OutputWrapper
from django.db import DatabaseError, InterfaceError
from tqdm import tqdm

from loyalty_site.lib.database_refusals import refused_for_a_time
from loyalty_site.lib.refusals import Refused
from transactions import imports

ROWS_REFUSED, UNUSABLE = 1, 2
AGAIN = "Run the same command again: it skips every row that is recorded, also those of which it is not known now."


def add_arguments(parser: CommandParser) -> None:
    """The file, the program and the report, whatever the rows are about."""
    parser.add_argument("file", type=Path)
    parser.add_argument("--program", required=True, metavar="CODE")
    parser.add_argument("--dry-run", action="store_true", help="write nothing, but the same report")
    parser.add_argument("--report", type=Path, metavar="FILE", help="default: FILE.report.csv beside the file")


def end(refused: int, problems: int, report: Path, *, unrefunded: int = 0) -> None:
    """Raises CommandError where rows were refused, or refunds of purchases that were not."""
    if problems:
        refunds = f" and {unrefunded:,} refunds" if unrefunded else ""
        detail = f"{refused:,} rows{refunds} were refused: {problems:,} problems listed in {report}."
        raise CommandError(detail, returncode=ROWS_REFUSED)


def report_beside(file: Path, report: Path | None, read: Iterable[Path]) -> Path:
    """Where the report goes. Raises CommandError where it would overwrite one of the files that are `read`."""
    report = report or file.with_name(f"{file.name}.report.csv")
    if report.resolve() in [path.resolve() for path in read]:
        raise CommandError("The report would overwrite what is read; name another file.", returncode=UNUSABLE)
    return report


@contextmanager
def progress_of(file: Path) -> Iterator[Callable[[int], object]]:
    """A bar that grows with the bytes of the file that were read."""
    with tqdm(total=file.stat().st_size, unit="B", unit_scale=True, disable=None) as bar:
        yield bar.update


@contextmanager
def told(file: Path, mapping: Path | str, report: Path, errors: OutputWrapper) -> Iterator[None]:
    """Turns what an import raises into a CommandError that says what is written by now."""
    try:
        yield
    except imports.BadMapping as error:
        for problem in error.problems:
            errors.write(f"{mapping}: {problem.path or 'mapping'}: {problem.message}")
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
