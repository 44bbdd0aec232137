"""What becomes of what a test commits? Its tables are emptied when it is over."""

import pytest
from django.db import connection

from transactions.models.immutability import drop_triggers

#: Fixtures whose test commits.
FIXTURES = {"transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback", "live_server"}


def is_committing(item):
    marker = item.get_closest_marker("django_db")
    return bool(FIXTURES & set(item.fixturenames) or (marker and marker.kwargs.get("transaction")))


@pytest.fixture(autouse=True)
def _ledger_can_be_emptied(request):
    """Take the ledger's triggers away before a committing test is cleaned up.

    Emptying the tables ends in post_migrate, which makes the triggers again.
    """
    commits = is_committing(request.node)
    if commits:
        # Asked for here, so that the tables are emptied after the code below `yield`.
        request.getfixturevalue("transactional_db")
    yield
    if commits:
        drop_triggers(connection)
