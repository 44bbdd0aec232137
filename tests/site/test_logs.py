import json
import logging

import pytest
from django.test import RequestFactory

from loyalty_site.lib.logs import JsonFormatter, request_id


def line(message, *args, exc_info=None, **extra):
    record = logging.LogRecord("loyalty.test", logging.INFO, __file__, 1, message, args, exc_info)
    vars(record).update(extra)
    return json.loads(JsonFormatter().format(record))


def test_a_line_is_json_with_the_request():
    token = request_id.set("abc-12345")
    try:
        written = line("posted %s", 3, journal_id=7)
    finally:
        request_id.reset(token)
    assert written["message"] == "posted 3"
    assert written["request_id"] == "abc-12345"
    assert written["journal_id"] == 7
    assert written["time"].endswith("+00:00")


def test_a_line_break_cannot_forge_a_second_line():
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "a\n{}", (), None)
    assert "\n" not in JsonFormatter().format(record)


def test_objects_stay_out():
    assert "body" not in line("x", body={"email": "a@example.com"})


def test_the_path_of_a_failed_request_stays_out():
    request = RequestFactory().get("/hooks/s3cret-token/?email=a@example.com")
    request.resolver_match = None
    assert line("Internal Server Error: %s", request.path, request=request)["message"] == (
        "Internal Server Error: (no route)"
    )


def test_the_values_of_a_database_error_stay_out():
    words = "duplicate key\nDETAIL:  Key (email)=(a@example.com) already exists.\nmore"
    try:
        raise ValueError(words)
    except ValueError as trouble:
        written = line("failed", exc_info=(type(trouble), trouble, trouble.__traceback__))
    assert "example.com" not in written["exception"]
    assert "duplicate key" in written["exception"]
    assert "more" in written["exception"]


@pytest.mark.django_db
def test_each_request_has_an_id_and_a_line(client, caplog):
    with caplog.at_level(logging.INFO, "loyalty.request"):
        response = client.get("/admin/login/?next=/secret/")
    assert len(response["X-Request-Id"]) == 32
    assert caplog.messages == ["GET /admin/login/ 200"]
    assert not request_id.get()


def test_a_given_id_is_kept_unless_it_could_do_harm(client):
    assert client.get("/health/live", headers={"X-Request-Id": "till-4.2026_1"})["X-Request-Id"] == "till-4.2026_1"
    for bad in ("short", "x" * 65, 'quote"quote', "a b c d e f"):
        assert client.get("/health/live", headers={"X-Request-Id": bad})["X-Request-Id"] != bad


def test_healthy_probes_leave_no_line(client, caplog):
    with caplog.at_level(logging.INFO, "loyalty.request"):
        client.get("/health/live")
    assert not caplog.messages


def test_an_unknown_path_is_logged_without_the_path(client, caplog):
    with caplog.at_level(logging.INFO, "loyalty.request"):
        client.get("/a@example.com")
    assert caplog.messages == ["GET (no route) 404"]
