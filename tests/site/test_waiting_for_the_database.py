"""A web request waits for the database for some seconds, and is then told when to come again; all others go on."""

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.contrib.admin import site
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client
from psycopg.errors import LockNotAvailable

from loyalty_site import web_database
from loyalty_site.lib import locks
from loyalty_site.lib.database_refusals import refused_for_a_time
from members.models import Member
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.api_life import purchase
from tests.support.processes import exchange, web_server
from transactions.models import Journal

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
#: Nobody who waits for nobody takes so long (s), also on a busy machine.
SOON = 8


@pytest.fixture
def club():
    return factories.program("club", owner=factories.partner("shop"))


def post(port, shop, member, name):
    """(status, headers and body, seconds) of a purchase."""
    body = json.dumps(purchase(name, member={"number": member.number})).encode()
    lines = ["POST /api/v1/transactions/ HTTP/1.1", "Host: localhost", f"Authorization: Bearer {shop.text}"]
    lines += ["Content-Type: application/json", "Connection: close", f"Content-Length: {len(body)}"]
    began = time.monotonic()
    return *exchange(port, "\r\n".join(lines).encode() + b"\r\n\r\n" + body), time.monotonic() - began


@contextmanager
def held(member):
    """Somebody else has this member locked: on SQLite all of them."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            Member.objects.select_for_update().get(pk=member.pk)
            yield
    else:
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.close()


def test_who_wants_a_locked_member_is_told_to_come_again_and_nothing_is_written(club):
    member, shop = factories.member(club), Caller(club.owner)
    with web_server(WEB_LOCK_TIMEOUT="1") as port:
        with held(member):
            status, said, seconds = post(port, shop, member, "order")
            assert status == 503
            assert '"code":"busy"' in said
            assert "retry-after: 2" in said.lower()
            assert seconds < 1 + SOON
        assert not member.journals.exists()
        assert post(port, shop, member, "order")[0] == 201
    assert member.journals.count() == 1


def test_a_crowd_that_wants_a_locked_member_holds_up_neither_others_nor_probes(club):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer, for whom all wait")
    wanted, other, shop = factories.member(club), factories.member(club), Caller(club.owner)
    with web_server(WEB_LOCK_TIMEOUT="20", WEB_THREADS="4") as port, ThreadPoolExecutor(40) as crowd:
        with held(wanted):
            asked = [crowd.submit(post, port, shop, wanted, f"wanted-{number}") for number in range(40)]
            time.sleep(1)
            for number in range(5):
                status, said, seconds = post(port, shop, other, f"other-{number}")
                assert (status, seconds < SOON) == (201, True), (said, seconds)
            assert exchange(port, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 200
            told = [one.result()[0] for one in asked if one.done()]
            assert told
            assert set(told) == {503}
        answers = [one.result()[0] for one in asked]
    assert set(answers) <= {201, 503}
    assert wanted.journals.count() == answers.count(201)
    assert other.journals.count() == 5


def test_probes_are_answered_while_all_threads_wait(club):
    member, shop = factories.member(club), Caller(club.owner)
    with web_server(WEB_LOCK_TIMEOUT="15", WEB_THREADS="1") as port, ThreadPoolExecutor(3) as crowd:
        with held(member):
            asked = [crowd.submit(post, port, shop, member, f"order-{number}") for number in range(3)]
            time.sleep(1)
            began = time.monotonic()
            for path in (b"live", b"ready"):
                assert exchange(port, b"GET /health/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)[0] == 200
            assert time.monotonic() - began < SOON
            assert not any(one.done() for one in asked)
        assert {one.result()[0] for one in asked} <= {201, 503}


@contextmanager
def limited(**limits):
    """The connection of this test as the web server would open it."""
    before = connection.settings_dict["OPTIONS"]
    for name, value in limits.items():
        setattr(settings, name, value)
    connection.close()
    vendor = (
        web_database.limited_on_postgresql if connection.vendor == "postgresql" else web_database.limited_on_sqlite
    )
    connection.settings_dict["OPTIONS"] = vendor(before)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["OPTIONS"] = before


def test_statements_and_idle_transactions_end_too(settings):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has nobody who could end them")
    with limited(WEB_STATEMENT_TIMEOUT=1, WEB_IDLE_TRANSACTION_TIMEOUT=1), connection.cursor() as cursor:
        with pytest.raises(OperationalError, match="statement timeout"):
            cursor.execute("SELECT pg_sleep(10)")
        with pytest.raises(DatabaseError) as ended, transaction.atomic():  # noqa: PT012
            cursor.execute("SELECT 1")
            time.sleep(2)
            cursor.execute("SELECT 1")
        assert refused_for_a_time(ended.value)


def test_what_the_address_of_the_database_says_wins(settings):
    settings.WEB_LOCK_TIMEOUT, settings.WEB_STATEMENT_TIMEOUT, settings.WEB_IDLE_TRANSACTION_TIMEOUT = 5, 30, 0
    found = web_database.limited_on_postgresql({"options": "-c lock_timeout=9s", "sslmode": "require"})
    assert found == {
        "options": "-c lock_timeout=5s -c statement_timeout=30s -c lock_timeout=9s",
        "sslmode": "require",
    }
    assert web_database.limited_on_sqlite({"timeout": 30}) == {"timeout": 5}


def test_commands_and_the_night_wait_as_long_as_it_takes():
    with locks.long_waits.place() as one, locks.long_waits.place() as other:
        assert (one, other) == (None, None)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('lock_timeout')")
            assert cursor.fetchone() == ("0",)
        assert "lock_timeout" not in str(connection.settings_dict["OPTIONS"].get("options", ""))
    else:
        assert connection.settings_dict["OPTIONS"]["timeout"] == 30


def test_a_part_of_the_threads_waits_for_long_and_the_others_do_not():
    waits = locks.LongWaits()
    waits.limit(1)
    with waits.place() as first, waits.place() as second:
        assert (first, second) == (None, waits.SHORT_MS)
    with waits.place() as third:
        assert third is None


def test_a_page_says_so_too(club, monkeypatch, admin_user):
    browser = Client()
    browser.force_login(admin_user)

    def busy(*args, **kwargs):
        raise OperationalError("canceling statement due to lock timeout") from LockNotAvailable()

    monkeypatch.setattr(site._registry[Journal], "get_queryset", busy)
    page = browser.get("/admin/transactions/journal/")
    assert (page.status_code, page["Retry-After"]) == (503, "2")
    assert "nothing was written" in page.content.decode()
