"""A journal goes from state to state as one table says; the ledger and the database both hold to it."""

import pytest
from django.db import DatabaseError, connection, transaction

from tests.support import factories
from tests.support.factories import at
from transactions.models import Journal
from transactions.models.transitions import TRANSITIONS, IllegalTransition, check


@pytest.mark.parametrize(("was", "to"), [(was, to) for was, after in TRANSITIONS.items() for to in after])
def test_every_way_of_the_table_is_open(was, to):
    check(was, to)


EVERY = {status.value for status in Journal.Status}
LEAPS = [(was, to) for was in EVERY for to in EVERY if was != to and to not in TRANSITIONS.get(was, ())]


@pytest.mark.parametrize(("was", "to"), sorted(LEAPS))
def test_every_other_way_is_closed_in_the_ledger_and_in_the_database(made, who, was, to):
    with pytest.raises(IllegalTransition):
        check(was, to)
    stored = Journal.objects.create(
        program=made,
        connection=factories.till(made),
        kind="accrual",
        external_id="leap",
        member=who,
        status=was,
        activity_at=at(2026, 5, 4),
        program_version=made.version,
    )
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="no journal goes"), transaction.atomic():
        cursor.execute("UPDATE transactions_journal SET status = %s WHERE id = %s", [to, stored.pk])
    stored.refresh_from_db()
    assert stored.status == was
