"""What the ledger names stays, although no foreign key of the database says so for every row."""

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError

from members.models import Balance, Customer, Member
from partners.models import Connection
from programs.models import Currency, Program, ProgramVersion, TierGroup
from tests.support import factories
from tests.support.factories import line, post_one, purchase, redemption
from transactions.models import Entry, Journal, JournalLine, Lot, Trace
from transactions.proof.audit import audit

KEPT = ["members_member", "members_balance", "programs_programversion"]
FOREIGN_KEY = r"(?i)foreign key"


@pytest.fixture
def bought(made, who):
    """The journal of a purchase, which has entries in both currencies and a lot."""
    return Journal.objects.get(pk=post_one(made, purchase(who, 1000)).journal_id)


def sql(text, *params):
    """Run a statement, and all checks that would wait for COMMIT."""
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(text, params)
        rows = cursor.rowcount
        connection.check_constraints()
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return rows


def ours(model):
    """What the rows of a table hold, of the columns that it had from the start."""
    columns = [
        field.attname for field in model._meta.concrete_fields if field.name not in ("thousandths", "discount")
    ]
    return list(model._base_manager.order_by("pk").values(*columns))


def constrained(table):
    """The columns of a table that the database holds to the rows which they name."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table).values()
    return {constraint["columns"][0] for constraint in found if constraint["foreign_key"]}


def test_the_database_checks_no_member_currency_or_program_of_the_ledger(db):
    assert constrained("transactions_entry") == {"journal_id"}
    assert constrained("transactions_lot") == {"entry_id", "origin_id"}
    assert not {"program_id", "member_id"} & constrained("transactions_journal")


def test_the_database_checks_no_row_of_a_trace_because_those_are_append_only(bought):
    assert constrained("transactions_trace") == set()
    for table, key in ("transactions_entry", "id"), ("transactions_lot", "entry_id"):
        for statement in f"DELETE FROM {table}", f"UPDATE {table} SET {key} = {key} + 1000000":
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                sql(statement)


def test_every_other_foreign_key_is_one_of_the_database(db):
    """Who may be deleted while a posting names it is held by a constraint, and so is what vouches for the others."""
    free = {("journal", "program"), ("journal", "member")}
    free |= {(row, name) for row in ("entry", "lot") for name in ("member", "currency")}
    free |= {("trace", "entry"), ("trace", "lot")}
    # Of a journal, written by its own transaction, and of a member and a currency that its entries name.
    free |= {("promotionuse", name) for name in ("journal", "member", "currency")}
    # Posting writes them; who they name is named by the ledger, too.
    free |= {("event", name) for name in ("program", "member", "partner")}
    for app in ("partners", "programs", "members", "transactions"):
        for model in apps.get_app_config(app).get_models():
            wanted = {
                field.column
                for field in model._meta.concrete_fields
                if field.remote_field and (model._meta.model_name, field.name) not in free
            }
            if not model.__name__.startswith("Historical"):
                assert wanted <= constrained(model._meta.db_table), model


@pytest.mark.parametrize("table", KEPT)
def test_what_vouches_for_the_ledger_is_never_deleted(bought, table):
    with pytest.raises(IntegrityError, match=f"{table} is named by the ledger"):
        sql(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", [*KEPT, "programs_program", "programs_currency", "members_customer"])
def test_nothing_that_it_hangs_on_is_emptied(bought, table):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="is named by the ledger"):
        sql(f"TRUNCATE {table} CASCADE")


def test_a_member_without_any_posting_is_closed_and_not_deleted(made):
    who = factories.member(made)
    who.standings.all().delete()
    with pytest.raises(IntegrityError, match="members_member is named by the ledger"), transaction.atomic():
        who.delete()
    Member.objects.filter(pk=who.pk).update(status=Member.Status.CLOSED)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("members_member", "id = id + 1000"),
        ("members_balance", "member_id = member_id + 1000"),
        ("members_balance", "currency_id = currency_id + 1000"),
        ("programs_programversion", "program_id = program_id + 1000"),
        ("programs_programversion", "number = number + 1000"),
        ("programs_programversion", "document = '{}'"),
    ],
)
def test_what_vouches_for_the_ledger_keeps_its_keys(bought, table, change):
    with pytest.raises(IntegrityError, match=f"{table} is named by the ledger"):
        sql(f"UPDATE {table} SET {change}")


@pytest.mark.parametrize("name", ["rowid", "_rowid_", "oid"])
def test_no_other_name_of_a_key_leads_around_it(bought, name):
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has other names for a key")
    with pytest.raises(IntegrityError, match="members_member is named by the ledger"):
        sql(f"UPDATE members_member SET {name} = {name} + 1000")


def test_nobody_is_replaced_by_another_row(who, bought):
    """The number is taken: REPLACE would delete the member who has it."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no REPLACE")
    columns = ", ".join(field.column for field in Member._meta.concrete_fields)
    other = columns.replace("id,", f"{who.pk + 1000},", 1)
    with pytest.raises(IntegrityError, match="members_member is named by the ledger"):
        sql(f"INSERT OR REPLACE INTO members_member ({columns}) SELECT {other} FROM members_member")


