"""What does the database of a test run begin as? As what the same migrations made before, if they made it already.

On SQLite that is a copy of the file; on PostgreSQL what they asked of the server is asked again, and Python need not
work it out anew. It is kept in .venv/migrated/, under a name made of the text of every migration and the version of
every package and of the server; under another name it replaces the last one. Django then migrates all the same: it
finds nothing left to do, and ends as always, with the permissions and the guards of the ledger of today.
"""

import functools
import hashlib
import os
import pickle
import sys
import tempfile
from contextlib import ExitStack
from importlib.metadata import distributions
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection

FOLDER = Path(__file__).resolve().parents[2] / ".venv" / "migrated"
#: What changes nothing, and what only makes sense inside the transaction in which it was asked.
PASSING = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")


class OnSqlite:
    suffix = ".sqlite3"

    def begin_as(self, kept):
        Path(connection.settings_dict["NAME"]).write_bytes(kept)

    def write(self, draft):
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(draft)])


class OnPostgresql:
    suffix = ".statements"

    def __init__(self):
        self.asked = []

    def __call__(self, execute, statement, params, many, context):
        """Django calls this in the place of each statement."""
        if not statement.startswith(PASSING):
            self.asked.append((statement, params, many))
        return execute(statement, params, many, context)

    def begin_as(self, kept):
        with connection.cursor() as cursor:
            for statement, params, many in pickle.loads(kept):
                (cursor.executemany if many else cursor.execute)(statement, params)

    def write(self, draft):
        draft.write_bytes(pickle.dumps(self.asked))


def name(suffix):
    """Another one for other migrations, other packages, another Python or another server."""
    versions = sys.version, connection.get_database_version(), sorted((d.name, d.version) for d in distributions())
    told = hashlib.sha256(repr(versions).encode() + Path(__file__).read_bytes())
    for app in apps.get_app_configs():
        for migration in sorted(Path(app.path, "migrations").glob("**/*.py")):
            told.update(f"\n{app.label} {migration.name}\n".encode() + migration.read_bytes())
    return told.hexdigest()[:20] + suffix


def keep(path, write):
    """Let `write` fill a draft. It takes its place when it is whole, since another run may be reading."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as place:
        draft = Path(place, path.name)
        write(draft)
        os.replace(draft, path)
    for other in FOLDER.glob(f"*{path.suffix}"):
        if other != path:
            other.unlink(missing_ok=True)


def create(create_test_db, **options):
    """As Django does; between making the database and migrating it, it gets what was kept."""
    way = {"sqlite": OnSqlite, "postgresql": OnPostgresql}[connection.vendor]()
    make, missing = connection.creation._create_test_db, []
    with ExitStack() as watching, pytest.MonkeyPatch.context() as patch:

        def begin(*arguments, **named):
            connection.settings_dict["NAME"] = database = make(*arguments, **named)
            path = FOLDER / name(way.suffix)
            try:
                way.begin_as(path.read_bytes())
            except FileNotFoundError:
                missing.append(path)
                if callable(way):
                    watching.enter_context(connection.execute_wrapper(way))
            connection.close()
            return database

        patch.setattr(connection.creation, "_create_test_db", begin)
        database = create_test_db(**options)
    for path in missing:
        keep(path, way.write)
    return database


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    with pytest.MonkeyPatch.context() as patch:
        whole = connection.creation.create_test_db
        patch.setattr(connection.creation, "create_test_db", functools.partial(create, whole))
        yield
