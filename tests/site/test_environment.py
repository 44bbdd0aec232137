"""A setting that cannot be meant ends the start in one sentence, which says what to write instead."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loyalty_site.lib import environment
from loyalty_site.management.commands import run

ROOT = Path(run.__file__).resolve().parents[3]
URL = "is no address of a database"
WRONG = [
    ("PORT", "0", "from 1 to 65535"),
    ("PORT", "abc", "PORT is 'abc': set it to a whole number from 1 to 65535, such as 8000."),
    ("PORT", "65536", "from 1 to 65535"),
    ("PORT", "-1", "from 1 to 65535"),
    ("PORT", "8e3", "from 1 to 65535"),
    ("PORT", "٣", "from 1 to 65535"),
    ("PORT", "9" * 5000, "from 1 to 65535"),
    ("WEB_PROCESSES", "0", "from 1 to"),
    ("DATABASE_URL", "nonsense", URL),
    ("DATABASE_URL", "mysql://a/b", URL),
    ("DATABASE_URL", "postgres://h:abc/x", URL),
    ("DATABASE_URL", "postgres://u@h", URL),
    ("DATABASE_URL", "http://x/y", URL),
    ("REDIS_URL", "localhost:6379", "is no address of Redis"),
    ("HTTPS", "maybe", "set it to true or false"),
    ("LOG_LEVEL", "LOUD", "set it to one of DEBUG, INFO"),
]


def read(name):
    env = environment.Environment()
    return {
        "PORT": lambda: env.whole("PORT", 8000, least=1, most=65535),
        "WEB_PROCESSES": lambda: env.whole("WEB_PROCESSES", 1, least=1),
        "DATABASE_URL": lambda: env.database("DATABASE_URL", "sqlite:///x"),
        "REDIS_URL": lambda: env.redis("REDIS_URL"),
        "HTTPS": lambda: env.switch("HTTPS", False),
        "LOG_LEVEL": lambda: env.word("LOG_LEVEL", "INFO", ("DEBUG", "INFO")),
    }[name]()


@pytest.mark.parametrize(("name", "text", "sentence"), WRONG)
def test_what_cannot_be_meant_is_refused(monkeypatch, name, text, sentence):
    monkeypatch.setenv(name, text)
    with pytest.raises(SystemExit) as refused:
        read(name)
    assert str(refused.value).startswith(name)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("name", ["PORT", "WEB_PROCESSES", "DATABASE_URL", "REDIS_URL", "HTTPS", "LOG_LEVEL"])
def test_empty_is_the_same_as_not_set(monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    default = read(name)
    monkeypatch.setenv(name, " ")
    assert read(name) == default


def test_a_password_is_not_repeated(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://u:s3cret@h:port/x")
    with pytest.raises(SystemExit) as refused:
        read("DATABASE_URL")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(("text", "value"), [("TRUE", True), ("on", True), ("0", False), ("no", False)])
def test_words_for_on_and_off(monkeypatch, text, value):
    monkeypatch.setenv("HTTPS", text)
    assert read("HTTPS") is value


def test_a_service_of_postgresql_names_the_database(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://?service=loyalty")
    assert read("DATABASE_URL")["OPTIONS"] == {"service": "loyalty"}


DOORS = {
    "run": [sys.executable, "manage.py", "run"],
    "web server": run.web_command(),
    "worker": run.worker_command(),
}


@pytest.mark.slow
@pytest.mark.own_process
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ["PORT", "DATABASE_URL", "VAR_DIR", "below VAR_DIR"])
def test_each_door_says_it_in_one_line(tmp_path, door, name):
    (tmp_path / "file").touch()
    wrong = {"PORT": "0", "DATABASE_URL": "nonsense", "VAR_DIR": str(tmp_path / "file")}
    wrong["below VAR_DIR"] = str(tmp_path / "file" / "var")
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var")} | {name.split()[-1]: wrong[name]}
    done = subprocess.run(DOORS[door], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(name.split()[-1])
    assert done.stderr.count("\n") == 1
