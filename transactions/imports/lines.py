"""How do bytes become records, whatever somebody put into the file? In constant memory, each with its line.

A record is one line, or several where a quoted cell holds line ends. What cannot be read becomes a Refusal
in its place; the next line is read as if nothing had happened.
"""

import codecs
import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

from loyalty_site.lib.refusals import Refusal
from transactions.imports.layout import Field, Layout

#: Bytes; what is longer is no purchase.
LONGEST_LINE = 100_000
#: A quoted cell may reach over so many lines; behind that the quote was never closed.
MOST_LINES = 50
#: How many undecodable lines are listed.
MOST_LISTED = 100
_CHUNK = 1 << 20

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)

TOO_LONG = Refusal("line_too_long", f"The line is longer than {LONGEST_LINE:,} bytes; correct it.")
NUL = Refusal("invalid_text", "The line holds NUL bytes; correct it.")
NOT_CLOSED = Refusal("quote_not_closed", "A quote is opened in this line and not closed; close or double it.")
CUT = Refusal(
    "line_cut",
    "The last line has no line end, so the file may be cut. Fetch it again; if the line is whole, add a line end.",
)


class Line(NamedTuple):
    """A physical line; `has_end` says whether a line end stands behind it."""

    number: int
    text: str | Refusal
    has_end: bool


#: The number of its first line, and the wanted values of a record or why there are none.
Record: TypeAlias = tuple[int, list[str] | Refusal]


class Unusable(Exception):
    """Nothing of the file can be taken. `problems` are (line, Refusal), to be listed in the report."""

    def __init__(self, message: str, problems: Iterable[tuple[int, Refusal]] = ()) -> None:
        super().__init__(message)
        self.problems = list(problems)


def check_encoding(path: Path, encoding: str) -> None:
    """Raises Unusable when the file at `path` is not what the mapping says: better before the first posting."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with open(path, "rb") as file:
        chunk = file.read(_CHUNK)
        if chunk.startswith(_WIDE):
            raise Unusable("the file is UTF-16 or UTF-32; save it as UTF-8")
        if chunk.startswith(codecs.BOM_UTF8) and encoding not in ("utf-8", "utf-8-sig"):
            raise Unusable(f"the file is UTF-8, the mapping says {encoding}")
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(_CHUNK)
            decoder.decode(b"", final=True)
            return
        except UnicodeDecodeError:
            file.seek(0)
            problems = list(_undecodable(file, encoding))
    where = f"first in line {problems[0][0]}" if problems else "at its end"
    raise Unusable(f"the file is not {encoding}, {where}; say its encoding in the mapping", problems)


def _undecodable(file: BinaryIO, encoding: str) -> Iterator[tuple[int, Refusal]]:
    number, found = 0, 0
    while found < MOST_LISTED and (raw := file.readline(_CHUNK)):
        number += 1
        try:
            raw.decode(encoding)
        except UnicodeDecodeError as error:
            found += 1
            detail = f"Byte 0x{raw[error.start]:02x} at position {error.start + 1} is not {encoding}."
            yield number, Refusal("wrong_encoding", detail)


class Lines:
    """The physical lines of a binary file; `position` is how many bytes were read."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file, self._encoding = file, encoding
        self._again: deque[Line] = deque()
        self.number = self.position = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> Line:
        if self._again:
            return self._again.popleft()
        raw = self._file.readline(LONGEST_LINE)
        if not raw:
            raise StopIteration
        self.number += 1
        self.position += len(raw)
        if self.number == 1 and raw.startswith(codecs.BOM_UTF8):
            raw = raw[len(codecs.BOM_UTF8) :]
        if raw[-1] != 10 and len(raw) == LONGEST_LINE:
            self._skip()
            return Line(self.number, TOO_LONG, True)
        try:
            text = raw.decode(self._encoding)
        except UnicodeDecodeError:
            return Line(self.number, Refusal("wrong_encoding", f"The line is not {self._encoding}."), True)
        return Line(self.number, NUL if "\0" in text else text.rstrip("\r\n"), raw[-1] == 10)

    def _skip(self) -> None:
        """Read to the end of a line that is too long to be kept."""
        while raw := self._file.readline(LONGEST_LINE):
            self.position += len(raw)
            if raw[-1] == 10:
                return

    def put_back(self, lines: Sequence[Line]) -> None:
        """Read these once more."""
        self._again.extendleft(reversed(lines))


def fixed(lines: Lines, mapping: Layout) -> Iterator[Record]:
    """(number, the wanted values or Refusal) of each line of a fixed-width file."""
    slices = [slice(field.start, field.end) for field in mapping.fields]
    width = mapping.width
    for number, text, has_end in lines:
        if isinstance(text, Refusal):
            yield number, text
        elif not text.strip():
            continue
        elif len(text) < width:
            detail = f"The line has {len(text)} characters, the mapping needs {width}."
            yield number, Refusal("line_too_short", detail) if has_end else CUT
        else:
            yield number, [text[part].strip() for part in slices]


