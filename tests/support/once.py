"""Which tests need no database and therefore run once, not once per database? And what holds them to it?

A test needs none if no mark and no fixture of it asks for one. It is then kept away from all that the next
database could change: reaching for a database, the cache, another process or the network fails it, and so does
asking which database there is. Marked with own_process it may start processes, which are told of no database or
cache of this run. What passed like that is noted in the file that `TESTS_RUN_ONCE` names, and a
later run leaves out what is noted there, nothing else. Without that variable everything runs.
"""

import os
import sys
import uuid
from pathlib import Path

import pytest
from django.core.cache.backends.base import BaseCache
from django.db import connection, connections
from pytest_django import DjangoDbBlocker

FIXTURES = {"db", "transactional_db", "live_server", "django_db_setup", "_django_db_helper"}
MARKS = ("django_db", "each_database", "races")
#: What Python reports when something leaves the process or opens a database.
LEAVING = {"subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec", "socket.connect", "sqlite3.connect"}
#: What would tell another process of the database and the cache of this run.
URLS = ("DATABASE_URL", "REDIS_URL")
OF_THIS_RUN = "of this run"
PROPERTY = ("needs no database", True)


def needs_database(item):
    """Whether the test has to run on each database."""
    return bool(FIXTURES & set(item.fixturenames)) or any(item.get_closest_marker(name) for name in MARKS)


class Reached(AssertionError):
    """A test that was taken for one without a database reached for more than its own process."""


class Guard:
    """Refuses, while a test without a database runs, what such a test has no business with."""

    def __init__(self):
        self.test, self.refused, self.may_start = None, [], False

    def refuse(self, what):
        self.refused.append(what)
        raise Reached(
            f"{self.test} {what}: mark it with django_db if it needs a database, with own_process if it starts a "
            "process that knows of none, else with each_database."
        )

    def hear(self, event, arguments):
        if self.test and not _is_importing() and not self._is_own(event, arguments):
            self.refuse(f"reached for {event}")

    def _is_own(self, event, arguments):
        """Whether this is the start of a process, with an environment that does not tell it where we are."""
        if not self.may_start or event != "subprocess.Popen":
            return False
        environment = arguments[3]
        return environment is not None and OF_THIS_RUN not in environment.values()


def _is_importing():
    """What a module does when it is first imported is not the doing of the test that happens to be the first."""
    frame = sys._getframe()
    while frame and frame.f_code.co_name != "pytest_pyfunc_call":
        if frame.f_code.co_name == "_find_and_load":
            return True
        frame = frame.f_back
    return False


guard = Guard()


def _hear(event, arguments):
    # Of everything that Python does, each `id` included: for each, a bound method would cost four times as much.
    if event in LEAVING:
        guard.hear(event, arguments)


# It cannot be taken away again: while no such test runs, it lets everything pass.
sys.addaudithook(_hear)


class ClosedCache(BaseCache):
    """Stands where the cache is, which is Redis beside PostgreSQL."""

    def __init__(self, location, params):
        super().__init__(params)

    def _refuse(self, *args, **kwargs):
        guard.refuse("reached for the cache")

    add = get = set = touch = delete = clear = incr = has_key = get_many = set_many = _refuse


@pytest.fixture(autouse=True)
def _cache(request, settings):
    """Under a prefix of its own, as tests run beside each other on one Redis; none for a test without a database."""
    own = settings.CACHES["default"] | {"KEY_PREFIX": uuid.uuid4().hex}
    closed = {"BACKEND": f"{__name__}.ClosedCache"}
    settings.CACHES = {"default": own if needs_database(request.node) else closed}


@pytest.fixture(autouse=True)
def _without_database(request, monkeypatch, _cache):
    guard.refused = []
    if needs_database(request.node):
        yield
        return
    wrapper = type(connections[connection.alias])
    monkeypatch.setattr(wrapper, "vendor", property(lambda self: guard.refuse("asked which database there is")))
    monkeypatch.setattr(wrapper, "ensure_connection", lambda self: guard.refuse("opened a database"))
    monkeypatch.setattr(DjangoDbBlocker, "unblock", lambda self: guard.refuse("opened the way to a database"))
    request.node.user_properties.append(PROPERTY)
    guard.may_start = request.node.get_closest_marker("own_process") is not None
    for url in URLS if guard.may_start else ():
        monkeypatch.setenv(url, OF_THIS_RUN)
    guard.test = request.node.name
    yield
    guard.test = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    # Also where somebody took the refusal for an error of their own and went on.
    assert not guard.refused, f"{item.name} {guard.refused}, and went on"
    return result


def _noted():
    path = os.environ.get("TESTS_RUN_ONCE")
    return set(Path(path).read_text().splitlines()) if path and Path(path).exists() else set()


def pytest_collection_modifyitems(config, items):
    noted = _noted()
    left_out = {item for item in items if item.nodeid in noted and not needs_database(item)}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


def pytest_report_header():
    if noted := _noted():
        return f"left out: {len(noted):,} tests that need no database and have passed already"


class Notes:
    """Kept where the reports of all workers come together: what passed without a database."""

    def __init__(self):
        self.seen, self.passed, self.spoiled = set(), set(), set()

    def pytest_runtest_logreport(self, report):
        self.seen.add(report.nodeid)
        if not report.passed:
            self.spoiled.add(report.nodeid)
        elif report.when == "call" and PROPERTY in map(tuple, report.user_properties):
            self.passed.add(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter):
        once = sorted(self.passed - self.spoiled)
        rest = len(self.seen) - len(once)
        terminalreporter.write_line(f"{rest:,} tests for each database, {len(once):,} that need none")
        if path := os.environ.get("TESTS_RUN_ONCE"):
            with open(path, "a") as notes:
                notes.writelines(f"{name}\n" for name in once)


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Notes())
