"""`manage.py run` and what it stands on."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from loyalty_site.celery import app
from loyalty_site.management.commands import run
from loyalty_site.processes import Group

pytestmark = pytest.mark.each_database

ROOT = Path(__file__).resolve().parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_taken_port_is_refused_in_words():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(CommandError, match=r"Cannot listen on 127\.0\.0\.1:\d+: Address already in use"):
            run.refuse_taken_port("127.0.0.1", other.getsockname()[1])


def test_an_impossible_port_is_refused_in_words():
    with pytest.raises(CommandError, match="Cannot listen on localhost:99999"):
        run.refuse_taken_port("localhost", 99999)


def test_a_free_port_is_accepted():
    run.refuse_taken_port("127.0.0.1", 0)


def test_nobody_answers_on_a_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        assert not run.answers("127.0.0.1", probe.getsockname()[1])


def test_both_programs_are_beside_the_interpreter():
    assert Path(run.web_command()[0]).exists()
    assert Path(run.worker_command()[0]).exists()


def test_when_one_process_ends_all_end():
    with Group(grace_s=5) as group:
        group.start("sleeper", SLEEP)
        group.start("quitter", [sys.executable, "-c", "raise SystemExit(3)"])
        assert group.wait(seconds=20) == ("quitter", 3)
    assert group.running["sleeper"].returncode == -signal.SIGTERM


def test_told_to_stop_all_end():
    with Group(grace_s=5) as group:
        group.start("sleeper", SLEEP)
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        assert group.wait(seconds=20) is None
        assert group.told_to_stop
    assert group.running["sleeper"].returncode == -signal.SIGTERM


def test_who_does_not_listen_is_killed_with_its_children(tmp_path):
    alive = tmp_path / "alive"
    child = f"import pathlib, time\nwhile True: pathlib.Path({str(alive)!r}).touch(); time.sleep(0.05)"
    deaf = (
        "import signal, subprocess, sys, time; signal.signal(15, signal.SIG_IGN);"
        f"subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    )
    with Group(grace_s=0.5) as group:
        group.start("deaf", [sys.executable, "-c", deaf])
        group.wait(seconds=20, until=alive.exists)
    assert group.running["deaf"].returncode == -signal.SIGKILL
    alive.unlink()
    time.sleep(0.3)
    assert not alive.exists()


def test_a_message_goes_through_the_broker():
    with app.connection_for_write() as connection, connection.SimpleQueue(f"test-{os.getpid()}") as queue:
        queue.put({"journal": 7})
        message = queue.get(timeout=10)
        assert message.payload == {"journal": 7}
        message.ack()


@pytest.mark.long
def test_start_to_stop(tmp_path):
    """From nothing to an answer, and to nothing again, as a user does it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    environment |= {"VAR_DIR": str(tmp_path), "HOST": "127.0.0.1", "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        seen = ""
        while "Ctrl-C stops" not in seen:
            line = process.stdout.readline()
            assert line, seen
            seen += line
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready") as answer:
            assert answer.status == 200
        assert all(f"  {name} " in seen for name in ("admin", "marketing", "store"))
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert "Stopped." in process.stdout.read()
    finally:
        process.kill()
        process.wait()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port))
