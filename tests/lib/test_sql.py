"""What is written through arrays comes back as it was, whatever is in it."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from loyalty_site.lib.sql import Session, instant
from members.models import Balance, Tally
from partners.models import Partner, Product
from tests.support import factories

ODD = ["plain", "", "NULL", "null", "{}", '{"a",b}', 'quo"te', "back\\slash", "com,ma", "a\nb", "é😀", "%s", "'", " "]


@pytest.fixture
def owner(db):
    return factories.partner()


def test_texts_come_back_as_they_were(owner):
    rows = [(owner.pk, f"sku-{n}", text, "", True) for n, text in enumerate(ODD)]
    Session().insert(Product, "partner_id sku name category is_active", rows)
    assert list(Product.objects.order_by("pk").values_list("name", flat=True)) == ODD
    session = Session()
    found = session.run("SELECT name FROM partners_product WHERE name {ids} ORDER BY id", [ODD]).fetchall()
    assert [name for (name,) in found] == ODD


def test_numbers_dates_and_missing_values_come_back_as_they_were(db):
    made = factories.program()
    who = factories.member(made)
    points, status = made.currencies.order_by("pk")
    then = datetime(2025, 1, 31, 23, 10, 5, 123456, tzinfo=UTC)
    sums = (0, 0, 0, 0, 0, 0, 0, 0, 0, False)
    rows = [(who.pk, points.pk, 2**62, *sums, then, None), (who.pk, status.pk, 0, *sums, None, then)]
    columns = (
        "member_id currency_id available pending reserved arrears lifetime_earned lifetime_redeemed "
        "lifetime_expired lifetime_reversed lifetime_transferred version is_extended next_change_at last_activity_at"
    )
    Session().insert(Balance, columns, rows)
    first, second = Balance.objects.order_by("pk")
    assert (first.available, first.next_change_at, first.last_activity_at) == (2**62, then, None)
    assert (second.available, second.next_change_at, second.last_activity_at) == (0, None, then)
    main = made.tier_groups.get()
    row = (who.pk, main.pk, status.pk, date(1, 1, 1), -5)
    Session().insert(Tally, "member_id group_id currency_id period points", [row])
    assert Tally.objects.get().period == date(1, 1, 1)


def test_instants_are_read_with_their_zone(db):
    made = factories.program()
    who = factories.member(made)
    row = Session().run("SELECT enrolled_at FROM members_member WHERE id {ids}", [[who.pk]]).fetchone()
    assert instant(row[0]) == who.enrolled_at
    assert instant(None) is None


def test_rows_are_changed_by_their_keys(owner):
    products = [factories.product(owner, f"s-{n}") for n in range(3)]
    Session().change(Product, put="name category", rows=[(products[0].pk, "A", "x"), (products[2].pk, "C", "y")])
    assert list(Product.objects.order_by("pk").values_list("name", "category")) == [
        ("A", "x"),
        ("s-1", ""),
        ("C", "y"),
    ]


def test_nothing_to_write_is_no_statement(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        Session().insert(Product, "partner_id sku", [])
        Session().change(Product, put="name", rows=[])


def test_an_error_within_the_round_trip_is_djangos_and_the_connection_goes_on(owner):
    factories.product(owner, "twice")
    session = Session()

    def write():
        with transaction.atomic(), session.together():
            session.insert(Product, "partner_id sku name category is_active", [(owner.pk, "twice", "x", "", True)])
            session.run("SELECT 1")

    with pytest.raises(IntegrityError):
        write()
    assert Partner.objects.filter(pk=owner.pk).exists()
    assert not connection.needs_rollback


def test_new_keys_are_taken_once(db):
    session = Session()
    with session.together():
        taken = session.take_ids((Product, 3), (Partner, 0))
    products, partners = taken()
    assert len(set(products)) == 3
    assert partners == []
    if session.is_postgresql:
        with session.together():
            again = session.take_ids((Product, 2))
        assert not set(products) & set(again()[0])


def test_rows_are_counted_again_when_they_have_doubled(owner):
    for number in range(3):
        factories.product(owner, f"s-{number}")
    session = Session()
    session.analyze()
    assert not session.analyze_grown(Product, 2)
    assert session.analyze_grown(Product, 3) is session.is_postgresql
