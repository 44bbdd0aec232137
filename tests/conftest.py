"""What every test stands on: tasks that run at once, programs that are compiled anew, the plugins of `support`."""

import pytest
from django.apps import apps

from loyalty_site.celery import app
from programs import versions

pytest.register_assert_rewrite("tests.support")
pytest_plugins = [
    f"tests.support.{name}"
    for name in (
        "people",
        "names",
        "once",
        "stage",
        "migrated",
        "committing",
        "query_counts",
        "few_examples",
        "frugal",
    )
]


@pytest.fixture(autouse=True, scope="session")
def _tasks_run_at_once():
    """`.delay()` calls the task, and its errors are the caller's."""
    app.conf.update(task_always_eager=True, task_eager_propagates=True)


@pytest.fixture(autouse=True)
def _programs_are_compiled_anew():
    """A test that is rolled back leaves its keys to the next program, which is another one."""
    yield
    versions.forget()


@pytest.fixture
def count_rows(db):
    """A function that counts the rows of every table of ours."""
    ours = ("partners", "programs", "members", "transactions")
    models = [model for app in ours for model in apps.get_app_config(app).get_models()]
    return lambda: {model._meta.label: model._base_manager.count() for model in models}
