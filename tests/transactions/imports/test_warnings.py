"""The report of an import names what is surely wrong in rows that were taken; a strict program refuses them."""

import pytest

from transactions.models import Journal

SURVEYS = {"enrol": True, "fields": {"customer": "who", "date": "day"}, "constants": {"kind": "surveyy"}}
FILE = "who,day\n1,2026-03-01\n2,2026-03-02\n"


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_what_is_surely_wrong_is_in_the_report_and_taken_all_the_same(folder, options):
    run = folder.load(FILE, SURVEYS, *options)
    assert (run.code, run.codes) == (0, [(2, "kind", "activity_unknown"), (3, "kind", "activity_unknown")])
    assert "2 posted" in run.told or "2 would be posted" in run.told
    assert "warning: 2 things are surely wrong in rows that were taken" in run.told
    assert run.report[0]["problem"].startswith("Taken all the same. No rule, cap or list of the program knows")
    assert Journal.objects.count() == (0 if options else 2)


def test_a_second_run_posts_nothing_and_warns_of_nothing_new(folder):
    folder.load(FILE, SURVEYS)
    run = folder.load(FILE, SURVEYS)
    assert (run.code, run.codes) == (0, [])
    assert "2 recorded before" in run.told


def test_a_strict_program_refuses_the_rows(folder, made):
    made.strictness = "refuse"
    made.save()
    run = folder.load(FILE, SURVEYS)
    assert (run.code, run.codes) == (1, [(2, "kind", "activity_unknown"), (3, "kind", "activity_unknown")])
    assert "warning" not in run.told
    assert not Journal.objects.exists()


def test_a_row_that_is_refused_for_two_reasons_names_both(folder, made):
    made.strictness, made.channels = "refuse", "web, store"
    made.save()
    run = folder.load("who,day\n1,2026-03-01\n", SURVEYS | {"constants": {"kind": "surveyy", "channel": "wbe"}})
    told = " ".join(problem["problem"] for problem in run.report)
    assert run.code == 1
    assert "knows the activity “surveyy”" in told
    assert "has no channel “wbe”" in told
    assert not Journal.objects.exists()


def test_rows_that_are_right_have_no_warnings(folder):
    run = folder.load("who,day,sum\n1,2026-03-01,0.00\n")
    assert (run.code, run.report, "warning" in run.told) == (0, [], False)
