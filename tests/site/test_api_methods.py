"""An address that does not take a method says which ones it takes, exactly those of the schema."""

import re

import pytest
from django.urls import get_resolver

from tests.support.api_caller import ROOT, schema

pytestmark = pytest.mark.django_db
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]
OFFERED = {path: {method.upper() for method in operations} for path, operations in schema()["paths"].items()}
#: What is beside the schema.
BESIDE = {ROOT: {"GET"}, f"{ROOT}schema/": {"GET"}, "/api/docs/": {"GET"}, "/api/docs/problems/": {"GET"}}
BESIDE |= {"/api/docs/problems/not_found/": {"GET"}, "/health/live": {"GET"}, "/health/ready": {"GET"}}
UNKNOWN = [
    (path, method) for path, offered in (OFFERED | BESIDE).items() for method in METHODS if method not in offered
]


@pytest.mark.parametrize(("path", "method"), UNKNOWN)
def test_every_other_method_is_405_with_what_is_allowed(shop, path, method):
    offered = (OFFERED | BESIDE)[path]
    where = re.sub(r"{\w+}", "1", path)
    headers = {"Authorization": f"Bearer {shop.text}"}
    # Whatever it asks: that is for another method to understand.
    answer = shop.client.generic(method, f"{where}?page_size=0&bogus=1", b"", headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert set(answer["Allow"].split(", ")) == offered | ({"HEAD"} if "GET" in offered else set())
    assert answer.json()["code"] == "method_not_allowed"


def test_every_address_of_the_api_was_asked():
    served = {f"{ROOT}{pattern.pattern}" for pattern in get_resolver("loyalty_site.api").url_patterns}
    assert len(served - {ROOT}) == len(OFFERED)


def test_where_something_is_read_head_is_answered_without_a_body(shop, ada):
    headers = {"Authorization": f"Bearer {shop.text}"}
    answer = shop.client.head(f"{ROOT}members/{ada.number}/", headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
