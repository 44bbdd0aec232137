"""A date is the instant that its file means: by every pattern that is documented, and with its offset."""

import json

import pytest

from tests.support import factories
from tests.support.importing import PLAIN
from transactions import imports
from transactions.imports import moments
from transactions.models import Journal

#: 9:50:26 in Paris in summer.
INSTANT = "2026-10-07T07:50:26+00:00"
OFFSET = [
    ("%Y-%m-%d %H:%M:%S %z", "2026-10-07 09:50:26 +0200"),
    ("%Y-%m-%d %H:%M:%S %z", "2026-10-07 07:50:26 Z"),
    ("%Y-%m-%d %H:%M:%S %z", "2026-10-07 09:50:26 +02"),
    ("%Y-%m-%d %H:%M:%S%z", "2026-10-07 09:50:26+2:00"),
    ("%Y-%m-%dT%H:%M:%S%z", "2026-10-07T09:50:26+02:00"),
    ("%Y-%m-%d %H:%M:%S %:z", "2026-10-07 13:20:26 +05:30"),
    ("%Y-%m-%d %H:%M:%S %Z", "2026-10-07 07:50:26 UTC"),
    ("%H:%M:%S %Z %d %b %Y", "07:50:26 gmt 07 Oct 2026"),
    ("%a %b %d %Y %H:%M:%S GMT%z", "Wed Oct 07 2026 09:50:26 GMT+0200"),
    ("iso", "2026-10-07 09:50:26 +0200"),
    ("iso", "2026-10-07 09:50:26 +02:00"),
    ("iso", "2026-10-07T03:50:26 -04"),
    ("iso", "2026-10-07T09:50:26+0200"),
    ("iso", "2026-10-07T07:50:26Z"),
    ("iso", "2026-10-07t07:50:26z"),
    ("iso", "2026-10-07 07:50:26 UTC"),
    ("iso", "20261007T095026 +02"),
]
#: Of a mapping whose time zone is Paris.
LOCAL = [
    ("%d/%m/%y %I:%M:%S %p", "07/10/26 09:50:26 AM"),
    ("%A, %d. %B %Y, %X", "Wednesday, 07. October 2026, 09:50:26"),
    ("%c", "Wed Oct  7 09:50:26 2026"),
    ("%x %X", "10/07/26 09:50:26"),
    ("%Y %j %H:%M:%S.%f", "2026 280 09:50:26.000"),
    ("%Y-%U-%w %H:%M:%S", "2026-40-3 09:50:26"),
    ("%Y-%W-%w %H:%M:%S", "2026-40-3 09:50:26"),
    ("%G-W%V-%u %H:%M:%S", "2026-W41-3 09:50:26"),
    ("100 %% %F %T", "100 % 2026-10-07 09:50:26"),
    ("%D %R:%S", "10/07/26 09:50:26"),
    ("iso", "2026-10-07 09:50:26"),
    ("iso", "2026-W41-3T09:50:26"),
]


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=20_000)


def of(pattern, **columns):
    fields = PLAIN["fields"] | {"date": {"column": "day", "format": pattern}} | columns
    return PLAIN | {"delimiter": ";", "fields": fields}


def load(folder, mapping, day, at=""):
    run = folder.load(f"who;day;at;sum\n1;{day};{at};10.00\n", mapping)
    assert (run.code, run.report) == (0, [])
    return Journal.objects.get().activity_at.isoformat()


@pytest.mark.parametrize(("pattern", "text"), OFFSET)
def test_a_date_with_an_offset_is_that_instant(folder, pattern, text):
    assert load(folder, of(pattern) | {"time_zone": "Asia/Tokyo"}, text) == INSTANT


@pytest.mark.parametrize(("pattern", "text"), LOCAL)
def test_every_format_code_is_read(folder, pattern, text):
    assert load(folder, of(pattern), text) == INSTANT


