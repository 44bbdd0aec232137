"""Everything that one machine needs, in one command: prepare the database, start web, worker and timetable."""

import fcntl
import http.client
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from django.conf import settings
from django.core.checks import Tags
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from loyalty_site.demo import receiver, ways_out
from loyalty_site.processes import STOPPING, Group
from loyalty_site.staff import make_groups, make_logins
from programs.models import Program


class Command(BaseCommand):
    # Those that may refuse to start; the others are for `manage.py check` and cost seconds.
    requires_system_checks = [Tags.security]
    help = "Prepare the database and start the web server, the worker and the timetable, until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="start empty the first time")

    def handle(self, *, no_demo: bool, **options: str | int | None) -> None:
        with alone(settings.VAR_DIR / "run.lock"):
            try:
                with interruptible():
                    logins = self.prepare(no_demo=no_demo)
            except KeyboardInterrupt:
                # Each step is done wholly or not at all, and the next start does the rest.
                self.stdout.write("Stopped.")
                return
            self.serve(logins)

    def prepare(self, *, no_demo: bool) -> dict[str, str]:
        """Set up whatever is missing; returns the first logins."""
        refuse_taken_port(settings.WEB_HOST, settings.WEB_PORT)
        if is_behind():
            call_command("migrate", interactive=False, verbosity=0)
        # Each time: whoever was interrupted behind the migrations would never have them.
        make_groups()
        if not no_demo:
            self.load_demo()
        return make_logins(settings.VAR_DIR / "logins.txt")

    def serve(self, logins: dict[str, str]) -> None:
        """Run the processes until somebody stops us, or until one of them ends by itself."""
        host, port = settings.WEB_HOST, settings.WEB_PORT
        is_sending = ways_out.are_there()
        if is_sending:
            # The children may send to it; nobody else on this machine.
            os.environ["OUTBOUND_ALLOWED"] = ",".join(
                [*settings.OUTBOUND_ALLOWED, f"{receiver.HOST}:{receiver.PORT}"]
            )
        # The children open their own.
        connections.close_all()
        with Group() as group:
            group.start("web server", web_command())
            # The worker waits, so that the first page has the processors for itself.
            ended = group.wait(seconds=120, until=lambda: answers(host, port))
            if not ended and not group.told_to_stop:
                if is_sending:
                    self.start_receiver(group)
                group.start("worker", worker_command())
                self.welcome(host, port, logins)
                ended = group.wait()
            if ended:
                self.stderr.write(f"The {ended[0]} ended with code {ended[1]}; stopping everything.")
        if ended:
            sys.exit(1)
        self.stdout.write("Stopped.")

    def start_receiver(self, group: Group) -> None:
        """With the demo, what stands in for those to whom it sends; everything else runs without it, too."""
        if receiver.is_free():
            group.start("receiver", [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo_receiver"])
        else:
            self.stderr.write(f"{receiver.ADDRESS} is taken: what the demo sends will not arrive.")

    def load_demo(self) -> None:
        """Load the demo into a database without a program. When it fails, everything else starts all the same."""
        if Program.objects.exists():
            return
        self.stdout.write("Loading the demo (only this time) ...")
        self.stdout.flush()
        try:
            call_command("demo", stdout=self.stdout, stderr=self.stderr)
        except CommandError as failed:
            way_on = "the back office starts empty, and `make run ARGS=--no-demo` starts it without trying again"
            self.stderr.write(f"{failed}; {way_on}.")
            self.stderr.flush()

    def welcome(self, host: str, port: int, logins: dict[str, str]) -> None:
        self.stdout.write(f"\nThe loyalty back office is at http://{printable(host)}:{port}/\n\n")
        for name, password in logins.items():
            self.stdout.write(f"  {name:<12}{password}")
        if logins:
            kept = f"These are the first passwords (also in {settings.VAR_DIR / 'logins.txt'})."
        else:
            kept = "The first passwords are kept nowhere any more; `manage.py changepassword NAME` sets a new one."
        self.stdout.write(f"\n{kept} Ctrl-C stops.")
        self.stdout.flush()


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the folder of `path` for this process; killed, it holds it no longer. Raises CommandError.

    Two of them would share one queue of tasks, and on SQLite one database.
    """
    with open(path, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CommandError(
                f"The back office runs in {path.parent} already (process {file.read().strip() or 'unknown'}).\n"
                "Stop that one, or take another folder and port: make run VAR_DIR=... PORT=8001"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """Whatever stops us raises KeyboardInterrupt until the end of the block, as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def refuse_taken_port(host: str, port: int) -> None:
    """Raises CommandError: a clear word now is better than a worker that fails after the set-up."""
    try:
        if not 0 <= port <= 65535:
            # Some resolvers take it modulo 65536.
            raise OSError("there is no such port")
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the server will do; otherwise the last minute of an earlier run would count as "taken".
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as trouble:
        raise CommandError(
            f"Cannot listen on {printable(host)}:{port}: {trouble.strerror or trouble}.\n"
            "Another port: make run PORT=8001"
        ) from None


def is_behind() -> bool:
    """Whether the code has migrations that the database has not."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def web_command() -> list[str]:
    """The web server, configured by loyalty_site/server.py."""
    return [program("gunicorn"), "--config", "python:loyalty_site.server", "loyalty_site.wsgi"]


def worker_command() -> list[str]:
    """The worker with the timetable inside. Gossip and mingle are talk between workers: there is one."""
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [
        program("celery"),
        "--quiet",
        "-A",
        "loyalty_site.celery",
        "worker",
        "-B",
        "-P",
        "threads",
        "-c",
        "2",
        *quiet,
    ]


def program(name: str) -> str:
    """The one beside the interpreter: the environment need not be activated."""
    return str(Path(sys.executable).parent / name)


def answers(host: str, port: int) -> bool:
    """Whether a server on this address says that it is alive."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    web = http.client.HTTPConnection(reachable, port, timeout=2)
    try:
        web.request("GET", "/health/live", headers={"Host": "localhost"})
        return web.getresponse().status == 200
    except OSError:
        return False
    finally:
        web.close()


def printable(host: str) -> str:
    """The host as it stands in an address."""
    return f"[{host}]" if ":" in host else host
