"""`manage.py night --preview` says what the night would do, and writes nothing but the file that it is asked for."""

import csv
import io

import pytest
import time_machine
from django.apps import apps
from django.core.management import CommandError, call_command

from tests.support import factories, foreseeing
from tests.support.factories import at, post_one, purchase

EVE = at(2027, 12, 31)


@pytest.fixture
def made(db):
    with time_machine.travel(EVE, tick=False):
        made = factories.program("coffee")
        foreseeing.set_up(made, model="calendar", validity="rest_of_cycle")
        who = factories.member(made, enrolled_at=at(2024, 3, 3))
        post_one(made, purchase(who, 100000, activity_at=at(2026, 6, 1)), now=at(2026, 6, 1))
        foreseeing.night(made, at(2027, 1, 2))
        made.who = who
        yield made


def preview(*options):
    """What it says here, and beside it."""
    out, beside = io.StringIO(), io.StringIO()
    call_command("night", "--preview", *options, stdout=out, stderr=beside)
    return out.getvalue(), beside.getvalue()


def test_it_says_counts_as_lines(made):
    said = preview("--program", "coffee")[0].splitlines()
    assert "coffee 2027-12-31 lowered: 1 in main, gold to base" in said
    assert "coffee 2027-12-31 could still be saved: 1" in said
    assert "coffee 2027-12-30" not in preview()[0]


def test_nothing_is_written_to_the_database(made, count_rows_of_all):
    before = count_rows_of_all()
    preview("--day", "2028-12-31")
    assert count_rows_of_all() == before
    assert made.who.standings.current().get().tier.code == "gold"


def test_the_list_is_written_to_a_file(made, tmp_path):
    file = tmp_path / "tonight.csv"
    said, _ = preview("--program", "coffee", "--csv", str(file))
    rows = {row["kind"]: row for row in csv.DictReader(file.read_text().splitlines())}
    assert rows["lowered"] == {
        "member": made.who.number,
        "kind": "lowered",
        "group": "main",
        "from": "gold",
        "to": "base",
        "until": "",
        "points": "",
        "missing": "1000",
        "currency": "status",
    }
    assert (rows["points"]["points"], rows["points"]["currency"]) == ("1000", "points")
    assert "lowered: 1" in said


def test_the_list_may_stand_on_standard_output_and_the_counts_beside_it(made):
    listed, counts = preview("--csv", "-")
    assert [row["kind"] for row in csv.DictReader(listed.splitlines())] == ["lowered", "points"]
    assert "lowered: 1" in counts


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (["--preview", "--program", "tea"], 2, "no program “tea”"),
        (["--preview", "--day", "31.12.2027"], 2, "is no day"),
        (["--preview", "--day", "2027-12-30"], 2, "30 December 2027 is over"),
        (["--preview", "--day", "2029-01-01"], 2, "too far ahead"),
        (["--preview", "--now", "2027-12-31T02:00Z"], 2, "--preview runs none"),
        (["--preview", "--csv", "/nowhere/at/all.csv"], 1, "cannot be written: No such file"),
        (["--day", "2028-01-01"], 2, "go with --preview"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_code(made, options, code, why):
    with pytest.raises(CommandError, match=why) as refused:
        call_command("night", *options)
    assert refused.value.returncode == code


def test_a_list_is_of_one_program(made):
    factories.program("tea")
    with pytest.raises(CommandError, match="say --program") as refused:
        preview("--csv", "-")
    assert refused.value.returncode == 2


@pytest.fixture
def count_rows_of_all(db):
    return lambda: {model._meta.label: model._base_manager.count() for model in apps.get_models()}
