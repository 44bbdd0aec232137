"""How is a table written as CSV, line by line, and sent to people who open it as a spreadsheet?"""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

#: A spreadsheet would compute what begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """What csv.writer writes to: it keeps one line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A line of CSV for each row, as soon as the row is known."""
    line = _Line()
    writer = csv.writer(line)
    for row in rows:
        writer.writerow(row)
        yield line.text


def download(parts: Iterable[str], name: str) -> StreamingHttpResponse:
    """Lines of CSV as a file that the browser keeps as NAME.csv; they are made while it is sent."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8", headers=headers)


def harmless(text: str) -> str:
    """What others have typed, as a cell that no spreadsheet computes."""
    return f"'{text}" if text.startswith(_FORMULA) else text