def test_what_it_vouches_for_is_held_by_its_constraints(made, bought):
    status = made.currencies.get(code="status")
    assert sorted(bought.entries.values_list("currency__code", flat=True)) == ["points", "status"]
    for table, key in (("programs_currency", status.pk), ("programs_program", made.pk)):
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id + 1000"):
            with pytest.raises(IntegrityError, match=FOREIGN_KEY):
                sql(f"{change} WHERE id = %s", key)


@pytest.mark.parametrize(
    ("parent", "protected"),
    [
        (Member, {Journal, Entry, Lot, Balance}),
        (Currency, {Entry, Lot, Balance}),
        (Program, {Journal, ProgramVersion}),
    ],
)
def test_django_refuses_first_and_says_why(bought, parent, protected):
    before = ours(parent)
    with pytest.raises(ProtectedError) as refused:
        parent.objects.all().delete()
    assert {type(row) for row in refused.value.protected_objects} >= protected
    assert ours(parent) == before


@pytest.mark.parametrize("kept", ["points moved", "a note of what is not here yet"])
def test_a_program_stays_as_soon_as_anything_was_posted(made, kept):
    """Also what has no member yet: a refund whose order did not come."""
    if kept == "points moved":
        post_one(made, purchase(factories.member(made), 1000))
    else:
        item = factories.Reversal("early", order="order-to-come", amount=100)
        assert post_one(made, item).status == "kept"
        assert not Member.objects.exists()
    with pytest.raises(IntegrityError, match=FOREIGN_KEY):
        sql("DELETE FROM programs_program WHERE id = %s", made.pk)


def test_what_nobody_used_can_still_be_deleted(made, who, bought):
    """As plain SQL, so that nothing but the database is asked."""
    partner = factories.partner()
    rows = [
        factories.store(partner),
        factories.product(partner, "S-1"),
        Connection.objects.create(partner=partner, name="Unused"),
        Currency.objects.create(program=made, code="extra", name="Extra"),
        get_user_model().objects.create_user("nobody"),
        Customer.objects.create(first_name="Grace"),
        partner,
        made.tier_groups.get().tiers.get(code="gold"),
        Program.objects.create(code="draft", name="Draft", owner=made.owner),
    ]
    for row in rows:
        assert sql(f"DELETE FROM {row._meta.db_table} WHERE id = %s", row.pk) == 1, row


def test_what_somebody_used_cannot(made, who):
    """These can be deleted while they are unused, so the database checks each row that names them."""
    store = factories.store(made.owner)
    product = factories.product(made.owner, "S-1")
    journal = post_one(made, purchase(who, 1000, store=store.code, lines=(line("S-1", 1000),))).journal_id
    for row in (store, product, Journal.objects.get(pk=journal).connection, made.tier_groups.get().tiers.first()):
        with pytest.raises(IntegrityError, match=FOREIGN_KEY):
            sql(f"DELETE FROM {row._meta.db_table} WHERE id = %s", row.pk)


def test_everything_else_of_them_may_change(made, who, bought):
    assert sql("UPDATE members_member SET status = 'suspended', sequence = sequence + 0") == 1
    assert sql("UPDATE members_member SET id = id, number = number") == 1
    assert sql("UPDATE members_balance SET version = version + 1, member_id = member_id") == 2
    assert Balance.objects.get(currency__code="points").available == 10
    assert sql("UPDATE programs_programversion SET since = since") == ProgramVersion.objects.count()
    assert TierGroup.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_ledger_with_rows_goes_over_to_it():
    """Behind the migration that drops the constraints nothing is lost, and everything is guarded."""
    made = factories.program()
    who = factories.member(made)
    post_one(made, purchase(who, 1000, lines=(line("S-1", 1000),)))
    post_one(made, redemption(who, 3))
    models = [Journal, JournalLine, Entry, Lot, Trace]
    before = {model: ours(model) for model in models}
    try:
        call_command("migrate", "transactions", "0002_plain_names", verbosity=0)
        assert constrained("transactions_entry") == {"journal_id", "member_id", "currency_id"}
        assert {model: ours(model) for model in models} == before
    finally:
        call_command("migrate", "transactions", verbosity=0)
    assert constrained("transactions_entry") == {"journal_id"}
    assert {model: ours(model) for model in models} == before
    with pytest.raises(IntegrityError, match="is named by the ledger"):
        sql("DELETE FROM members_member WHERE id = %s", who.pk)
    post_one(made, purchase(who, 1000))
    assert [str(drift) for drift in audit(made)] == []
