"""Whatever bytes somebody calls a file of purchases: a report, a fitting exit code, and nothing lost."""

import os

import pytest

from tests.support import factories
from tests.support.importing import PLAIN
from transactions.imports import lines
from transactions.models import Journal

HEAD = b"who,day,sum\n"
GOOD = b"1,2026-03-01,10.00\n"


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=20_000)


REFUSED = [
    (b"1,2026-03-01\n", "", "wrong_columns"),
    (b"1,2026-03-01,10,00\n", "", "wrong_columns"),
    (b"1,2026-02-31,10.00\n", "date", "invalid_value"),
    (b"1,31.12.2025,10.00\n", "date", "invalid_value"),
    (b"1,,10.00\n", "date", "invalid_value"),
    (b"1,0001-01-01,10.00\n", "date", "invalid_value"),
    (b"1,0001-01-02T10:00:00+14:00,10.00\n", "date", "invalid_date"),
    (b"1,9999-12-31T23:59:59-12:00,10.00\n", "date", "invalid_value"),
    (b"1,2999-12-31,10.00\n", "date", "invalid_date"),
    (b"1,1950-12-31,10.00\n", "date", "invalid_date"),
    (b"1,2026-03-01,-5.00\n", "amount", "invalid_value"),
    (b"1,2026-03-01,1e309\n", "amount", "invalid_number"),
    (b"1,2026-03-01," + b"9" * 30 + b"\n", "amount", "invalid_number"),
    (b"1,2026-03-01,999999999999999999.00\n", "amount", "invalid_number"),
    (b"1,2026-03-01,10.005\n", "amount", "invalid_number"),
    (b"1,2026-03-01,$10\n", "amount", "invalid_number"),
    ("1,2026-03-01,١٠.٠٠\n".encode(), "amount", "invalid_number"),
    (b'1,2026-03-01,"10,00"\n', "amount", "invalid_number"),
    (b"1\0,2026-03-01,10.00\n", "", "invalid_text"),
    (b"1,2026-03-01," + b"x" * 10**6 + b"\n", "", "line_too_long"),
    (b'"1,2026-03-01,10.00\n', "", "quote_not_closed"),
    (b"x" * 300 + b",2026-03-01,10.00\n", "customer", "invalid_text"),
    (b"=cmd(),2026-03-01,x\n", "amount", "invalid_number"),
]


@pytest.mark.parametrize(("bad", "field", "code"), REFUSED)
def test_a_bad_row_is_listed_and_costs_no_other_row(folder, bad, field, code):
    run = folder.load(HEAD + GOOD + bad + GOOD + b"2,2026-03-02,5.00\n")
    assert run.code == 1
    assert run.codes == [(3, field, code)]
    assert run.report[0]["problem"].endswith((".", '"'))
    assert "1 rows were refused: 1 problems listed in" in run.error
    assert Journal.objects.count() == 3


def test_everything_that_is_wrong_with_a_row_is_told(folder):
    run = folder.load(HEAD + b",yesterday,ten\n", PLAIN | {"guests": "refuse"})
    assert [field for _, field, _ in run.codes] == ["amount", "date", "customer"]


FINE = [
    HEAD + GOOD,
    b"\xef\xbb\xbf" + HEAD + GOOD,
    HEAD.replace(b"\n", b"\r\n") + GOOD.replace(b"\n", b"\r\n"),
    HEAD + b"\n\r\n  \n" + GOOD.replace(b"\n", b"\r\n") + b"\n",
    b'"who","day","sum"\r\n"1","2026-03-01","10.00"',
    b"sum, who ,day,more\n10.00, 1 ,2026-03-01,\n",
    b'who,day,sum,note\n1,2026-03-01,10.00,"two\nlines, ""quoted"""\n',
    b'who,day,sum,note\n1,2026-03-01,10.00,a 5" record\n',
    b"who,day,sum\n1,2026-03-01T00:00:00,10\n",
    b"who,day,sum\n1,2026-02-28T23:00:00Z,10.0\n",
]


@pytest.mark.parametrize("content", FINE)
def test_what_spreadsheets_and_shops_write_is_read(folder, content):
    run = folder.load(content)
    assert (run.code, run.report) == (0, [])
    journal = Journal.objects.get()
    assert (journal.amount, journal.activity_at.isoformat()) == (1000, "2026-02-28T23:00:00+00:00")


@pytest.mark.parametrize("tail", [b"2,2026-03-02,12.3", b"2,2026-03", b"2,2026-03-02,12.34"])
def test_a_file_cut_in_half_keeps_what_came_before(folder, tail):
    """A cut amount looks like a whole one: 12.3 of 12.34."""
    run = folder.load(HEAD + GOOD + tail)
    assert run.codes == [(3, "", "line_cut")]
    assert Journal.objects.count() == 1
    whole = folder.load(HEAD + GOOD + b"2,2026-03-02,12.34\n")
    assert (whole.code, Journal.objects.count()) == (0, 2)


def test_a_mapping_may_vouch_for_a_last_line_without_end(folder):
    assert folder.load(HEAD + GOOD.rstrip(), PLAIN | {"final_line_end": False}).code == 0


