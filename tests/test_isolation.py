"""No test leaves anything to the next one, whether it commits or not, and the ledger is guarded again afterwards."""

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction

from partners.models import Store
from programs.models import Program
from tests.support import factories
from transactions.models import Entry
from transactions.models.immutability import drop_triggers


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_committed_purchase_is_gone_in_the_next_turn(turn):
    assert not Program.objects.exists()
    made = factories.program()
    factories.post_one(made, factories.purchase(factories.member(made), 1000))
    assert Entry.objects.exists()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM transactions_entry")


@pytest.mark.parametrize("turn", ["first", "second"])
def test_what_is_kept_is_as_it_was_made_in_each_turn(stranger, turn):
    assert stranger.first_name == type(stranger).objects.get(pk=stranger.pk).first_name == ""
    stranger.first_name = "Grace"
    stranger.save()
    # Held to its partner at COMMIT, which never comes; unless what is set below were still set.
    Store.objects.create(partner_id=0, code="nowhere", name="Nowhere")
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            Store.objects.all().delete()
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_what_a_migration_leaves_is_there_again_in_the_next_turn(turn):
    member = factories.member(factories.program())
    with pytest.raises(DatabaseError), transaction.atomic():
        type(member).objects.filter(pk=member.pk)._raw_delete(connection.alias)
    assert Permission.objects.filter(codename="view_member").delete()[0] == 1
    drop_triggers(connection)
