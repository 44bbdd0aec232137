import resource
import sqlite3

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from loyalty_site import health


def test_alive_without_a_database(client):
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_ready_when_everything_answers(client):
    response = client.get("/health/ready")
    assert response.json() == {
        "status": "ready",
        "checks": {"database": "ok", "writing": "ok", "migrations": "ok", "broker": "ok"},
    }
    assert response.status_code == 200


@pytest.mark.django_db
def test_not_ready_while_a_migration_is_pending(client):
    MigrationRecorder(connection).migration_qs.filter(app="sessions").delete()
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["migrations"] == "1 pending"


@pytest.mark.django_db
def test_not_ready_without_a_broker(client, settings):
    settings.REDIS_URL = "redis://:hunter2@127.0.0.1:1/0"
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["broker"] == "OperationalError"


@pytest.mark.django_db
def test_not_ready_when_the_broker_folder_cannot_be_written(client, settings, tmp_path):
    settings.REDIS_URL = ""
    settings.BROKER_DIR = tmp_path / "gone"
    assert client.get("/health/ready").json()["checks"]["broker"] == "folder not writable"


def test_the_reason_stays_in_the_log(monkeypatch, caplog):
    def fail():
        raise RuntimeError("password=hunter2")

    assert health.state_of("database", fail) == "RuntimeError"
    assert "hunter2" in caplog.text


def test_asked_over_http_behind_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/health/live").status_code == 200
    assert client.get("/admin/").status_code == 301


def test_nothing_can_be_sent_to_it(client):
    assert client.post("/health/live").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_not_ready_when_the_database_only_reads(client, monkeypatch):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        expected = "read-only"
    else:
        real = sqlite3.connect
        monkeypatch.setattr(
            "loyalty_site.health.sqlite3.connect",
            lambda path, **options: real(f"file:{path}?mode=ro", uri=True, **options),
        )
        expected = "OperationalError"
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["writing"] == expected
    assert response.json()["checks"]["database"] == "ok"
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_ready_while_somebody_else_writes(client):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has many writers")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert client.get("/health/ready").json()["checks"]["writing"] == "ok"
    other.close()


def test_not_ready_when_a_folder_takes_no_more(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    health.folder_takes_writes(tmp_path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            health.folder_takes_writes(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.django_db
def test_not_ready_when_the_server_of_the_database_has_no_room_for_files(client):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite writes into the folder itself")
    with connection.cursor() as cursor:
        cursor.execute("SET temp_file_limit = 0")
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["checks"]["writing"]) == (503, "OperationalError")
