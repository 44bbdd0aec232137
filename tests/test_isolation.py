"""A test that commits leaves nothing to the next one, and the ledger is guarded again afterwards."""

import pytest
from django.db import DatabaseError, connection, transaction

from programs.models import Program
from tests.support import factories
from transactions.models import Entry


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_committed_purchase_is_gone_in_the_next_turn(turn):
    assert not Program.objects.exists()
    made = factories.program()
    factories.post_one(made, factories.purchase(factories.member(made), 1000))
    assert Entry.objects.exists()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM transactions_entry")
