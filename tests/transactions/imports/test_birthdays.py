"""A birthday is known where its year is not, whatever a system writes instead."""

import pytest

from transactions.imports.members import birthdays


@pytest.mark.parametrize(
    ("text", "pattern", "day", "born"),
    [
        ("1984-03-09", "iso", "03-09", "1984-03-09"),
        ("1984-03-09T00:00:00Z", "iso", "03-09", "1984-03-09"),
        ("2000-02-29", "iso", "02-29", "2000-02-29"),
        ("1004-12-25", "iso", "12-25", None),
        ("1604-02-29", "iso", "02-29", None),
        ("0001-02-29", "iso", "02-29", None),
        ("1001-02-29", "iso", "02-29", None),
        ("02-29", "iso", "02-29", None),
        ("--12-25", "iso", "12-25", None),
        ("29.02.", "%d.%m.", "02-29", None),
        ("09.03.1984", "%d.%m.%Y", "03-09", "1984-03-09"),
        ("12/25/1004", "%m/%d/%Y", "12-25", None),
    ],
)
def test_it_is_read_with_or_without_its_year(text, pattern, day, born):
    found = birthdays.read(text, pattern)
    assert found.day == day
    assert (str(found.born) if found.born else None) == born


@pytest.mark.parametrize("text", ["2001-02-29", "02-30", "13-01", "1984", "soon", "", "1984-3-9"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 (each kind of text has another message)
        birthdays.read(text, "iso")


@pytest.mark.parametrize("pattern", ["%d.%m.", "%d.%m.%Y", "%m/%d/%y", "iso"])
def test_a_pattern_says_day_and_month(pattern):
    assert birthdays.problem_of(pattern) == ""


@pytest.mark.parametrize("pattern", ["%Y", "%d.%Y", "%m", "%H:%M", 7, "", "%d.%d.%m"])
def test_another_one_is_refused(pattern):
    assert birthdays.problem_of(pattern)
