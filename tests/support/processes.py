"""How do tests start Python, and the web server as it is shipped, on the database of the test?"""

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from loyalty_site.management.commands import run

ROOT = Path(run.__file__).resolve().parents[3]


def environment():
    """The variables under which another process meets the database of this test."""
    found = os.environ | {"DJANGO_SETTINGS_MODULE": "loyalty_site.settings", "VAR_DIR": str(settings.VAR_DIR)}
    name = connection.settings_dict["NAME"]
    if connection.vendor == "postgresql":
        # The server of this run, whether it listens on a port or on a socket; only the database is another.
        found["DATABASE_URL"] = re.sub(r"^(\w+://[^/]*)/[^?]*", rf"\1/{name}", os.environ["DATABASE_URL"])
    else:
        found["DATABASE_URL"] = f"sqlite:///{name}"
    return found


def python(*arguments, **options):
    """Python, with its output in one pipe."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options,
    )  # fmt: skip


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def web_server(**variables):
    """gunicorn as `manage.py run` starts it; yields its port."""
    port = free_port()
    # One web process and no Redis: what is tested here counts nothing.
    variables = environment() | {"HOST": "127.0.0.1", "PORT": str(port)} | variables
    server = subprocess.Popen(run.web_command(), cwd=ROOT, env=variables)
    try:
        deadline = time.monotonic() + 60
        while not run.answers("127.0.0.1", port):
            assert server.poll() is None, "the server ended by itself"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(60)


def exchange(port, raw):
    """What the server answers to `raw` bytes when nothing more is sent: (status, all of it)."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(raw)
        line.shutdown(socket.SHUT_WR)
        found = b""
        while piece := line.recv(65536):
            found += piece
    return int(found.split(b" ", 2)[1]), found.decode()
