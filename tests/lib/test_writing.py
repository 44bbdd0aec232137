"""What is the same in many rows travels once, and comes back in each of them."""

import json

import pytest
from django.db import connection
from django.utils import timezone

from loyalty_site.lib.arrays import Fragment, json_text
from loyalty_site.lib.sql import Session
from loyalty_site.lib.writing import inserting
from members.models import Event
from partners.models import Product
from tests.lib.test_sql import ODD
from tests.support import factories
from transactions.models import Journal

COLUMNS = "partner_id sku name category is_active"


@pytest.fixture
def owner(db):
    return factories.partner()


@pytest.fixture
def on_postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite takes row by row")


def stored(*names):
    return list(Product.objects.order_by("pk").values_list(*names))


@pytest.mark.parametrize("text", ODD)
def test_a_text_comes_back_from_one_row_from_rows_alike_and_from_others(owner, text):
    session = Session()
    session.insert(Product, COLUMNS, [(owner.pk, "1", text, "", True)])
    session.insert(Product, COLUMNS, [(owner.pk, sku, text, "", True) for sku in "23"])
    session.insert(Product, COLUMNS, [(owner.pk, "4", text, "", True), (owner.pk, "5", "other", text, False)])
    session.insert(Product, COLUMNS, [(owner.pk, sku, text, text, True) for sku in "67"])
    assert stored("name", "category", "is_active") == [
        (text, "", True),
        (text, "", True),
        (text, "", True),
        (text, "", True),
        ("other", text, False),
        (text, text, True),
        (text, text, True),
    ]


def test_rows_that_are_changed_alike_are_all_changed(owner):
    products = [factories.product(owner, sku) for sku in "ab"]
    Session().change(Product, put="name category", rows=[(product.pk, "tea", "hot") for product in products])
    assert stored("name", "category") == [("tea", "hot"), ("tea", "hot")]


def test_json_that_python_takes_for_equal_is_not_made_the_same(db):
    made = factories.program()
    who = factories.member(made)
    sent = [{"a": 1}, {"a": True}]
    facts = [factories.purchase(who, 100, f"j-{n}", attributes=value) for n, value in enumerate(sent)]
    factories.post(made, *facts)
    found = list(Journal.objects.order_by("pk").values_list("attributes", flat=True))
    assert json.dumps(found) == json.dumps(sent)


@pytest.mark.parametrize("value", [{"a": {"b": [1]}}, [], "text", 0, None])
def test_json_that_is_one_and_the_same_value_travels_once(db, on_postgresql, value):
    rows = [(f"f-{n}", value) for n in range(3)]
    sql, params = inserting.__wrapped__(Journal, "external_id trace").of(rows)
    assert json_text(value) in params
    _, source = sql.split(" FROM ", 1)
    found = Session().run(f'SELECT "external_id", "trace" FROM {source}', params).fetchall()
    assert [(name, json.loads(text)) for name, text in found] == rows


def test_a_table_has_few_statements_whatever_was_alike(owner, on_postgresql):
    writing = inserting(Product, COLUMNS)
    writing.of([(1, "a", "x", "", True), (1, "b", "y", "", False)])
    now, _ = writing.of([(1, "a", "x", "", True), (1, "b", "x", "", True)])
    later, _ = writing.of([(1, "a", "x", "", True), (1, "b", "z", "", False)])
    assert now == later


def test_rows_that_have_everything_in_common_are_as_many_as_they_were(db, on_postgresql):
    sql, params = inserting(Product, "name category").of([("tea", "hot")] * 3)
    _, rows = sql.split(" FROM ", 1)
    assert Session().run(f"SELECT * FROM {rows}", params).fetchall() == [("tea", "hot")] * 3


@pytest.mark.parametrize("count", [1, 3])
def test_json_that_is_stored_as_text_comes_back_whatever_is_in_it(db, count):
    program, now = factories.program(), timezone.now()
    odd = [{"a": f'"\\ \n {ODD[0]} {n}'} for n in range(count)]
    # Line breaks between the words of JSON that somebody else has written are no ends of documents.
    rows = [
        (f"evt_{n}", program.pk, "x", now, now, Fragment(json.dumps(each, indent=1))) for n, each in enumerate(odd)
    ]
    Session().insert(Event, "name program_id type occurred_at recorded_at data", rows)
    assert list(Event.objects.order_by("name").values_list("data", flat=True)) == odd
