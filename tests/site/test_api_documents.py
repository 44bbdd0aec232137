"""Are the schema, the guide and the table of problems what the code does?"""

import ast
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.urls import get_resolver

from loyalty_site.lib import problems
from programs.models import Currency
from tests.support import factories
from tests.support.api_caller import ROOT, Caller, schema
from tests.support.promoting import promotion
from tests.test_architecture import FILES, tree_of

ROOT_DIR = Path(settings.BASE_DIR)
GUIDE = (ROOT_DIR / "docs" / "api.md").read_text()
EXAMPLE = re.compile(r"```sh\n(curl .*?)```\n```json (\d+)\n(.*?)```", re.S)


def test_the_committed_schema_is_that_of_the_code():
    committed = yaml.safe_load((ROOT_DIR / "docs" / "openapi.yaml").read_text())
    present = json.loads(json.dumps(schema()))
    assert committed == present, "run: manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"


def test_every_address_is_in_the_schema_and_in_the_guide():
    addresses = [
        re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))
        for pattern in get_resolver("loyalty_site.api").url_patterns
        if str(pattern.pattern)
    ]
    assert {f"{ROOT}{address}" for address in addresses} == set(schema()["paths"])
    for path, operations in schema()["paths"].items():
        address = re.sub(r"{(\w+)}", lambda found: found[1].upper(), path.removeprefix(ROOT))
        for method, operation in operations.items():
            assert f"{method.upper()} {address}" in GUIDE
            scope = re.search(r"Scope of the key: `(\w+)`", operation["description"])[1]
            assert re.search(rf"`{method.upper()} {address}[^`]*` \| `{scope}`", GUIDE)


def test_each_operation_that_takes_a_body_has_an_example_that_is_read():
    for operations in schema()["paths"].values():
        for method, operation in operations.items():
            if method == "post":
                content = operation["requestBody"]["content"]["application/json"]
                assert content["examples"], operation["operationId"]


def constants(node):
    return node.value if isinstance(node, ast.Constant) else None


def codes_of(path):
    """Codes of the refusals that a module may raise or return."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
            "Refusal",
            "unlike",
        ):
            yield constants(node.args[0]) if node.args else None
        if isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "Refused" for base in node.bases):
            yield from (constants(line.value) for line in node.body if isinstance(line, ast.Assign))


def test_every_refusal_of_the_code_is_in_the_table():
    """What staff meet in the admin or in an import only never comes over HTTP."""
    elsewhere = {"invalid_document", "refused"}
    elsewhere |= {"own_membership", "own_request", "not_approver", "already_decided", "approval_unknown"}
    elsewhere |= {"overdraw_not_allowed"}
    # The night meets them, and counts them.
    elsewhere |= {"birthday_too_new", "birthday_changed", "given_by_the_group"}
    # Pages and commands about ladders, and about the night that comes.
    elsewhere |= {"day_is_over", "day_too_far", "no_nights", "job_under_way", "ladder_counts_nothing"}
    elsewhere |= {"list_not_complete", "nobody_waits", "not_decider", "not_on_the_list", "program_is_draft"}
    elsewhere |= {"request_stale", "request_waiting", "would_lose"}
    # Pages and commands about promotions.
    elsewhere |= {"not_measured", "promotion_state", "wrong_codes"}
    # Opening balances come by files.
    elsewhere |= {"already_ended", "no_arrears", "tier_unknown"}
    found = {
        code
        for path in FILES
        if (path.parts[0] != "loyalty_site" or path.name == "api.py") and not {"imports", "admin"} & set(path.parts)
        for code in codes_of(path)
        if isinstance(code, str)
    }
    assert "insufficient_points" in found
    missing = found - set(problems.KINDS) - set(problems.ERRORS) - elsewhere
    assert not missing, "say in loyalty_site/lib/problems.py what these mean over HTTP"
    assert not set(problems.KINDS) & set(problems.ERRORS)


def test_the_guide_has_the_table_of_problems():
    for code, kind in problems.KINDS.items():
        kept = "yes" if kind.is_kept else ""
        assert f"| {kind.status} | `{code}` | {kind.title} | {kind.advice} | {kept} |" in GUIDE
    for code, meaning in problems.ERRORS.items():
        assert f"| `{code}` | {meaning} |" in GUIDE


def fits(told, expected, known, place="$"):
    """Hold an answer against an example: "…" stands for anything, "$NAME" for a value to remember."""
    if expected == "…":
        return
    if isinstance(expected, str) and expected.startswith("$"):
        assert known.setdefault(expected[1:], told) == told, place
    elif isinstance(expected, dict):
        assert isinstance(told, dict), place
        missing = set(expected) - set(told)
        assert not missing, (place, missing)
        for name, value in expected.items():
            fits(told[name], value, known, f"{place}.{name}")
    elif isinstance(expected, list):
        assert len(told) == len(expected), place
        for n, (one, other) in enumerate(zip(told, expected, strict=True)):
            fits(one, other, known, f"{place}[{n}]")
    else:
        assert told == expected, (place, told, expected)


def curl(command, shop):
    """Send what a curl command line says."""
    _, address, *words = shlex.split(command)
    headers, raw, method = {}, b"", "GET"
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option == "-H":
            name, _, text = value.partition(": ")
            headers[name] = text
        elif option == "-X":
            method = value
        elif option == "-d":
            raw, method = value.encode(), "POST"
    path, _, query = address.removeprefix("API/").partition("?")
    kind = headers.pop("Content-Type", "")
    parameters = dict(pair.split("=", 1) for pair in query.split("&") if pair)
    return shop.call(method, path, raw, kind=kind, query=parameters, **headers)


@pytest.mark.django_db
def test_the_examples_of_the_guide_are_what_happens(somewhere):
    club = factories.program("club", owner=factories.partner("shop"))
    factories.store(club.owner, "lyon")
    Currency.objects.filter(program=club, code="points").update(transfers=True)
    type(club).touch(club.pk)
    terms = "40 points with a code from the leaflet."
    promotion(club, "tea_time", "40", name="Tea time", description=terms, opt_in=True, uses_per_code=1)
    shop = Caller(club.owner)
    known = {"API": "API", "KEY": shop.text}
    examples = EXAMPLE.findall(GUIDE)
    assert len(examples) == GUIDE.count("```sh") == 39
    for command, status, expected in examples:
        filled = re.sub(r"\$(\w+)", lambda found: str(known[found[1]]), command)
        answer = curl(filled, shop)
        assert answer.status_code == int(status), (command, answer.said)
        fits(answer.said, json.loads(expected), known)
