import pytest
from django.core.checks import run_checks
from django.db import connection

from loyalty_site import checks


def ids(found):
    return [message.id for message in found if message.id.startswith("loyalty.")]


def test_the_defaults_are_fine():
    assert ids(run_checks()) == []


def test_debug_in_public_is_refused(settings):
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["localhost"]
    assert ids(run_checks()) == []
    settings.ALLOWED_HOSTS = ["loyalty.example.com", "localhost"]
    assert ids(run_checks()) == ["loyalty.E001"]
    settings.ALLOWED_HOSTS, settings.HTTPS = [], True
    assert ids(run_checks()) == ["loyalty.E001"]


def test_an_example_key_is_refused_without_debug(settings):
    settings.SECRET_KEY = "django-insecure-" + "x" * 50
    assert ids(run_checks()) == ["loyalty.E002"]
    settings.DEBUG, settings.ALLOWED_HOSTS = True, []
    assert ids(run_checks()) == []


def test_a_key_of_one_machine_is_refused_for_several(settings, monkeypatch, tmp_path):
    settings.VAR_DIR = tmp_path
    (tmp_path / "secret_key").write_text(settings.SECRET_KEY)
    monkeypatch.setattr(checks, "may_span_machines", lambda: True)
    assert ids(checks.the_key_is_shared(None)) == ["loyalty.E003"]
    settings.SECRET_KEY = "another"
    assert checks.the_key_is_shared(None) == []


@pytest.mark.parametrize(
    ("spans", "processes", "redis", "warned"),
    [(False, 1, "", False), (False, 2, "", True), (True, 1, "", True), (True, 4, "redis://r", False)],
)
def test_tasks_that_stay_on_one_machine_are_named(settings, monkeypatch, spans, processes, redis, warned):
    monkeypatch.setattr(checks, "may_span_machines", lambda: spans)
    settings.WEB_PROCESSES, settings.REDIS_URL = processes, redis
    assert bool(checks.tasks_reach_every_machine(None)) == warned


@pytest.mark.django_db
def test_a_database_that_forgets_is_named():
    if connection.vendor != "postgresql":
        assert checks.commits_are_durable(None, databases=["default"]) == []
        return
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    found = checks.commits_are_durable(None, databases=["default"])
    assert any("synchronous_commit" in message.msg for message in found)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
    found = checks.commits_are_durable(None, databases=["default"])
    assert not any("synchronous_commit" in message.msg for message in found)


def test_nothing_is_asked_of_a_database_that_was_not_named():
    assert checks.commits_are_durable(None, databases=None) == []


def test_a_proxy_whose_addresses_are_not_read_is_told(settings):
    settings.HTTPS, settings.PROXIES = True, 0
    assert ids(checks.addresses_are_known(None)) == ["loyalty.W003"]
    settings.PROXIES = 1
    assert checks.addresses_are_known(None) == []
