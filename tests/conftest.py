"""What every test stands on: tasks that run at once, programs compiled anew, a ledger that can be emptied."""

import pytest
from django.db import connection

from loyalty_site.celery import app
from programs import versions
from transactions.models.immutability import drop_triggers

pytest.register_assert_rewrite("tests.support")
pytest_plugins = ["tests.support.people", "tests.support.once"]

# Fixtures that empty the tables afterwards, because the test commits.
COMMITTING = {"transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback", "live_server"}


@pytest.fixture(autouse=True, scope="session")
def _tasks_run_at_once():
    """`.delay()` calls the task, and its errors are the caller's."""
    app.conf.update(task_always_eager=True, task_eager_propagates=True)


@pytest.fixture(autouse=True)
def _programs_are_compiled_anew():
    """A test that is rolled back leaves its keys to the next program, which is another one."""
    versions.forget()
    yield
    versions.forget()


@pytest.fixture(autouse=True)
def _ledger_can_be_emptied(request):
    """Take the ledger's triggers away before a committing test is cleaned up.

    Emptying the tables ends in post_migrate, which makes the triggers again.
    """
    marker = request.node.get_closest_marker("django_db")
    commits = COMMITTING & set(request.fixturenames) or (marker and marker.kwargs.get("transaction"))
    if commits:
        # Asked for here, so that the tables are emptied after the code below `yield`.
        request.getfixturevalue("transactional_db")
    yield
    if commits:
        drop_triggers(connection)
