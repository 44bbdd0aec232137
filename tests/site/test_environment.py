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
MAIL = "EMAIL_URL is no address of a mail server: write smtp+tls://user:password@host:587"
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
    ("PUBLIC_URL", "loyalty.example.com", "write where people reach it, such as https://loyalty.example.com"),
    ("PUBLIC_URL", "ftp://loyalty.example.com", "write where people reach it"),
    ("PUBLIC_URL", "https://", "write where people reach it"),
    ("PUBLIC_URL", "https://user:secret@loyalty.example.com", "write where people reach it"),
    ("PUBLIC_URL", "https://loyalty.example.com/?a=b", "write where people reach it"),
    ("LOG_LEVEL", "LOUD", "set it to one of DEBUG, INFO"),
    ("EMAIL_URL", "smtp.example.com", MAIL),
    ("EMAIL_URL", "http://smtp.example.com", MAIL),
    ("EMAIL_URL", "smtp://user:p@ss:word@:25", MAIL),
    ("EMAIL_URL", "smtp+tls://host:port", MAIL),
    ("EMAIL_URL", "smtp+tls://host/path", MAIL),
    ("EMAIL_BACKEND", "nonsense", "EMAIL_BACKEND is 'nonsense', which is not installed"),
    ("EMAIL_BACKEND", "nowhere.backends.EmailBackend", "which is not installed"),
    ("EMAIL_BACKEND", "..x", "which is not installed"),
    ("OUTBOUND_ALLOWED", "10.0.0.0/8, inside", "names 'inside': write host:port"),
]


def read(name):
    env = environment.Environment()
    return {
        "PORT": lambda: env.whole("PORT", 8000, least=1, most=65535),
        "WEB_PROCESSES": lambda: env.whole("WEB_PROCESSES", 1, least=1),
        "DATABASE_URL": lambda: env.database("DATABASE_URL", "sqlite:///x"),
        "REDIS_URL": lambda: env.redis("REDIS_URL"),
        "HTTPS": lambda: env.switch("HTTPS", False),
        "PUBLIC_URL": lambda: env.address("PUBLIC_URL", "http://127.0.0.1:8000"),
        "LOG_LEVEL": lambda: env.word("LOG_LEVEL", "INFO", ("DEBUG", "INFO")),
        "EMAIL_URL": lambda: env.mail("EMAIL_URL"),
        "EMAIL_BACKEND": lambda: env.backend(
            "EMAIL_BACKEND", environment.mail_backend(has_server=True, is_embedded=True)
        ),
        "OUTBOUND_ALLOWED": lambda: env.receivers("OUTBOUND_ALLOWED"),
    }[name]()


@pytest.mark.parametrize(("name", "text", "sentence"), WRONG)
def test_what_cannot_be_meant_is_refused(monkeypatch, name, text, sentence):
    monkeypatch.setenv(name, text)
    with pytest.raises(SystemExit) as refused:
        read(name)
    assert str(refused.value).startswith(name)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("name", [*dict.fromkeys(name for name, *_ in WRONG)])
def test_empty_is_the_same_as_not_set(monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    default = read(name)
    monkeypatch.setenv(name, " ")
    assert read(name) == default


def test_an_address_ends_without_a_slash(monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "https://example.com/loyalty/")
    assert read("PUBLIC_URL") == "https://example.com/loyalty"
    monkeypatch.setenv("PUBLIC_URL", "")
    assert read("PUBLIC_URL") == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("name", "text"),
    [("DATABASE_URL", "postgres://u:s3cret@h:port/x"), ("EMAIL_URL", "smtp://u:s3cret@h:port")],
)
def test_a_password_is_not_repeated(monkeypatch, name, text):
    monkeypatch.setenv(name, text)
    with pytest.raises(SystemExit) as refused:
        read(name)
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


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtp://host", ("host", 25, "", "", False, False)),
        ("smtp+tls://a%40b:p%3A%2F%40@host", ("host", 587, "a@b", "p:/@", True, False)),
        ("smtps://u:p@host", ("host", 465, "u", "p", False, True)),
        ("smtp+ssl://u:p@host:2465/", ("host", 2465, "u", "p", False, True)),
    ],
)
def test_a_mail_server(monkeypatch, text, server):
    monkeypatch.setenv("EMAIL_URL", text)
    assert read("EMAIL_URL") == server


def test_what_writes_no_mails_to_a_log():
    console, refusing = "django.core.mail.backends.console.EmailBackend", "loyalty_site.lib.mail.NoServer"
    assert environment.mail_backend(has_server=False, is_embedded=True) == console
    assert environment.mail_backend(has_server=False, is_embedded=False) == refusing
    assert environment.mail_backend(has_server=True, is_embedded=False).endswith("smtp.EmailBackend")


def test_settings_of_a_package_begin_with_its_name(monkeypatch):
    monkeypatch.setenv("ANYMAIL_MAILGUN_API_KEY", " key ")
    monkeypatch.setenv("ANYMAIL_EMPTY", "")
    assert environment.Environment().beginning_with("ANYMAIL_") == {"MAILGUN_API_KEY": "key"}
