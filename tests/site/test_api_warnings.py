"""What is surely wrong over HTTP: warnings that are told again, or a problem where the program is strict."""

from pathlib import Path

import pytest
from django.conf import settings

from loyalty_site.lib import problems
from tests.support.api_life import bought, purchase, spend
from transactions.models import Journal

pytestmark = pytest.mark.django_db

GUIDE = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()


def turn(club, **fields):
    for name, value in fields.items():
        setattr(club, name, value)
    club.save()


def without_amount(**fields):
    body = purchase(**fields)
    del body["amount"]
    return body


def codes(said):
    return [warning["code"] for warning in said.get("warnings", [])]


def test_a_purchase_without_an_amount_is_taken_with_a_warning_that_is_told_again(shop, club, ada):
    answer = shop.post("transactions/", without_amount())
    assert answer.status_code == 201
    [warning] = answer.said["warnings"]
    assert (warning["code"], warning["field"]) == ("amount_missing", "amount")
    assert "send 0 where nothing was paid" in warning["detail"]
    again = shop.post("transactions/", without_amount())
    assert (again.status_code, again.said) == (200, answer.said | {"status": "replayed"})
    told = shop.get(f"transactions/{answer.said['id']}/").said
    assert told["warnings"] == answer.said["warnings"]


def test_what_is_right_has_no_warnings(shop, ada):
    answer = shop.post("transactions/", purchase(amount="0.00"))
    assert (answer.status_code, "warnings" in answer.said) == (201, False)
    assert shop.get(f"transactions/{answer.said['id']}/").said["warnings"] == []


def test_a_misspelt_activity_is_warned_of_in_a_batch_and_a_dry_run(shop, ada):
    wrong = purchase("order-2", activity="purchse")
    batch = shop.post("transactions/", [purchase(), wrong]).said
    assert [codes(result) for result in batch["results"]] == [[], ["activity_unknown"]]
    assert codes(shop.post("transactions/?dry_run=1", purchase("order-3", activity="purchse")).said) == [
        "activity_unknown"
    ]


def test_an_unknown_channel_of_a_redemption_is_warned_of(shop, club, ada):
    turn(club, channels="web, store")
    bought(shop)
    assert codes(shop.post("redemptions/", spend(channel="wbe")).said) == ["channel_unknown"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (without_amount(), "amount_missing", "amount"),
        (purchase(activity="purchse"), "activity_unknown", "activity"),
        (purchase(channel="wbe"), "channel_unknown", "channel"),
    ],
)
def test_a_strict_program_answers_with_a_problem(shop, club, ada, body, code, field):
    turn(club, strictness="refuse", channels="web, store")
    answer = shop.post("transactions/", body)
    assert (answer.status_code, answer.said["code"]) == (422, code)
    assert answer.said["errors"][0]["pointer"] == f"#/{field}"
    [result] = shop.post("transactions/", [body]).said["results"]
    assert (result["status"], result["problem"]["code"]) == ("refused", code)
    assert not Journal.objects.exists()


THREE = [("amount", "amount_missing"), ("activity", "activity_unknown"), ("channel", "channel_unknown")]


def placed(problem):
    return [(error["pointer"].rpartition("/")[2], error["code"]) for error in problem["errors"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (purchase(activity="purchse", channel="wbe"), THREE[1:]),
        (without_amount(channel="wbe"), [THREE[0], THREE[2]]),
        (purchase(channel="wbe"), THREE[2:]),
    ],
)
@pytest.mark.parametrize("query", ["", "?dry_run=1"])
def test_a_strict_program_names_all_that_is_wrong_at_once(shop, club, ada, body, expected, query):
    turn(club, strictness="refuse", channels="web, store")
    answer = shop.post(f"transactions/{query}", body)
    assert (answer.status_code, answer.said["code"]) == (422, expected[0][1])
    assert placed(answer.said) == expected
    right = purchase("order-2", channel="web")
    batch = shop.post(f"transactions/{query}", [right, body]).said
    assert [result["status"] for result in batch["results"]] == ["computed" if query else "posted", "refused"]
    problem = batch["results"][1]["problem"]
    assert (problem["status"], placed(problem)) == (422, expected)
    assert {error["pointer"].split("/")[1] for error in problem["errors"]} == {"1"}


def test_what_is_refused_for_several_reasons_is_answered_again_under_its_key(shop, club, ada):
    turn(club, strictness="refuse", channels="web, store")
    wrong = purchase(activity="purchse", channel="wbe")
    first = shop.post("transactions/", wrong, idempotency_key="till-7")
    turn(club, channels="web, store, wbe")
    again = shop.post("transactions/", wrong, idempotency_key="till-7")
    assert (again.status_code, again.said) == (422, first.said)


def test_the_guide_and_the_problems_have_every_code_of_a_warning():
    for code, meaning in problems.WARNINGS.items():
        assert f"| `{code}` | {meaning} |" in GUIDE
    assert problems.WARNINGS.keys() <= problems.KINDS.keys()
