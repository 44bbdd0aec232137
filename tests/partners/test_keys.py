"""A key opens the API while it, its connection and its partner are good; only its hash is kept."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partners import keys
from partners.models import ApiKey, Connection, Partner
from tests.support import factories


@pytest.fixture
def connection(db):
    return factories.Connection.of(factories.partner(), "api")


@pytest.fixture
def issued(connection):
    return keys.issue(connection, name="Till software", scopes=["earn", "read", "earn"])


def test_the_text_of_a_key_finds_it(issued):
    key, text = issued
    assert keys.find(text) == key
    assert key.scopes == ["earn", "read"]


def test_to_write_down_that_it_is_used_waits_for_nobody(issued, db):
    """Otherwise a request that wants to write waits twice on SQLite while somebody else writes."""
    with CaptureQueriesContext(database) as asked:
        keys.find(issued[1])
    said = [query["sql"].split(" WHERE")[0] for query in asked]
    written = [text for text in said if text.startswith(("PRAGMA", "UPDATE"))]
    if database.vendor == "sqlite":
        before, at_once, update, after = written
        assert (at_once, after) == ("PRAGMA busy_timeout = 0", f"PRAGMA busy_timeout = {busy_timeout()}")
        assert before == "PRAGMA busy_timeout"
    else:
        (update,) = written
    assert update.startswith("UPDATE")


def busy_timeout():
    with database.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        return cursor.fetchone()[0]


def test_the_secret_is_not_in_the_database(issued):
    key, text = issued
    secret = text.split("_", 2)[2]
    assert len(secret) >= 43
    stored = " ".join(map(str, ApiKey.objects.filter(pk=key.pk).values_list().get()))
    assert secret not in stored
    assert key.prefix in text


def test_the_partner_is_loaded_with_it(issued, django_assert_num_queries):
    _, text = issued
    keys.find(text)
    with django_assert_num_queries(1):
        assert keys.find(text).connection.partner.code


WRONG = [
    lambda text: text[:-1],
    lambda text: text + "x",
    lambda text: text[:-1] + ("a" if text[-1] != "a" else "b"),
    lambda text: text.upper(),
    lambda text: "xx" + text[2:],
    lambda text: text.rpartition("_")[0],
    lambda text: "",
    lambda text: "lk__",
    lambda text: "lk_nobody_" + "x" * 43,
    lambda text: text + "\0",
    lambda text: text + "x" * 10**6,
    lambda text: "é" + text,
]


@pytest.mark.parametrize("spoil", WRONG, ids=range(len(WRONG)))
def test_anything_else_finds_nothing(issued, spoil):
    assert keys.find(spoil(issued[1])) is None


def test_a_key_ends_at_its_instant(connection):
    now = timezone.now()
    _, text = keys.issue(connection, name="x", scopes=["read"], expires_at=now)
    assert keys.find(text, now=now - timedelta(seconds=1))
    assert keys.find(text, now=now) is None


def test_a_revoked_key_is_dead(issued):
    key, text = issued
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())
    assert keys.find(text) is None


@pytest.mark.parametrize("status", ["paused", "revoked"])
def test_the_keys_of_a_connection_that_is_not_active_are_dead(issued, connection, status):
    Connection.objects.filter(pk=connection.pk).update(status=status)
    assert keys.find(issued[1]) is None
    Connection.objects.filter(pk=connection.pk).update(status="active")
    assert keys.find(issued[1])


def test_the_keys_of_a_partner_who_left_are_dead(issued, connection):
    Partner.objects.filter(pk=connection.partner_id).update(is_active=False)
    assert keys.find(issued[1]) is None


def test_when_it_was_used_is_kept_but_not_written_at_each_call(issued, django_assert_num_queries):
    key, text = issued
    now = timezone.now()
    many = 5 if database.vendor == "sqlite" else 2
    with django_assert_num_queries(many):
        keys.find(text, now=now)
    with django_assert_num_queries(1):
        keys.find(text, now=now + timedelta(minutes=4))
    with django_assert_num_queries(many):
        keys.find(text, now=now + timedelta(minutes=6))
    key.refresh_from_db()
    assert key.last_used_at == now + timedelta(minutes=6)
