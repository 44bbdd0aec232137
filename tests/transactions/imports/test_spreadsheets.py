"""What a spreadsheet has made of a file costs no customer their name, and empty rows are no rows."""

import unicodedata

import pytest

from members.models import Member
from tests.support import factories
from tests.support.importing import PLAIN, Folder
from transactions.models import Journal

ALL = {name: name for name in ("external_id", "phone", "email", "sku", "category", "store", "partner", "code")}


@pytest.fixture
def folder(tmp_path, db):
    return Folder(tmp_path, factories.program(max_backdate_days=20_000))


@pytest.mark.parametrize(
    "text",
    [
        "4.00638E+12",
        '"4,00638E+12"',
        "4E+12",
        "4.00638e+012",
        "+3.36E+10",
        "1.2E-04",
        "4.00638E12",
        "1.00638E +12",
        "4.00638E+12.0",
        "'4.00638E+12",
        "４.00638E+12",
        "#N/A",
        "#REF!",
        "#NAME?",
        "####",
    ],
)
def test_a_customer_whom_a_spreadsheet_has_altered_is_refused_and_named(folder, text):
    run = folder.load(f"who,day,sum\n{text},2026-03-01,10.00\n{text},2026-03-02,20.00\n1,2026-03-01,1.00\n")
    assert run.codes == [(line, "customer", "altered_by_spreadsheet") for line in (2, 3)]
    assert unicodedata.normalize("NFKC", text.strip('"')) in run.report[0]["problem"]
    assert Member.objects.count() == Journal.objects.count() == 1


@pytest.mark.parametrize("name", ALL)
def test_whatever_is_a_name_is_looked_at(folder, name):
    mapping = {"enrol": True, "fields": PLAIN["fields"] | {name: "more"}}
    run = folder.load("who,day,sum,more\n1,2026-03-01,10.00,4.00638E+12\n", mapping)
    assert run.codes == [(2, name, "altered_by_spreadsheet")]


@pytest.mark.parametrize("name", ["number", "card", "customer", "email", "phone"])
def test_whoever_is_not_enrolled_is_named_too(folder, name):
    mapping = {"fields": {name: "who", "date": "day", "amount": "sum"}}
    run = folder.load("who,day,sum\n4.00638E+12,2026-03-01,10.00\n", mapping)
    assert run.codes == [(2, name, "altered_by_spreadsheet")]


@pytest.mark.parametrize("text", ["4006381333931", "12E5", "1E3", "A4.0E+12", "#2001", "E+12", "7-E+10"])
def test_a_name_that_only_looks_like_a_number_is_taken(folder, text):
    assert folder.load(f"who,day,sum\n{text},2026-03-01,10.00\n").code == 0


EMPTY = [
    "who,day,sum\n1,2026-03-01,10.00\n,,\n , ,\n,,,,,\n\u00a0,,\n",
    'who,day,sum\n"","",""\n1,2026-03-01,10.00\n"",,\n',
    ",,\n,,\nwho,day,sum\n,,\n1,2026-03-01,10.00\n",
]


@pytest.mark.parametrize("content", EMPTY)
def test_rows_of_delimiters_only_are_no_rows(folder, content):
    run = folder.load(content)
    assert (run.code, run.report) == (0, [])
    assert "1 rows" in run.told
    assert Journal.objects.count() == 1


def test_a_last_row_of_delimiters_may_be_cut(folder):
    """A column in front is empty, and the others are missing: a purchase may have stood there."""
    content = "note,who,day,sum\n,1,2026-03-01,10.00\n,"
    assert folder.load(content).codes == [(3, "", "line_cut")]
    assert folder.load(content, PLAIN | {"final_line_end": False}).code == 0