UNUSABLE = [
    (b"", "no header"),
    (b"who,day\n1,2026-03-01\n", "no column “sum”; it has “who”, “day”"),
    (b"who;day;sum\n1;2026-03-01;10\n", "no column “who”, “day”, “sum”"),
    (b"who,day,sum,sum\n", "“sum” more than once"),
    (HEAD + GOOD + "Jos\u00e9,2026-03-01,1.00\n".encode("latin-1"), "not utf-8, first in line 3"),
    ("who,day,sum\n".encode("utf-16"), "UTF-16"),
    (HEAD + GOOD + b"\xc3", "not utf-8"),
    (b"x" * 10**6, "no header"),
    (b"\0" * 10**6, "no header"),
]


@pytest.mark.parametrize(("content", "words"), UNUSABLE)
def test_an_unusable_file_is_refused_as_a_whole(folder, content, words):
    run = folder.load(content)
    assert run.code == 2
    assert words in run.error
    assert "Nothing was written; see" in run.error
    assert len(run.report) == 1
    assert not Journal.objects.exists()


def test_each_undecodable_line_is_listed(folder):
    bad = "é,2026-03-01,1.00\n".encode("cp1252")
    run = folder.load(HEAD + bad + GOOD + bad)
    assert run.codes == [(2, "", "wrong_encoding"), (4, "", "wrong_encoding")]


def test_a_file_of_utf8_is_not_read_as_something_else(folder):
    run = folder.load(b"\xef\xbb\xbf" + HEAD + GOOD, PLAIN | {"encoding": "cp1252"})
    assert (run.code, "the file is UTF-8" in run.error) == (2, True)


def test_a_file_or_program_that_is_not_there(folder, tmp_path):
    assert folder.load(tmp_path / "nothing.csv").code == 2
    assert folder.load(tmp_path).code == 2
    run = folder.load(HEAD + GOOD, program="nonsense")
    assert (run.code, "There is no program “nonsense”" in run.error) == (2, True)


def test_a_report_never_overwrites_the_file(folder, tmp_path):
    file = folder.file(HEAD + GOOD)
    run = folder.load(file, PLAIN, "--report", str(file))
    assert (run.code, file.read_bytes()) == (2, HEAD + GOOD)


def test_a_header_in_the_file_only(folder):
    run = folder.load(HEAD)
    assert (run.code, "Nothing new in this file." in run.told) == (0, True)


FIXED = {
    "format": "fixed",
    "enrol": True,
    "fields": {
        "customer": {"from": 1, "to": 4},
        "date": {"from": 5, "to": 12, "format": "%Y%m%d"},
        "amount": {"from": 13, "to": 20},
    },
}


def test_fixed_width_lines_that_are_short_are_refused(folder):
    run = folder.load(b"   120260301   10.00\r\n   1202603\n   120260301   10.00  \n   220260301   1", FIXED)
    assert run.codes == [(2, "", "line_too_short"), (4, "", "line_cut")]
    assert Journal.objects.count() == 2


def test_a_fixed_width_line_of_full_width_is_whole_without_a_line_end(folder):
    assert folder.load(b"   120260301   10.00", FIXED).code == 0


@pytest.mark.parametrize(
    ("text", "minor"),
    [("1.234,56", 123456), ("1.234.567,00", 123456700), ("12,5", 1250), ("12", 1200)],
)
def test_amounts_in_another_notation(folder, text, minor):
    mapping = PLAIN | {"decimal": ",", "thousands": ".", "delimiter": ";"}
    assert folder.load(f"who;day;sum\n1;2026-03-01;{text}\n", mapping).code == 0
    assert Journal.objects.get().amount == minor


@pytest.mark.parametrize("text", ["1.23,00", "12.34", "1.2345,00", "1,234.56", "1234.567,00"])
def test_an_ambiguous_amount_is_not_guessed(folder, text):
    mapping = PLAIN | {"decimal": ",", "thousands": ".", "delimiter": ";"}
    assert folder.load(f"who;day;sum\n1;2026-03-01;{text}\n", mapping).code == 1


def test_a_line_without_end_is_never_held_in_memory(tmp_path):
    path = tmp_path / "endless"
    with open(path, "wb") as file:
        os.truncate(file.fileno(), 300_000_000)
    with open(path, "rb") as file:
        found = list(lines.Lines(file, "utf-8"))
    assert found == [(1, lines.TOO_LONG, True)]


@pytest.mark.parametrize("header", ["who,day,sum", "WHO,Day,sum", "who,day,total", "Who,DAY,Total,SUBTOTAL"])
def test_columns_are_found_in_any_letter_case_and_by_any_of_their_names(folder, header):
    row = "1,2026-03-01,10.00" + ",7" * (header.count(",") - 2)
    described = {"enrol": True, "fields": {"customer": "who", "date": ["date", "day"], "amount": ["sum", "total"]}}
    run = folder.load(f"{header}\n{row}\n", described)
    assert (run.code, run.report) == (0, [])
    assert Journal.objects.get().amount == 1000


def test_a_column_that_is_there_twice_but_for_letter_case_is_not_chosen_among(folder):
    run = folder.load("Who,WHO,day,sum\n1,2,2026-03-01,10.00\n")
    assert run.code == 2
    assert "the file has the column “who” more than once" in run.error
    assert folder.load("who,WHO,day,sum\n1,2,2026-03-01,10.00\n").code == 0
