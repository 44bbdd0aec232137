"""`manage.py run` and what it stands on."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth import models as auth
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connections

from loyalty_site.celery import app
from loyalty_site.demo import loading
from loyalty_site.management.commands import run
from loyalty_site.processes import STOPPING, Group
from loyalty_site.staff import FIRST_LOGINS
from partners.models import Partner
from programs.models import Program
from tests.support import factories, processes

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
    with Group(grace_s=60) as group:
        group.start("sleeper", SLEEP)
        group.start("quitter", [sys.executable, "-c", "raise SystemExit(3)"])
        assert group.wait(seconds=60) == ("quitter", 3)
    assert group.running["sleeper"].returncode == -signal.SIGTERM


def test_told_to_stop_all_end():
    with Group(grace_s=60) as group:
        group.start("sleeper", SLEEP)
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        assert group.wait(seconds=60) is None
        assert group.told_to_stop
    assert group.running["sleeper"].returncode == -signal.SIGTERM


@pytest.mark.slow
def test_who_does_not_listen_is_killed_with_its_children(tmp_path):
    alive = tmp_path / "alive"
    child = f"import pathlib, time\nwhile True: pathlib.Path({str(alive)!r}).touch(); time.sleep(0.05)"
    deaf = (
        "import signal, subprocess, sys, time; signal.signal(15, signal.SIG_IGN);"
        f"subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    )
    with Group(grace_s=0.5) as group:
        group.start("deaf", [sys.executable, "-c", deaf])
        group.wait(seconds=60, until=alive.exists)
    assert group.running["deaf"].returncode == -signal.SIGKILL
    alive.unlink()
    time.sleep(0.3)
    assert not alive.exists()


def test_a_message_goes_through_the_broker():
    with app.connection_for_write() as connection, connection.SimpleQueue(f"test-{os.getpid()}") as queue:
        queue.put({"journal": 7})
        message = queue.get(timeout=60)
        assert message.payload == {"journal": 7}
        message.ack()


@pytest.fixture
def start(db, settings, tmp_path, monkeypatch):
    """`manage.py run` with a worker that ends at once; returns (exit code, what it says, what went wrong)."""
    settings.VAR_DIR, settings.WEB_HOST, settings.WEB_PORT = tmp_path, "127.0.0.1", 0
    monkeypatch.setattr(run, "web_command", lambda: SLEEP)
    monkeypatch.setattr(run, "worker_command", lambda: [sys.executable, "-c", "raise SystemExit(3)"])
    monkeypatch.setattr(run, "answers", lambda host, port: True)
    # The one connection of this test goes on.
    monkeypatch.setattr(connections, "close_all", lambda: None)

    def start(*arguments):
        out, errors = io.StringIO(), io.StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("run", *arguments, stdout=out, stderr=errors)
        return ended.value.code, out.getvalue(), errors.getvalue()

    return start


def test_a_start_that_was_interrupted_behind_the_migrations_is_made_up_for(start):
    assert not auth.Group.objects.exists()
    _, out, _ = start("--no-demo")
    assert all(name in out for name in FIRST_LOGINS)
    assert get_user_model().objects.get(username="marketing").groups.get().permissions.exists()


def test_where_the_first_passwords_are_deleted_nobody_is_told_that_they_are_there(start, tmp_path):
    assert "These are the first passwords" in start("--no-demo")[1]
    (tmp_path / "logins.txt").unlink()
    _, out, _ = start("--no-demo")
    assert "These are the first passwords" not in out
    assert "changepassword" in out


@pytest.mark.parametrize("number", STOPPING)
def test_whoever_stops_the_set_up_sees_no_traceback(db, settings, tmp_path, monkeypatch, number):
    settings.VAR_DIR, settings.WEB_HOST, settings.WEB_PORT = tmp_path, "127.0.0.1", 0
    monkeypatch.setattr(loading, "_purchases", lambda *args: os.kill(os.getpid(), number))
    monkeypatch.setattr(run.Command, "serve", lambda *args: pytest.fail("it went on"))
    before, out = signal.getsignal(number), io.StringIO()
    call_command("run", stdout=out)
    assert out.getvalue().splitlines()[-1] == "Stopped."
    assert signal.getsignal(number) is before
    assert not Program.objects.exists()


HOLD = """
import pathlib, sys
from loyalty_site.management.commands.run import alone
with alone(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_second_one_in_the_same_folder_says_so_and_stops(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(run.Command, "prepare", lambda *args, **options: pytest.fail("it went on"))
    first = processes.python(
        "-c", f"import django; django.setup(){HOLD}", tmp_path / "run.lock", stdin=subprocess.PIPE
    )
    try:
        assert first.stdout.readline() == "held\n"
        with pytest.raises(CommandError, match=rf"runs in {tmp_path} already \(process {first.pid}\)"):
            call_command("run")
    finally:
        first.kill()
        first.communicate()
    monkeypatch.setattr(run.Command, "prepare", lambda *args, **options: {})
    monkeypatch.setattr(run.Command, "serve", lambda *args: None)
    call_command("run")


def broken(*args):
    raise DatabaseError("the disk is\n  full.")


def test_a_demo_that_fails_ends_in_one_sentence_and_everything_else_starts(start, monkeypatch):
    monkeypatch.setattr(loading, "_purchases", broken)
    _, out, errors = start()
    assert errors.splitlines() == [
        "The demo could not be loaded, and nothing of it is left behind (DatabaseError: the disk is full); "
        "the back office starts empty, and `make run ARGS=--no-demo` starts it without trying again.",
        "The worker ended with code 3; stopping everything.",
    ]
    assert all(re.search(rf"^  {name} +\S{{12}}$", out, re.MULTILINE) for name in FIRST_LOGINS)
    assert set(get_user_model().objects.values_list("username", flat=True)) == set(FIRST_LOGINS)
    assert not Program.objects.exists()
    assert not Partner.objects.exists()


@pytest.mark.slow
def test_a_demo_that_failed_is_tried_again_unless_there_is_a_program_or_it_is_not_wanted(start, monkeypatch):
    monkeypatch.setattr(loading, "_purchases", broken)
    assert "could not be loaded" in start()[2]
    assert "could not be loaded" in start()[2]
    assert "could not be loaded" not in start("--no-demo")[2]
    factories.program("own")
    _, out, errors = start()
    assert "Loading the demo" not in out
    assert "could not be loaded" not in errors
    assert Program.objects.get().code == "own"


def test_the_demo_alone_fails_with_one_sentence_and_an_exit_code(db, monkeypatch):
    monkeypatch.setattr(loading, "_purchases", broken)
    out = io.StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("demo", stdout=out)
    sentence = "The demo could not be loaded, and nothing of it is left behind (DatabaseError: the disk is full)"
    assert str(failed.value) == sentence
    assert failed.value.returncode == 1
    # `--traceback` shows what is behind it.
    assert isinstance(failed.value.__cause__.__cause__, DatabaseError)
    assert out.getvalue() == ""
    assert not Program.objects.exists()


def test_who_interrupts_the_demo_is_not_told_that_it_failed(db, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "_purchases", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call_command("demo")
    assert not Program.objects.exists()


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
