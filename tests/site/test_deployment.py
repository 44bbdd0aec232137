"""Dockerfile and compose.yaml name commands, modules, paths, settings and URLs of the code: they exist."""

import importlib
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from celery.bin.celery import celery as celery_cli
from django.core.management import get_commands
from django.urls import resolve

from loyalty_site import settings

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
LAYERS = {"partners", "programs", "members", "transactions", "loyalty_site"}
# Read by others than settings.py.
FOREIGN = {"PATH", "PYTHONUNBUFFERED"}


def instructions(word):
    return [line.removeprefix(word).strip() for line in DOCKERFILE.splitlines() if line.startswith(f"{word} ")]


def names_that_settings_read():
    return set(re.findall(r'env\.\w+\("([A-Z_]+)"', Path(settings.__file__).read_text().replace("'", '"')))


def commands():
    """Each command as a list of words, with where it stands."""
    yield "Dockerfile", json.loads(instructions("CMD")[-1])
    for line in instructions("RUN"):
        yield from (("Dockerfile", shlex.split(part)) for part in line.split("&&") if "manage.py" in part)
    for name, service in OURS.items():
        command = service.get("command")
        if command and command[0] == "sh":
            yield from ((name, shlex.split(part)) for part in command[-1].split("&&"))
        elif command:
            yield name, command


COMMANDS = [pytest.param(words, id=f"{where}: {' '.join(words)[:40]}") for where, words in commands()]


@pytest.mark.each_database
@pytest.mark.parametrize("words", COMMANDS)
def test_each_command_exists(words):
    words = [word for word in words if not re.fullmatch(r"[A-Z_]+=.*", word)]
    if "manage.py" in words:
        assert words[words.index("manage.py") + 1] in get_commands()
        return
    assert shutil.which(words[0], path=str(Path(sys.executable).parent))
    if words[0] == "celery":
        assert importlib.import_module(words[words.index("-A") + 1]).celery_app
        check_options(celery_cli.commands[words[3]], words[4:])
    else:
        assert words[0] == "gunicorn"
        assert importlib.import_module(words[2].removeprefix("python:")).bind
        assert importlib.import_module(words[3]).application


def check_options(command, words):
    known = {name for option in command.params for name in option.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_each_variable_is_read_by_the_settings():
    given = {pair.split("=")[0] for line in instructions("ENV") for pair in shlex.split(line)}
    given |= {name for line in instructions("RUN") for name in re.findall(r"\b([A-Z_]+)=", line)}
    for service in OURS.values():
        given |= set(service["environment"])
    assert given - FOREIGN <= names_that_settings_read()


def test_the_readme_explains_each_variable():
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert documented == names_that_settings_read()


def test_the_health_check_asks_a_page_that_exists():
    url = re.search(r"http://127\.0\.0\.1:(\d+)(/[\w/]+)", instructions("HEALTHCHECK")[0])
    assert resolve(url[2]).func.__name__ == "live"
    assert url[1] == instructions("EXPOSE")[0]
    assert COMPOSE["services"]["web"]["ports"] == [f"127.0.0.1:{url[1]}:{url[1]}"]


def test_files_that_are_copied_exist():
    for line in instructions("COPY"):
        sources = [word for word in line.split()[:-1] if not word.startswith(("--from", "/"))]
        assert all((ROOT / source).exists() for source in sources)


def test_byte_code_is_compiled_in_the_image_and_by_make_run():
    """Who runs the image cannot write it, and each process would compile for seconds."""
    [packages] = [line for line in instructions("RUN") if "uv sync" in line]
    assert "--compile-bytecode" in packages
    [ours] = [line for line in instructions("RUN") if "compileall" in line]
    assert set(ours.split()) >= LAYERS
    assert DOCKERFILE.index("COPY . .") < DOCKERFILE.index("compileall") < DOCKERFILE.index("COPY --from=build")
    assert "sync --quiet --frozen --compile-bytecode" in (ROOT / ".ci" / "environment").read_text()


def test_services_depend_on_services():
    for service in OURS.values():
        assert set(service["depends_on"]) <= set(COMPOSE["services"])
        assert "stop_grace_period" in service


def test_passwords_come_from_outside():
    assert "POSTGRES_PASSWORD:?" in COMPOSE["services"]["database"]["environment"]["POSTGRES_PASSWORD"]
    assert COMPOSE["services"]["web"]["env_file"] == ".env"
    assert ".env" in (ROOT / ".dockerignore").read_text().split()
