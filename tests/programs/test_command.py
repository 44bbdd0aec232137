"""`manage.py program`: what it prints, where, and with which exit code."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from partners.models import Partner
from programs import document
from programs.models import Program
from tests.support.examples import program, rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(monkeypatch):
    """Run the command; returns (exit code, stdout, stderr)."""

    def _run(*args, stdin=b""):
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            call_command("program", *map(str, args), stdout=out, stderr=err)
        except CommandError as error:
            return error.returncode, out.getvalue(), f"{err.getvalue()}{error}"
        return 0, out.getvalue(), err.getvalue()

    return _run


@pytest.fixture
def file(tmp_path):
    for code in ("shop", "bakery"):
        Partner.objects.create(code=code, name=code)
    path = tmp_path / "club.json"
    path.write_text(json.dumps(program(rule(), rule("status", currency="status"))))
    return path


def test_a_program_goes_in_and_comes_out_again(run, file, tmp_path):
    code, out, err = run("import", file)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "created program club"
    assert run("import", file) == (0, "nothing to change\n", "")
    code, out, _ = run("export", "club")
    assert json.loads(out) == document.normal(json.loads(file.read_text()))
    assert run("export", "club", tmp_path / "out.json")[0] == 0
    assert json.loads((tmp_path / "out.json").read_text()) == json.loads(out)
    assert run("import", "-", stdin=out.encode()) == (0, "nothing to change\n", "")


def test_import_with_check_shows_what_would_change_and_changes_nothing(run, file):
    code, out, _ = run("import", file, "--check")
    assert (code, out.splitlines()[0]) == (0, "would have created program club")
    assert not Program.objects.exists()


def test_problems_go_to_stderr_one_for_each_line_with_exit_code_1(run, file):
    made = program(rule(params={"points": "-1"}))
    file.write_text(json.dumps(made))
    for verb in ("import", "check"):
        assert run(verb, file) == (
            1,
            "",
            "rules[0].params.points: must be positive\nrules[0].params.per: is missing\n"
            "2 problems; nothing was written.",
        )


def test_unknown_partners_are_made_only_when_asked(run, file):
    Partner.objects.all().delete()
    code, _, err = run("import", file)
    assert (code, "--create-partners" in err, Partner.objects.count()) == (1, True, 0)
    assert run("import", file, "--create-partners")[0] == 0
    assert Partner.objects.count() == 2


def test_a_file_or_a_stored_program_can_be_checked(run, file):
    rules = "base: Members earn 1 point per EUR.\nstatus: Members earn 1 Status point per EUR.\n"
    assert run("check", file) == (0, f"{rules}{file}: no problems\n", "")
    run("import", file)
    assert run("check", "club") == (0, f"{rules}club: no problems\n", "")


def test_warnings_do_not_stop_an_import(run, file):
    file.write_text(json.dumps(program(rule())))
    code, _, err = run("import", file)
    assert code == 0
    assert (
        "warning: tier_groups[0].currency: no active rule gives “status”; nobody can rise by it" in err.splitlines()
    )


@pytest.mark.parametrize(
    ("conditions", "path"), [({"channels": ["wbe"]}, "rules[0].conditions.channels"), (None, "rules")]
)
def test_check_says_of_a_strict_program_what_import_would_say(run, file, conditions, path):
    rules = [rule(conditions=conditions), rule("status", currency="status")] if conditions else []
    file.write_text(json.dumps(program(*rules, strictness="refuse", channels="web, store")))
    refused = run("import", file)
    assert run("check", file) == run("import", file, "--check") == refused
    code, out, err = refused
    assert (code, out) == (1, "")
    assert err.startswith(f"{path}: ")
    assert not Program.objects.exists()


def test_programs_are_listed(run, file):
    run("import", file)
    version = Program.objects.get().version
    assert run("list") == (0, f"club\tactive\tv{version}\tClub\n", "")


UNREADABLE = [
    (b'{"format": "loyalty-program/1",\n "program": {"code": "cl', "line 2, column 22: not JSON from here on"),
    (b'{"format": 1,', "line 1, column 14: the text ends here"),
    (b"", "line 1, column 1: the text ends here"),
    (b'{"a": 1, "a": 2}', "the name “a” stands twice in the same object"),
    (b'{"a": NaN}', "NaN is no number in JSON"),
    (b'{"a": ' + b"9" * 5_000 + b"}", "the number 999999999999… is too long"),
    (b'{"a":\n "\xff"}', "line 2: is not UTF-8 (byte 0xff)"),
    (b"[" * 200_000, "is nested too deep"),
    (b" " * 5_000_001, "is larger than 5000000 bytes"),
]


@pytest.mark.parametrize(("raw", "expected"), UNREADABLE, ids=[expected for _, expected in UNREADABLE])
def test_what_is_no_json_is_told_with_line_and_column_and_exit_code_2(run, raw, expected):
    code, out, err = run("check", "-", stdin=raw)
    assert (code, out) == (2, "")
    assert err.startswith(f"-: {expected}")


def test_fractions_are_read_exactly_and_a_byte_order_mark_is_no_harm():
    long = "0.10000000000000000001"
    assert str(document.read(f'\ufeff{{"a": {long}}}'.encode())["a"]) == long
    assert document.read("[1, 1e400]")[0] == 1


def test_what_is_not_there_is_told_with_exit_code_2(run, file, tmp_path):
    assert run("export", "nobody")[0] == 2
    run("import", file)
    assert run("check", "nobody")[2] == "There is no file and no program “nobody”; known are club."
    assert run("import", tmp_path / "none.json")[0] == 2
    assert run("export", "club", tmp_path)[0] == 2