def delimited(lines: Lines, mapping: Layout) -> Iterator[Record]:
    """(number, the wanted values or Refusal) of each record of a CSV file. Raises Unusable without its columns."""
    width, places = 0, list[int]()
    if mapping.header:
        header = next((cells for _, cells, _ in cells_of(lines, mapping)), None)
        width, places = _columns(header, mapping)
    for number, cells, is_whole in cells_of(lines, mapping):
        if isinstance(cells, Refusal):
            yield number, cells
            continue
        if not width:
            width, places = len(cells), _numbered(cells, mapping)
        if not is_whole and mapping.final_line_end:
            yield number, CUT
        elif len(cells) != width:
            detail = f"The line has {len(cells)} columns instead of {width}; quote cells that hold the delimiter."
            yield number, Refusal("wrong_columns", detail)
        else:
            yield number, [cells[place].strip() if place >= 0 else "" for place in places]


def _columns(header: list[str] | Refusal | None, mapping: Layout) -> tuple[int, list[int]]:
    """(how many columns, the place of each field) by the header; -1 for one that may be missing, and is."""
    if header is None or isinstance(header, Refusal):
        raise Unusable("the file has no header line that can be read")
    names = [name.strip() for name in header]
    columns = [_name_of(field, names) for field in mapping.fields]
    missing = [
        column
        for column, field in zip(columns, mapping.fields, strict=True)
        if column not in names and not field.optional
    ]
    if missing:
        have = ", ".join(f"“{name[:40]}”" for name in names[:30])
        raise Unusable(f"the file has no column {', '.join(f'“{name}”' for name in missing)}; it has {have}")
    twice = [column for column in columns if names.count(column) > 1]
    if twice:
        raise Unusable(f"the file has the column “{twice[0]}” more than once")
    return len(names), [names.index(column) if column in names else -1 for column in columns]


def _name_of(field: Field, names: Sequence[str]) -> str:
    """What the header calls the column of a field, by the first of its names that is there, in any case."""
    possible = [str(name).strip() for name in (field.column, *field.others)]
    if exact := next((name for name in possible if name in names), ""):
        return exact
    for name in possible:
        alike = [column for column in names if column.casefold() == name.casefold()]
        if len(alike) > 1:
            raise Unusable(f"the file has the column “{name}” more than once")
        if alike:
            return alike[0]
    return possible[0]


def _numbered(cells: list[str], mapping: Layout) -> list[int]:
    """The place of each field by the numbers that the mapping gives."""
    columns = [int(field.column) for field in mapping.fields]
    highest = max(columns)
    if highest > len(cells):
        raise Unusable(f"the first row has {len(cells)} columns, the mapping names column {highest}")
    return [column - 1 for column in columns]


def cells_of(lines: Lines, mapping: Layout) -> Iterator[tuple[int, list[str] | Refusal, bool]]:
    """(number, cells or Refusal, whether the end of the record is sure) of each record."""
    quote, delimiter = mapping.quote, mapping.delimiter
    for number, text, has_end in lines:
        if isinstance(text, Refusal):
            yield number, text, has_end
        elif quote not in text:
            # Most lines of most files; ten times faster than a csv.reader for each.
            cells = text.split(delimiter)
            if _says_something(cells, has_end or not mapping.final_line_end):
                yield number, cells, has_end
        else:
            found, is_whole = _quoted(lines, text, has_end, mapping)
            if isinstance(found, Refusal) or _says_something(found, is_whole or not mapping.final_line_end):
                yield number, found, is_whole


def _says_something(cells: list[str], is_whole: bool) -> bool:
    """Spreadsheets write rows of delimiters behind the last one. In a file that was cut, a value may be missing."""
    return any(map(str.strip, cells)) or not (is_whole or len(cells) == 1)


def _quoted(lines: Lines, text: str, has_end: bool, mapping: Layout) -> tuple[list[str] | Refusal, bool]:
    """(cells or Refusal, whether it is whole) of the record that begins with `text`."""
    whole, own_end = text, has_end
    taken: list[Line] = []
    # Quotes come in pairs, so an odd number means that the cell goes on in the next line.
    while whole.count(mapping.quote) % 2 and len(taken) < MOST_LINES and len(whole) < LONGEST_LINE:
        more = next(lines, None)
        if more is None:
            break
        taken.append(more)
        if isinstance(more.text, Refusal):
            break
        whole += "\n" + more.text
        has_end = more.has_end
    cells = _parse(whole, mapping)
    if cells is not None:
        return cells, has_end or whole.endswith(mapping.quote)
    # The quote was never closed, or is an inch: only this line is lost, or none.
    lines.put_back(taken)
    cells = _parse(text, mapping)
    return (cells, own_end) if cells is not None else (NOT_CLOSED, True)


def _parse(text: str, mapping: Layout) -> list[str] | None:
    """The cells of `text` when it is exactly one record, else None."""
    try:
        rows = [f"{part}\n" for part in text.split("\n")]
        found = list(csv.reader(rows, strict=True, delimiter=mapping.delimiter, quotechar=mapping.quote))
    except csv.Error:
        return None
    return found[0] if len(found) == 1 else None
