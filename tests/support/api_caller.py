"""A partner's system that calls the API, and holds every answer against the schema."""

import json
import re
from functools import cache

from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from partners import keys
from partners.models import Connection

ROOT = "/api/v1/"
ALL_SCOPES = ["read", "enrol", "earn", "burn", "adjust", "hooks", "personal"]


class Caller:
    """`partner`'s system; its methods return Django's response, with the JSON in `.said`."""

    def __init__(self, partner, scopes=ALL_SCOPES, *, name="System"):
        self.connection, _ = Connection.objects.get_or_create(partner=partner, name=name)
        self.key, self.text = keys.issue(self.connection, name=name, scopes=scopes)
        self.client = Client()
        # Made here, once: drf-spectacular cannot make it in several threads that call at the same moment.
        _strict()

    def get(self, path, **query):
        return self.call("GET", path, query=query)

    def post(self, path, value=None, *, idempotency_key=None, **query):
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key is not None else {}
        raw = b"" if value is None else json.dumps(value).encode()
        return self.call("POST", path, raw, query=query, **headers)

    def call(self, method, path, raw=b"", *, kind="application/json", query=None, **headers):
        headers = {"Authorization": f"Bearer {self.text}"} | headers
        where = path if path.startswith("/") else ROOT + path
        response = self.client.generic(
            method, where, raw, content_type=kind, headers=headers, query_params=query or None
        )
        response.said = json.loads(response.content) if response.content else None
        conform(method, where.split("?")[0], response)
        return response


@cache
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


@cache
def _strict():
    """The schema, with nothing allowed that it does not name: what we answer must be described in full."""
    described = json.loads(json.dumps(schema(), default=str))
    for component in described["components"]["schemas"].values():
        component.setdefault("additionalProperties", False)
    return Registry().with_resource("urn:api", DRAFT202012.create_resource(described))


@cache
def _patterns():
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operations) for path, operations in schema()["paths"].items()
    ]


def conform(method, path, response):
    """Fail when the answer is not what the schema says of this operation."""
    assert response.status_code < 500, response.content
    assert response["X-Request-Id"]
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json"
        check({"$ref": "#/components/schemas/Problem"}, response.said)
        assert response.said["status"] == response.status_code
        return
    if path == "/api/v1/":
        return  # The list of addresses stands beside what it lists.
    if response.status_code == 204:
        assert not response.content
    # The exact address goes before one with a number in it.
    fit = [operations for pattern, operations in _patterns() if pattern.fullmatch(path)]
    operation = min(fit, key=len)[method.lower()] if len(fit) == 1 else schema()["paths"][path][method.lower()]
    answer = operation["responses"][str(response.status_code)]
    if "content" not in answer:
        return
    check(answer["content"]["application/json"]["schema"], response.said)


def check(drawn, value):
    text = json.loads(json.dumps(drawn).replace('"#/', '"urn:api#/'))
    errors = list(Draft202012Validator(text, registry=_strict()).iter_errors(value))
    assert not errors, [(list(error.path), error.message[:300]) for error in errors]
