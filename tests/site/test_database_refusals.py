"""A database that refuses for a time is told as that, with when to try again: over the API, and on pages."""

import sqlite3
import threading

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.test import Client

from loyalty_site import failures
from loyalty_site.lib.database_refusals import refused_for_a_time
from members.models import Member
from tests.support import factories
from tests.support.api_caller import Caller
from tests.support.signing_in import attempt

STATES = ["25006", "25P03", "25P04", "40001", "40P01", "53100", "53200", "53300", "55P03", "57014", "57P01", "57P03"]
STATES += ["08006", "53000", "58030", "55006"]
CODES = ["BUSY", "LOCKED", "READONLY", "FULL", "IOERR", "CANTOPEN", "NOMEM", "INTERRUPT", "PROTOCOL", "PERM"]


def wrapped(error):
    """As Django raises it."""
    outer = DatabaseError(str(error))
    outer.__cause__ = error
    return outer


def of_sqlite(name, more=0):
    error = sqlite3.OperationalError(name)
    error.sqlite_errorcode = getattr(sqlite3, f"SQLITE_{name}") + more
    return wrapped(error)


def of_postgresql(state):
    return wrapped(psycopg.errors.lookup(state)(state))


@pytest.mark.parametrize("state", STATES)
def test_what_postgresql_refuses_for_a_time(state):
    refused = refused_for_a_time(of_postgresql(state))
    assert refused.code == "busy"
    assert 0 < int(refused.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("name", CODES)
def test_what_sqlite_refuses_for_a_time(name):
    assert refused_for_a_time(of_sqlite(name))
    assert refused_for_a_time(of_sqlite(name, more=1 << 8)), "an extended code says the same more exactly"


@pytest.mark.parametrize(
    "error",
    [
        wrapped(psycopg.OperationalError("the connection is lost")),
        wrapped(psycopg.InterfaceError("the connection is closed")),
        OperationalError("no connection"),
        InterfaceError("connection already closed"),
    ],
)
def test_a_connection_that_is_not_there(error):
    assert "cannot be reached" in str(refused_for_a_time(error))


def test_it_is_found_behind_another_failure():
    error = KeyError("session")
    error.__context__ = of_sqlite("READONLY")
    assert "cannot be written to" in str(refused_for_a_time(error))


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite("ERROR"),
        of_sqlite("CORRUPT"),
        of_sqlite("CONSTRAINT"),
        of_postgresql("42P01"),
        of_postgresql("23505"),
        of_postgresql("22003"),
        of_postgresql("25P02"),
        ValueError("ours"),
    ],
)
def test_what_is_a_mistake_of_ours_stays_one(error):
    assert refused_for_a_time(error) is None


@pytest.fixture
def read_only(transactional_db):
    """Lets the database take no more writes, as a standby does."""

    def shut():
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET default_transaction_read_only = on")
            else:
                cursor.execute("PRAGMA query_only = ON")

    yield shut
    connection.close()


@pytest.fixture
def shop(transactional_db):
    return Caller(factories.program("club", owner=factories.partner("shop")).owner)


def told(response):
    """That it is a refusal for a time, and in which form."""
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    return response["Content-Type"].split(";")[0]


def sent(caller, method, path, raw=b""):
    headers = {"Authorization": f"Bearer {caller.text}"}
    return caller.client.generic(method, path, raw, content_type="application/json", headers=headers)


def test_the_api_says_so_and_still_reads(shop, read_only):
    read_only()
    answer = sent(shop, "POST", "/api/v1/members/", b'{"first_name": "Ada"}')
    assert told(answer) == "application/problem+json"
    assert answer.json()["code"] == "busy"
    assert sent(shop, "GET", "/api/v1/programs/").status_code == 200
    assert not Member.objects.exists()


def test_pages_of_the_admin_say_so_in_our_look(shop, read_only, client):
    get_user_model().objects.create_superuser("boss", "boss@example.com", "correct horse")
    browser = Client(raise_request_exception=False)
    browser.force_login(get_user_model().objects.get())
    read_only()
    assert browser.get("/admin/").status_code == 200
    sent = {"name": "Café", "code": "cafe", "stores-TOTAL_FORMS": 0, "stores-INITIAL_FORMS": 0}
    answer = browser.post("/admin/partners/partner/add/", sent)
    assert told(answer) == "text/html"
    assert "nothing was written" in answer.content.decode()
    assert "loyalty/loyalty.css" in answer.content.decode()


def test_so_does_the_sign_in(shop, read_only):
    get_user_model().objects.create_superuser("boss", "boss@example.com", "correct horse")
    read_only()
    assert told(attempt(Client(raise_request_exception=False), "boss", "correct horse")) == "text/html"


def test_a_session_that_cannot_be_written_is_no_mistake_of_the_browser(rf, db):
    """Django takes it for one that somebody has deleted."""
    interrupted = SessionInterrupted()
    interrupted.__context__ = of_sqlite("READONLY")
    assert told(failures.bad_request(rf.get("/admin/"), interrupted)) == "text/html"
    assert failures.bad_request(rf.get("/admin/"), SessionInterrupted()).status_code == 400


def test_a_database_that_is_away_is_told_on_pages_that_need_nobody(monkeypatch, db):
    def away(*args, **kwargs):
        raise wrapped(psycopg.OperationalError("connection refused"))

    browser = Client(raise_request_exception=False)
    browser.cookies["sessionid"] = "a" * 32
    with monkeypatch.context() as broken:
        broken.setattr("django.db.backends.utils.CursorWrapper.execute", away)
        broken.setattr("loyalty_site.lib.sql.Session.run_first", away)
        assert told(browser.get("/admin/")) == "text/html"
        headers = {"Authorization": "Bearer lk_a_b"}
        assert told(browser.get("/api/v1/programs/", headers=headers)) == "application/problem+json"


def test_a_lock_that_others_hold_too_long(shop, transactional_db):
    """The writer of SQLite, or a row of PostgreSQL."""
    held, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            list(factories.Program.objects.select_for_update())
            held.set()
            done.wait(60)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(60)
    try:
        with connection.cursor() as cursor:
            is_postgresql = connection.vendor == "postgresql"
            cursor.execute("SET lock_timeout = '200ms'" if is_postgresql else "PRAGMA busy_timeout = 200")
        answer = sent(shop, "POST", "/api/v1/members/", b'{"first_name": "Ada"}')
        assert told(answer) == "application/problem+json"
        assert answer["Retry-After"] == "2"
    finally:
        done.set()
        holder.join()
        connection.close()
