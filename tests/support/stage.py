"""What do many tests begin with? It is built once and kept below their own transactions.

A test is a transaction that is taken back. What a `kept` fixture makes lies below it, in a savepoint that stays
when the test is over: the next test that begins with the same fixtures finds the rows there, and gets a copy of
what they returned. What a test does not begin with is taken back before it starts. So a test finds exactly what
its own fixtures make. Tests are sorted by what they begin with; those that commit, or whose clock is set, have
everything made for themselves.
"""

import functools
import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import time_machine
from django.db import connection, transaction
from pytest_django.plugin import blocking_manager_key

from programs import versions
from programs.models import Program
from tests.support.committing import is_committing


def kept(build):
    """Makes a fixture of `build`, which asks for nothing but `db` and kept fixtures, and makes rows only."""

    @functools.wraps(build)
    def fixture(**needed):
        return stage.copies[build] if build in stage.copies else build(**needed)

    fixture.build = build
    return pytest.fixture(fixture)


def beginning(item):
    """The functions behind the kept fixtures of a test, each after those that it needs, else by name."""
    found = {}

    def is_kept(name):
        definitions = item._fixtureinfo.name2fixturedefs.get(name)
        build = definitions and getattr(definitions[-1].func, "build", None)
        if build and build not in found and all(need == "db" or is_kept(need) for need in _needs(build)):
            found[build] = True
        return build in found

    for name in sorted(item.fixturenames):
        is_kept(name)
    return list(found)


def _needs(build):
    return list(inspect.signature(build).parameters)


@dataclass
class Layer:
    """What one kept fixture made. `returned` are the values of all layers up to this one, which may refer to each
    other; `compiled` are the programs of then."""

    build: Callable
    savepoint: transaction.Atomic
    returned: bytes
    compiled: dict


class Stage:
    def __init__(self):
        self.layers, self.copies = [], {}

    def set_for(self, item):
        """Let the database hold what `item` begins with, and nothing else."""
        is_own = is_committing(item) or time_machine.escape_hatch.is_travelling()
        wanted = [] if is_own else beginning(item)
        fitting = 0
        for layer, build in zip(self.layers, wanted, strict=False):
            if layer.build is not build:
                break
            fitting += 1
        self.clear(down_to=fitting)
        if self.layers and connection.vendor == "postgresql":
            # Set in a savepoint inside another one, it stays when that one is taken back.
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for build in wanted[fitting:]:
            self._add(build)
        self._copy()

    def clear(self, *, down_to=0):
        while len(self.layers) > down_to:
            _take_back(self.layers.pop().savepoint)
        self.copies = {}

    def _copy(self):
        versions.forget()
        if self.layers:
            top = self.layers[-1]
            self.copies = dict(zip([layer.build for layer in self.layers], pickle.loads(top.returned), strict=True))
            versions._current.update(top.compiled)

    def _add(self, build):
        self._copy()
        savepoint = transaction.atomic()
        # As the transactions of tests are: what is compiled in it may be kept.
        savepoint._from_testcase = True
        savepoint.__enter__()
        try:
            returned = build(**{name: self._value(name) for name in _needs(build)})
            _compile()
            values = pickle.dumps([*self.copies.values(), returned])
        except BaseException:
            _take_back(savepoint)
            raise
        self.layers.append(Layer(build, savepoint, values, dict(versions._current)))

    def _value(self, name):
        return next((value for build, value in self.copies.items() if build.__name__ == name), None)


def _take_back(savepoint):
    transaction.set_rollback(True)
    savepoint.__exit__(None, None, None)


def _compile():
    """Compile the programs of now, as the first posting would; those are left alone whose document is not kept."""
    for program in Program.objects.all():
        if program.versions.filter(number=program.version).exists():
            versions.current(program.pk)


stage = Stage()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """After pytest-django has put those that commit behind the others, and those without a database last."""

    def names(item):
        return () if is_committing(item) else tuple(f"{b.__module__}.{b.__qualname__}" for b in beginning(item))

    def order(item):
        needs = is_committing(item), "db" not in item.fixturenames and not item.get_closest_marker("django_db")
        return *needs, names(item)

    items.sort(key=order)


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef, request):
    """The database is there now, and the test has not yet begun its own transaction."""
    if fixturedef.argname == "_django_db_helper":
        with request.getfixturevalue("django_db_blocker").unblock():
            stage.set_for(request.node)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    if stage.layers:
        with session.config.stash[blocking_manager_key].unblock():
            stage.clear()
