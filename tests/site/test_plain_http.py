"""Where HTTPS is on, what comes over HTTP is refused with a reason, unless a browser only opens a page."""

import pytest

from tests.support.api_life import purchase

pytestmark = pytest.mark.usefixtures("nothing_written")


@pytest.fixture(autouse=True)
def _https(settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def test_a_purchase_is_refused_where_it_would_be_sent_on_without_its_body(shop):
    answer = shop.post("transactions/", purchase())
    assert (answer.status_code, answer.said["code"]) == (403, "https_required")
    assert "https://" in answer.said["detail"]
    assert "in the clear" in answer.said["detail"]


def test_so_is_a_key_that_only_reads(shop):
    assert shop.get("transactions/").said["code"] == "https_required"


def test_a_form_is_refused_in_words(client):
    answer = client.post("/admin/login/", {"username": "ada", "password": "s3cret"})
    assert (answer.status_code, answer["Content-Type"]) == (403, "text/plain; charset=utf-8")
    assert answer.content.startswith(b"Forbidden: Nothing was done: this came over HTTP.")


def test_a_page_is_opened_over_https_instead(client):
    answer = client.get("/admin/?q=ada")
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/admin/?q=ada")


def test_over_https_nothing_of_this_matters(shop, client):
    secure = {"X-Forwarded-Proto": "https"}
    assert shop.call("GET", "transactions/", **secure).status_code == 200
    assert client.post("/admin/login/", {}, headers=secure).status_code == 200


def test_health_answers_over_http(client):
    assert client.get("/health/live").status_code == 200
    assert client.post("/health/live").status_code == 405
