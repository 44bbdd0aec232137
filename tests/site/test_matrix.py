"""The runner of the whole suite may never pass without PostgreSQL, nor touch what it was not given."""

import os
import sys
from pathlib import Path

import pytest

from tests import matrix


@pytest.fixture
def runs(monkeypatch):
    """What would be run: (arguments, urls) each; every run passes."""
    seen = []
    monkeypatch.setattr(matrix, "run_pytest", lambda args, place, **urls: seen.append((args, urls)) or 0)
    monkeypatch.setattr(matrix.signal, "signal", lambda *_: None)
    for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL", "CI"):
        monkeypatch.delenv(name, raising=False)
    return seen


def run(monkeypatch, *args):
    monkeypatch.setattr(sys, "argv", ["matrix.py", *args])
    return matrix.main()


def nothing_there(place):
    raise matrix.Unavailable("nothing is installed")


def test_given_servers_are_used_and_arguments_passed_on(runs, monkeypatch):
    monkeypatch.setenv("TEST_DATABASE_URL", "postgres://given/db")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://given/1")
    assert run(monkeypatch, "-k", "refund or tier", "-x") == 0
    urls = {"DATABASE_URL": "postgres://given/db", "REDIS_URL": "redis://given/1"}
    assert runs == [(["-k", "refund or tier", "-x"], {}), (["-k", "refund or tier", "-x"], urls)]


def test_what_needs_no_database_is_noted_by_the_first_run_for_the_second(runs, monkeypatch):
    seen = []

    def noting(args, place, **urls):
        notes = Path(os.environ["TESTS_RUN_ONCE"])
        seen.append(notes.read_text() if notes.exists() else "")
        notes.write_text("tests/test_x.py::test_y")
        return 0

    monkeypatch.setattr(matrix, "run_pytest", noting)
    monkeypatch.setenv("TEST_DATABASE_URL", "postgres://given/db")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://given/1")
    for _ in range(2):
        assert run(monkeypatch) == 0
    assert seen == ["", "tests/test_x.py::test_y"] * 2


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("1", 1), ("", 0)])
def test_without_postgresql_ci_fails_and_others_are_told(runs, monkeypatch, capsys, ci, code):
    monkeypatch.setattr(matrix, "postgresql_programs", nothing_there)
    monkeypatch.setenv("CI", ci)
    assert run(monkeypatch) == code
    assert "PostgreSQL: NOT TESTED, nothing is installed" in capsys.readouterr().out
    assert len(runs) == 1


def test_sqlite_alone_is_a_choice(runs, monkeypatch):
    monkeypatch.setenv("CI", "true")
    assert run(monkeypatch, "--only", "sqlite") == 0
    assert [urls for _, urls in runs] == [{}]


def test_a_failure_on_sqlite_is_reported(runs, monkeypatch):
    monkeypatch.setattr(matrix, "run_pytest", lambda *args, **urls: 1)
    assert run(monkeypatch) == 1


def test_the_configuration_of_the_caller_is_not_used(monkeypatch, tmp_path):
    seen = {}

    class Suite:
        def __init__(self, command, cwd, env):
            seen.update(env)

        def wait(self):
            return 0

        def poll(self):
            return 0

    monkeypatch.setattr(matrix.subprocess, "Popen", Suite)
    monkeypatch.setenv("DATABASE_URL", "postgres://production/")
    monkeypatch.setenv("REDIS_URL", "redis://production/")
    matrix.run_pytest([], tmp_path)
    assert "production" not in "".join(seen.get(name, "") for name in matrix.OURS)
    assert seen["VAR_DIR"].startswith(str(tmp_path))


def test_the_folder_is_removed_whatever_happens():
    folder = matrix.folder()
    place = folder.__enter__()
    (place / "file").write_text("x")
    with pytest.raises(KeyboardInterrupt):
        folder.gen.throw(KeyboardInterrupt())
    assert not place.exists()


@pytest.mark.each_database
def test_a_private_redis_starts_and_is_stopped(monkeypatch):
    monkeypatch.delenv("TEST_REDIS_URL", raising=False)
    with matrix.folder() as place:
        with matrix.redis(place) as (url, described):
            assert url.startswith("redis://:")
            assert "a private one" in described
            pid = next(int(name) for name in os.listdir("/proc") if name.isdigit() and is_ours(name, place))
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def is_ours(pid, place):
    try:
        with open(f"/proc/{pid}/environ", "rb"), open(f"/proc/{pid}/cmdline", "rb") as command:
            words = command.read()
        return b"redis-server" in words and os.readlink(f"/proc/{pid}/cwd") == str(place / "redis")
    except OSError:
        return False
