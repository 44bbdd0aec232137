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
        "checks": {"database": "ok", "migrations": "ok", "broker": "ok"},
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
