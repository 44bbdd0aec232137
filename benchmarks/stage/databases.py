"""On which database is measured? A new one each time, removed afterwards; durable as in production."""

import os
import secrets
import sqlite3
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from benchmarks.stage import earlier
from tests import matrix

#: Nothing that would lose an acknowledged posting; room enough that no checkpoint falls into a round.
DURABLE = ("-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB", "-c", "checkpoint_timeout=30min")
SYNCS = 2000


@contextmanager
def postgresql():
    """Yields (what it is, environment that makes our settings use it). Raises matrix.Unavailable."""
    with matrix.folder() as place, matrix.postgresql(place, settings=DURABLE) as (server, what):
        name = f"benchmark_{secrets.token_hex(4)}"
        with psycopg.connect(server, autocommit=True) as admin:
            durable = {key: admin.execute(f"SHOW {key}").fetchone()[0] for key in ("fsync", "synchronous_commit")}
            admin.execute(f"CREATE DATABASE {name}")
            try:
                shown = ", ".join(f"{key}={value}" for key, value in durable.items())
                at = urlsplit(server)
                url = f"{at.scheme}://{at.netloc}/{name}?{at.query}"
                yield f"PostgreSQL {what}; {shown}", _environment(place, DATABASE_URL=url)
            finally:
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def copy(environment):
    """Yields the environment of a copy of the PostgreSQL database in `environment`, to which nobody is connected."""
    name, at = f"benchmark_{secrets.token_hex(4)}", urlsplit(environment["DATABASE_URL"])
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as admin:
        # Through the log, which is the default since 15, the pages of the copy would be in memory and its log full.
        strategy = "STRATEGY file_copy" if admin.info.server_version >= 150000 else ""
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {at.path[1:]} {strategy}")
    try:
        yield environment | {"DATABASE_URL": f"{at.scheme}://{at.netloc}/{name}?{at.query}"}
    finally:
        with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def beside(environment):
    """Yields the environment of a new, empty database of the same kind, on the same server if it has one."""
    if "DATABASE_URL" not in environment:
        with sqlite() as (_, another):
            yield another
        return
    name, at = f"benchmark_{secrets.token_hex(4)}", urlsplit(environment["DATABASE_URL"])
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    try:
        yield environment | {"DATABASE_URL": f"{at.scheme}://{at.netloc}/{name}?{at.query}"}
    finally:
        with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def sqlite():
    """Yields (what it is, environment)."""
    with matrix.folder() as place:
        yield f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL", _environment(place)


def _environment(place, **urls):
    var = place / "var"
    var.mkdir(mode=0o700)
    return {"VAR_DIR": str(var), "SECRET_KEY": secrets.token_urlsafe(50), "DEBUG": "false"} | urls


def enter(environment):
    """Let this process import the product, with that environment and nothing of the caller's."""
    for name in matrix.OURS:
        os.environ.pop(name, None)
    os.environ |= {"DJANGO_SETTINGS_MODULE": "loyalty_site.settings"} | environment
    if earlier.TREE in environment:
        earlier.use(environment[earlier.TREE])


def use(environment):
    """Make this process one of the product, ready to work."""
    enter(environment)
    import django

    django.setup()


def sync_cost(place="/tmp"):
    """Microseconds that this machine's disk takes to promise 8 kB: what a commit costs at least."""
    path = os.path.join(place, f"sync-{secrets.token_hex(4)}")
    file = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        started = time.perf_counter()
        for _ in range(SYNCS):
            os.pwrite(file, b"x" * 8192, 0)
            os.fdatasync(file)
        return (time.perf_counter() - started) / SYNCS * 1e6
    finally:
        os.close(file)
        os.unlink(path)
