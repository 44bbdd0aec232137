"""A row that a posting is about to name is deleted at the same moment: one of the two gives way, none is orphaned."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db.models import ProtectedError

from members.models import Member
from programs.models import Currency
from tests.support import factories
from tests.support.crowd import at_once
from tests.support.factories import held, post, post_one, purchase
from transactions.models import Entry, Journal
from transactions.proof.audit import audit

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]

ROUNDS = 8


@pytest.fixture
def made(transactional_db):
    return factories.program()


@pytest.fixture
def who(made):
    return factories.member(made)


@pytest.fixture
def elsewhere():
    """Runs something in another connection and returns what it returns, or the error of the database."""
    with ThreadPoolExecutor(1) as pool:

        def run(deed):
            try:
                return deed()
            except DatabaseError as error:
                return error
            finally:
                connection.close()

        yield lambda deed: pool.submit(run, deed)


def sql(text, *params):
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL lock_timeout = '1s'; SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(text, params)
        return cursor.rowcount


def through_django(currency):
    currency.delete()


def behind_its_back(currency):
    with transaction.atomic():
        for table in ("rule", "currency"):
            column = {"rule": "currency_id", "currency": "id"}[table]
            sql(f"DELETE FROM programs_{table} WHERE {column} = %s", currency.pk)


@pytest.mark.parametrize("delete", [through_django, behind_its_back])
def test_the_first_points_of_a_currency_and_its_end(made, who, delete):
    """Nothing holds a new currency until its first balance is committed."""
    till = factories.till(made)

    def earn():
        try:
            return post(made, purchase(who, 100), via=till)[0].status
        except (IntegrityError, KeyError) as error:
            return error

    def remove(currency):
        try:
            delete(currency)
        except (ProtectedError, IntegrityError) as error:
            return error

    for number in range(ROUNDS):
        currency = Currency.objects.create(program=made, code=f"extra-{number}", name="Extra")
        factories.rule(made, f"extra-{number}", "per_amount", {"points": "1", "per": "1"}, currency=currency)
        posted, kept = at_once(earn, lambda currency=currency: remove(currency))
        is_there = Currency.objects.filter(pk=currency.pk).exists()
        assert is_there is (kept is not None)
        assert Entry.objects.filter(currency_id=currency.pk).exists() <= is_there
        if delete is through_django:
            assert posted == "posted"
        elif not is_there:
            # What was changed behind the program's back is not known to those who have compiled it.
            made.save()
        assert [str(drift) for drift in audit(made)] == []


def test_a_member_is_not_deleted_while_something_is_posted(made, who):
    till = factories.till(made)

    def remove():
        with pytest.raises(IntegrityError, match="is named by the ledger"):
            sql("DELETE FROM members_member WHERE id = %s", who.pk)

    for _ in range(ROUNDS):
        results, _ = at_once(lambda: post(made, purchase(who, 100), via=till), remove)
        assert results[0].status == "posted"
    assert held(who) == ROUNDS


def test_nothing_that_is_named_by_what_is_not_committed_yet_can_be_deleted(made, who, elsewhere):
    """Also at a level of isolation at which others see what was there when they began."""
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite one writer waits until the other has ended")
    post_one(made, purchase(who, 100))
    points = made.currencies.get(code="points")
    refused = []
    with transaction.atomic():
        post_one(made, purchase(who, 100))
        for table, key in (("programs_currency", points.pk), ("programs_program", made.pk)):
            delete = f"DELETE FROM {table} WHERE id = %s"
            refused.append(elsewhere(lambda delete=delete, key=key: sql(delete, key)).result(20))
        # This one waits for the lock that the posting has; and would be refused behind it.
        waits = elsewhere(lambda: sql("DELETE FROM members_member WHERE id = %s", who.pk)).result(20)
    assert [type(error) for error in refused] == [IntegrityError, IntegrityError]
    assert isinstance(waits, OperationalError)
    assert Member.objects.filter(pk=who.pk).exists()
    assert [str(drift) for drift in audit(made)] == []


def test_a_deletion_that_began_before_the_posting_is_refused_behind_it(made, who, elsewhere):
    """Its snapshot is older than the points that name the currency."""
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite one writer waits until the other has ended")
    extra = Currency.objects.create(program=made, code="extra", name="Extra")
    factories.rule(made, "extra", "per_amount", {"points": "1", "per": "1"}, currency=extra)
    till = factories.till(made)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert not Entry.objects.exists()
        assert elsewhere(lambda: post(made, purchase(who, 100), via=till)[0].status).result(20) == "posted"
        assert not Entry.objects.exists()
        for parent in (extra, who, made):
            with pytest.raises(DatabaseError), transaction.atomic():
                sql(f"DELETE FROM {parent._meta.db_table} WHERE id = %s", parent.pk)
    assert Journal.objects.get().entries.filter(currency=extra).exists()
    assert [str(drift) for drift in audit(made)] == []
