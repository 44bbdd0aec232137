"""How is a file gone through from its first byte to its last, whatever its rows are about?"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from loyalty_site.lib.refusals import Refusal, Refused
from partners.models import Connection
from programs.models import Program
from transactions.imports import lines
from transactions.imports.layout import Layout
from transactions.imports.report import Report

T = TypeVar("T")


def go_through(path: Path, layout: Layout, report: Path, work: Callable[[lines.Lines, Report], T]) -> T:
    """What `work` returns, called with the lines of the file at `path` and the report to be written at `report`.

    Raises lines.Unusable, which is in the report then, and OSError.
    """
    written = Report(report)
    try:
        lines.check_encoding(path, layout.encoding)
        with open(path, "rb") as file:
            return work(lines.Lines(file, layout.encoding), written)
    except lines.Unusable as error:
        written.write(error.problems or [(0, Refusal("file_unusable", str(error)))])
        raise
    finally:
        written.close()


def records(source: lines.Lines, layout: Layout) -> Iterator[lines.Record]:
    """(line, the wanted values or Refusal) of each record."""
    for _ in range(layout.skip_lines):
        next(source, None)
    return (lines.fixed if layout.format == "fixed" else lines.delimited)(source, layout)


@contextmanager
def import_connection(program: Program, *, is_borrowed: bool) -> Iterator[Connection]:
    """The connection through which all files of a program come; `is_borrowed`: made for a rehearsal, it goes with it.

    Raises Refused where it is not active.
    """
    before = set(program.owner.connections.values_list("pk", flat=True))
    via = Connection.of(program.owner, Connection.Platform.IMPORT)
    try:
        if via.status != Connection.Status.ACTIVE:
            raise Refused(f"The connection {via} is {via.status}; activate it first.")
        yield via
    finally:
        if is_borrowed and via.pk not in before:
            via.delete()
