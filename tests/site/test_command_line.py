"""A command that somebody ends from outside ends without a traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loyalty_site import checks
from tests.support import processes

ROOT = Path(checks.__file__).resolve().parents[1]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", ["audit", "help", "spectacular", "no-such-command"])
def test_whoever_stops_reading_ends_it(command):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "manage.py", *command.split()],
        cwd=ROOT, env=processes.environment(), stdout=writing, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(writing)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    assert done.returncode == (1 if command == "no-such-command" else 141)


WORK = """
import sys, time, manage
sys.argv = ["manage.py", "audit"]
def work(*args, **options):
    print("at work", flush=True)
    time.sleep(60)
{}
sys.exit(manage.main())
"""
WHERE = {
    "loading": "class Loading: find_spec = work\nsys.meta_path.insert(0, Loading)",
    "working": "import django\ndjango.setup()\n"
    "from loyalty_site.management.commands import audit\naudit.Command.handle = work",
}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", WHERE)
def test_interrupted_it_ends_quietly(where):
    process = processes.python("-c", WORK.format(WHERE[where]))
    assert process.stdout.readline() == "at work\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.read() == ""
    assert process.wait(30) == 130
