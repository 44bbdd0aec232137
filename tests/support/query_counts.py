"""How many statements may each endpoint and each page take? As many as are recorded, with a column per database.

The numbers differ by database, because PostgreSQL writes what SQLite has to say in two statements: both stand in
`tests/query_counts.csv`, each recorded on its own database by `--record-query-counts`.
"""

import csv
import fcntl
import io
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

FILE = Path(__file__).resolve().parent.parent / "query_counts.csv"
DATABASES = ["sqlite", "postgresql"]
COMMAND = 'make test ARGS="-k query_counts --record-query-counts"'


@pytest.fixture
def hold(request):
    """A function that holds counts to the record, or records them where that is asked for."""

    def hold(area, counts):
        if request.config.getoption("--record-query-counts"):
            record(area, counts)
        known = recorded(area)
        unlike = {
            name: f"{known.get(name)} recorded, {counts.get(name)} counted"
            for name in sorted(known.keys() | counts.keys())
            if known.get(name) != counts.get(name)
        }
        assert not unlike, f"If that is right: {COMMAND}"

    return hold


def walk(patterns, prefix=""):
    """(pattern, the route before it) of each address that is served, however deeply they are nested."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            yield pattern, prefix


def count(ask):
    """Statements of `ask`, a function without arguments that returns a response."""
    with CaptureQueriesContext(connection) as log:
        response = ask()
    assert response.status_code < 400, response.content
    return len(log)


def recorded(area):
    """{page: number} of this database, of all pages whose names begin with `area`; None where nothing is."""
    rows = _rows(FILE.read_text() if FILE.exists() else "")
    own = {name: row[connection.vendor] for name, row in rows.items() if name.startswith(area)}
    return {name: int(number) if number else None for name, number in own.items()}


def record(area, counts):
    """Replace this database's numbers of `area`; a page that is not counted any more leaves the file."""
    FILE.touch()
    with open(FILE, "r+") as file:
        # Each area is recorded by a test of its own, perhaps at the same time.
        fcntl.flock(file, fcntl.LOCK_EX)
        rows = _rows(file.read())
        kept = {name: row for name, row in rows.items() if not name.startswith(area)}
        kept |= {name: rows.get(name, {}) | {connection.vendor: number} for name, number in counts.items()}
        file.seek(0)
        file.truncate()
        writer = csv.DictWriter(file, ["page", *DATABASES], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({"page": name} | row for name, row in sorted(kept.items()))


def _rows(text):
    return {row.pop("page"): row for row in csv.DictReader(io.StringIO(text))}


def pytest_addoption(parser):
    parser.addoption(
        "--record-query-counts",
        action="store_true",
        help="Write how many statements each endpoint and page takes to tests/query_counts.csv.",
    )