@pytest.mark.parametrize("text", ["2026-10-07+02:00", "2026-10-07 +0200", "2026-10-07+02"])
def test_the_offset_of_a_day_is_no_time(folder, text):
    assert load(folder, of("iso"), text) == "2026-10-06T22:00:00+00:00"


SPLIT = [
    ("%d.%m.%Y", "07.10.2026", "%H:%M:%S%z", "09:50:26+0200"),
    ("%d.%m.%Y", "07.10.2026", "iso", "09:50:26 +02:00"),
    ("%d.%m.%Y", "07.10.2026", "%H:%M:%S %Z", "07:50:26 UTC"),
    ("%d.%m.%Y %z", "07.10.2026 +0200", "%H:%M:%S", "09:50:26"),
    ("iso", "2026-10-07 +02:00", "iso", "09:50:26"),
]


@pytest.mark.parametrize(("pattern", "day", "clock", "at"), SPLIT)
def test_a_time_of_its_own_keeps_the_offset_of_either_column(folder, pattern, day, clock, at):
    mapping = of(pattern, time={"column": "at", "format": clock}) | {"time_zone": "Asia/Tokyo"}
    assert load(folder, mapping, day, at) == INSTANT


@pytest.mark.parametrize(
    ("day", "at", "what"),
    [
        ("2026-10-07 +0200", "09:50:26+0300", "offsets"),
        ("2026-10-07 Z", "09:50:26 +02:00", "offsets"),
        ("2026-10-07T08:00:00", "09:50:26", "times"),
    ],
)
def test_a_date_and_a_time_that_contradict_each_other_are_refused(folder, day, at, what):
    run = folder.load(f"who;day;at;sum\n1;{day};{at};10.00\n", of("iso", time={"column": "at", "format": "iso"}))
    assert run.codes == [(2, "time", "invalid_value")]
    assert f"name different {what}" in run.report[0]["problem"]


@pytest.mark.parametrize(
    ("day", "at"),
    [
        ("2026-10-07 +0200", "09:50:26+0200"),
        ("2026-10-07T00:00:00 +02:00", "09:50:26"),
        ("2026-10-07T09:50:26", "09:50:26+02"),
        ("2026-10-07 Z", "07:50:26 GMT"),
    ],
)
def test_a_date_and_a_time_may_both_say_the_same(folder, day, at):
    assert load(folder, of("iso", time={"column": "at", "format": "iso"}), day, at) == INSTANT


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("iso", "2026-10-07x09:50"),
        ("iso", "2026-10-07 09:50 CEST"),
        ("iso", "2026-10-07 09:50 +25:00"),
        ("iso", "2026-10-07 ٠٩:50"),
        ("%Y-%m-%d %H:%M %z", "2026-10-07 09:50"),
        ("%Y-%m-%d %H:%M %Z", "2026-10-07 09:50 CEST"),
        ("%Y-%m-%d %H:%M %Z", "2026-10-07 09:50 CET"),
    ],
)
def test_an_offset_that_nobody_can_know_is_not_guessed(folder, pattern, text):
    run = folder.load(f"who;day;sum\n1;{text};10.00\n", of(pattern))
    assert run.codes == [(2, "date", "invalid_value")]
    assert ("UTC or GMT" in run.report[0]["problem"]) == ("%Z" in pattern)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("%Y-%m-%d %I:%M", "%p"), ("%d.%d.%Y", "in full"), ("%Y-%m-%d %Q", "in full"), ("%Y-%m-%d %", "in full")],
)
def test_a_pattern_that_misreads_is_refused_with_the_mapping(pattern, words):
    with pytest.raises(imports.BadMapping) as caught:
        imports.read(json.dumps(of(pattern)).encode())
    assert [(problem.path, words in problem.message) for problem in caught.value.problems] == [
        ("fields.date.format", True)
    ]


def test_a_day_of_birth_may_be_written_with_an_offset():
    assert moments.read_day("31.12.1990 +0200", "%d.%m.%Y %z").isoformat() == "1990-12-31"
