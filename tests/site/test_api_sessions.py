"""Callers of the API have no session, share a connection to the database, and outlive one that was lost."""

import uuid

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError, close_old_connections, connection
from django.test import Client
from django.urls import reverse

from loyalty_site.lib.sql import Session
from tests.support import factories
from tests.support.api_caller import Caller


@pytest.mark.django_db
def test_a_session_opens_nothing_in_the_api(boss, club, django_assert_num_queries):
    browser = Client()
    browser.force_login(boss)
    with django_assert_num_queries(0):
        answer = browser.get("/api/v1/programs/")
    assert answer.status_code == 401
    assert "Cookie" not in answer.get("Vary", "")
    assert browser.get(reverse("admin:index")).status_code == 200


@pytest.mark.django_db
def test_an_address_that_the_api_does_not_have_asks_for_no_session(boss, django_assert_num_queries):
    browser = Client()
    browser.force_login(boss)
    with django_assert_num_queries(0):
        assert browser.get("/api/v1/nowhere/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_connection_stays_open_for_the_next_request():
    connection.ensure_connection()
    kept = connection.connection
    close_old_connections()  # At the end of each request.
    assert connection.connection is kept


@pytest.mark.django_db(transaction=True)
def test_a_request_goes_on_over_a_new_connection():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no server that could go away")
    shop = Caller(factories.program("club", owner=factories.partner("shop")).owner)
    assert shop.get("programs/").status_code == 200
    for path in ("members/lookup/?number=1", "programs/"):
        _lose_connection()
        assert shop.get(path).status_code in (200, 404)


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_fails_by_itself_is_not_sent_again():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no server that could end a statement")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 50")
    before = connection.connection
    try:
        with pytest.raises(OperationalError):
            Session().run_first("SELECT pg_sleep(10)")
        assert connection.connection is before
    finally:
        connection.close()


def _lose_connection():
    lost = connection.connection.info.backend_pid
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [lost])
    other.close()


@pytest.mark.each_database
@pytest.mark.skipif(not settings.REDIS_URL, reason="counted in this process")
def test_redis_counts_what_is_missing_from_one_and_forgets_it():
    name, other = uuid.uuid4().hex, uuid.uuid4().hex
    assert [cache.incr(name), cache.incr(name), cache.incr(name, 3)] == [1, 2, 5]
    left = cache._cache.get_client().ttl(cache.make_key(name))
    assert 0 < left <= cache.default_timeout
    assert cache.incr(other, 7) == 7
