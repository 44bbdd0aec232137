"""A browser runs only what we serve: every answer says so, and no page needs more than it may."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from loyalty_site.lib.admin import site
from tests.support.admin_pages import FOR_STRANGERS, REFUSED, SENT_ON, pages
from tests.support.signing_in import attempt

pytestmark = pytest.mark.django_db
#: What a page would run that stands in it: scripts without an address, what elements do at an event, code as address.
INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<[a-z][^>]*\son[a-z]+=|javascript:", re.I)
STYLES = re.compile(r"<style|<[a-z][^>]*\sstyle=", re.I)


def policy(response):
    parts = [part.strip().split(" ") for part in response["Content-Security-Policy"].split(";")]
    return {name: set(sources) for name, *sources in parts}


STRICT = {
    "default-src": {"'none'"},
    "object-src": {"'none'"},
    "base-uri": {"'none'"},
    "frame-ancestors": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "img-src": {"'self'", "data:"},
    "font-src": {"'self'"},
    "connect-src": {"'self'"},
    "form-action": {"'self'"},
}
DATA = {name: {"'none'"} for name in ("default-src", "base-uri", "frame-ancestors", "form-action")}
ADMIN = STRICT | {"script-src": {"'self'", "'unsafe-eval'"}, "style-src": {"'self'", "'unsafe-inline'"}}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/", STRICT),
        ("/nowhere/", STRICT),
        ("/static/api/problems.css", STRICT),
        ("/api/docs/", STRICT),
        ("/api/docs/?script=", STRICT),
        ("/api/docs/problems/", STRICT),
        ("/api/docs/problems/not_found/", STRICT),
        ("/api/docs/problems/nothing/", STRICT),
        ("/api/v1/schema/", DATA),
        ("/api/v1/members/1/", DATA),
        ("/api/v1/nowhere/", DATA),
        ("/health/live", DATA),
        ("/health/ready", DATA),
        ("/admin/", ADMIN),
        ("/admin/login/", ADMIN),
        ("/admin/nowhere/", ADMIN),
    ],
)
def test_every_answer_says_what_may_run(client, address, expected):
    assert policy(client.get(address)) == expected


def test_so_do_refusals_before_anybody_knows_the_address(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert policy(client.post("/api/v1/members/")) == DATA
    assert policy(client.post("/admin/login/")) == ADMIN
    assert policy(client.get("/admin/")) == ADMIN
    assert policy(client.get("/api/v1/programs/", headers={"Host": "elsewhere.example.com"})) == DATA


def test_so_does_a_failure_of_ours(client, monkeypatch, boss):
    def fail(*args, **kwargs):
        raise RuntimeError

    client.raise_request_exception = False
    client.force_login(boss)
    monkeypatch.setattr(site, "each_context", fail)
    response = client.get("/admin/")
    assert (response.status_code, policy(response)) == (500, ADMIN)


@pytest.mark.slow
def test_nothing_of_the_admin_is_run_from_its_pages(client, boss, lively_shop):
    client.force_login(boss)
    seen = 0
    for page in pages():
        response = page.get(Client() if page.name in FOR_STRANGERS else client)
        assert policy(response) == ADMIN, page.name
        if page.name not in SENT_ON | REFUSED and response["Content-Type"].startswith("text/html"):
            assert INLINE.findall(response.content.decode()) == [], page.name
            seen += 1
    assert seen > 100


def closed(client):
    for _ in range(5):
        attempt(client, "nobody", "a guess")
    return attempt(client, "nobody", "a guess")


def forged(client):
    return attempt(Client(enforce_csrf_checks=True), "boss", "a guess")


@pytest.mark.parametrize(("refused", "status"), [(closed, 429), (forged, 403)])
def test_nor_from_pages_that_refuse_and_they_are_ours(client, refused, status):
    response = refused(client)
    page = response.content.decode()
    assert (response.status_code, policy(response)) == (status, ADMIN)
    assert INLINE.findall(page) == []
    assert "loyalty/loyalty.css" in page


@pytest.mark.parametrize("name", ["api-docs", "api-problems"])
def test_pages_beside_the_admin_have_no_styles_inside_either(client, name):
    page = client.get(reverse(name)).content.decode()
    assert INLINE.findall(page) + STYLES.findall(page) == []


def test_pages_for_developers_are_left_to_them(client, monkeypatch):
    monkeypatch.setattr(settings, "DEBUG", True)
    assert "Content-Security-Policy" not in client.get("/nowhere/")
    assert policy(client.get("/admin/login/")) == ADMIN
