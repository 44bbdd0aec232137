"""What the schema allows is taken, and what it forbids is refused: random requests, made from the committed schema.

What JSON Schema cannot say, or says of each value alone where the rule is about several, is listed here; the schema
tells it in words.
"""

import re
from urllib.parse import parse_qs, urlsplit

import hypothesis
import pytest
import schemathesis
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi import checks

from loyalty_site.wsgi import application
from tests.support import factories

pytestmark = [pytest.mark.django_db, pytest.mark.few_examples, pytest.mark.slow]
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.positive_data_acceptance,
    checks.negative_data_rejection,
]
SCHEMA = schemathesis.openapi.from_path(settings.BASE_DIR / "docs" / "openapi.yaml")
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}

#: Refusals for rules of several values together, of years, and of what only exists or not.
IN_WORDS = {
    "field_missing",  # a reversal of a part needs a name
    "invalid_amount",  # tax and shipping are parts of the amount
    "invalid_attributes",  # so long when they are written
    "invalid_cursor",  # only links that were answered
    "invalid_day",  # years
    "invalid_instant",  # years
    "invalid_value",  # e-mail, phone, the name of a company
    "member_missing",  # one identifier of several
    "reason_missing",
}
#: Whether anything of a text is seen, and how many decimals a money has.
UNDRAWN = ("Blanks alone", "Send it once, as at most", "At most 2 decimals")


def is_in_words(error, case):
    if error["code"] in IN_WORDS or error["detail"].startswith(UNDRAWN):
        return True
    # JSON Schema takes 5.0 for a whole number, and does not tell 1e5 from 100000.
    return error["code"] == "invalid_number" and has_fraction(case.body)


def has_fraction(value):
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, float) or any(map(has_fraction, parts))


def is_told(response, case):
    """Whether a refusal of what the schema allows is for a rule that it tells in words, or about what is stored."""
    problem = response.json()
    errors = problem.get("errors", [])
    return response.status_code == 422 or (bool(errors) and all(is_in_words(error, case) for error in errors))


@pytest.fixture
def asked(shop, club, ada, somewhere):
    """A function that sends a case, and checks the answer; what it does is taken back."""
    club.currencies.filter(code="points").update(transfers=True)
    club.touch(club.pk)
    factories.store(club.owner)
    factories.post_one(club, factories.purchase(ada, 200_000), via=shop.connection)
    headers = {"Authorization": f"Bearer {shop.text}", "Accept-Encoding": "identity"}
    for signal in (request_started, request_finished):
        # The connection is that of the test, with its transaction.
        signal.disconnect(close_old_connections)

    def ask(case):
        with transaction.atomic():
            response = case.call(headers=headers, base_url="http://localhost", app=application)
            transaction.set_rollback(True)
        try:
            case.validate_response(response, checks=CHECKS)
        except BaseExceptionGroup as group:
            left = [one for one in group.exceptions if not _is_excused(one, response, case)]
            if left:
                raise group.derive(left) from None

    yield ask
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _is_excused(failure, response, case):
    if isinstance(failure, AcceptedNegativeData):
        return has_lost_what_was_wrong(failure, response, case)
    return isinstance(failure, RejectedPositiveData) and is_told(response, case)


#: What is wrong with a case and does not arrive: a key is always sent, a parameter without a value is left out.
LOST = ("query: violates `additionalProperties`", "header: violates `required` (was Authorization)")


def has_lost_what_was_wrong(failure, response, case):
    wrong = re.findall(r"- ((?:query|header|body|path)\w*: .*)", failure.message)
    sent = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    known = {parameter.name for parameter in case.operation.query}
    return bool(wrong) and set(wrong) <= set(LOST) and sent.keys() <= known


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_the_schema_says_what_is_taken_and_what_is_not(asked, settings, mode):
    settings.API_REQUESTS_PER_MINUTE = 10**6
    for operation in OPERATIONS.values():

        @hypothesis.settings(
            max_examples=max(3, hypothesis.settings.default.max_examples // 33),
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def hold(case):
            asked(case)

        hold()
