"""What must not run does not start, whoever starts it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loyalty_site import checks
from loyalty_site.management.commands.run import program, web_command, worker_command

ROOT = Path(checks.__file__).resolve().parents[1]
DEBUG = {"DEBUG": "true", "ALLOWED_HOSTS": "loyalty.example.com", "SECRET_KEY": "s" * 50}
EXAMPLE = {"SECRET_KEY": "change-me-please"}
DOORS = {
    "web server": web_command,
    "worker": worker_command,
    "timetable": lambda: [program("celery"), "-A", "loyalty_site.celery", "beat", "--pidfile", ""],
    "another web server": lambda: [sys.executable, "-c", "import loyalty_site.wsgi"],
    "command": lambda: [sys.executable, "manage.py", "make_groups"],
}


@pytest.mark.slow
@pytest.mark.own_process
@pytest.mark.parametrize(("variables", "sentence"), [(DEBUG, "DEBUG is on"), (EXAMPLE, "SECRET_KEY is an example")])
@pytest.mark.parametrize("door", DOORS)
def test_it_refuses_to_start(tmp_path, door, variables, sentence):
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "PORT": "1"} | variables
    done = subprocess.run(DOORS[door](), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert sentence in done.stderr
    if door in ("web server", "worker", "timetable"):
        assert "Traceback" not in done.stderr


def test_the_sentences_say_what_to_do(settings):
    assert checks.why_not_to_start() == ""
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["loyalty.example.com"]
    told = checks.why_not_to_start()
    assert told == "DEBUG is on while others can reach this (loyalty.example.com). Unset DEBUG."
    settings.SILENCED_SYSTEM_CHECKS = ["loyalty.E001"]
    assert checks.why_not_to_start() == ""
