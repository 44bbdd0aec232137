"""The codes of a promotion come and go by the command line, whose exit codes say what became of it."""

import io
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from programs.models import Promotion, PromotionCode
from tests.support import factories


@pytest.fixture
def spring(db):
    return Promotion.objects.create(program=factories.program("club"), code="spring", name="Spring", uses_per_code=1)


@pytest.fixture
def run(capsys):
    def run(verb, *args, promotion="spring"):
        call_command("promotion", "codes", verb, "club", promotion, *map(str, args))
        return capsys.readouterr()

    return run


def refused(run, *args, **options):
    with pytest.raises(CommandError) as caught:
        run(*args, **options)
    return caught.value.returncode, str(caught.value)


def test_codes_of_a_file_are_added_and_those_that_are_not_new_are_named(run, spring, tmp_path):
    file = tmp_path / "codes.txt"
    file.write_text("a\nb\na\n")
    assert run("import", file).err == ("New codes: 2.\nIn the list more than once, and taken once: line 3 (A).\n")
    assert sorted(spring.codes.values_list("code", flat=True)) == ["A", "B"]


def test_codes_of_standard_input_are_added(run, spring, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a\nb\n")))
    assert run("import").err == "New codes: 2.\n"


def test_wrong_lines_are_named_and_nothing_is_written(run, spring, tmp_path):
    file = tmp_path / "codes.txt"
    file.write_text(f"a\n{'x' * 65}\n")
    code, said = refused(run, "import", file)
    assert code == 1
    assert "Line 2: " in said
    file.write_bytes(b"a\n\xff\n")
    code, said = refused(run, "import", file)
    assert (code, "is not in UTF-8" in said) == (2, True)
    assert not PromotionCode.objects.exists()


def test_what_is_missing_is_said(run, spring, tmp_path):
    assert refused(run, "import", tmp_path / "none.txt") == (2, f"{tmp_path}/none.txt: No such file or directory.")
    assert refused(run, "export", promotion="fall") == (2, "Program “club” has no promotion “fall”.")


def test_new_codes_are_made_and_written(run, spring, tmp_path):
    file = tmp_path / "made.csv"
    run("generate", file, "--number", 7, "--prefix", "may-")
    heading, *lines = file.read_text().splitlines()
    assert heading == "code"
    assert len(lines) == 7
    assert set(lines) == set(spring.codes.values_list("code", flat=True))
    assert all(line.startswith("MAY-") for line in lines)
    assert refused(run, "generate", "--number", 0) == (1, "Make 1 to 1,000,000 codes at once.")


def test_no_code_is_made_where_the_file_cannot_be_written(run, spring, tmp_path):
    assert refused(run, "generate", tmp_path / "no" / "made.csv", "--number", 7)[0] == 2
    assert not PromotionCode.objects.exists()


def test_unused_codes_are_written_or_all_with_their_uses(run, spring, tmp_path):
    PromotionCode.objects.create(promotion=spring, code="A", used=1)
    PromotionCode.objects.create(promotion=spring, code="B")
    assert run("export").out == "code\r\nB\r\n"
    file = tmp_path / "all.csv"
    run("export", file, "--all")
    assert file.read_bytes() == b"code,used\r\nA,1\r\nB,0\r\n"
