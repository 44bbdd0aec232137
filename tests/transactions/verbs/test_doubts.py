"""What is surely wrong is taken with a warning that a repetition tells again, or refused: as the program says."""

from datetime import timedelta

import pytest
from django.utils import timezone

from partners.activity import Activity
from partners.stored import load
from tests.support import factories
from tests.support.expiring import expiry
from tests.support.factories import post, post_one, purchase, redemption, reversal
from transactions.models import Journal
from transactions.reviews import decisions

pytestmark = pytest.mark.usefixtures("books_balance")

AMOUNT, ACTIVITY, CHANNEL = "amount_missing", "activity_unknown", "channel_unknown"


def did(who, kind="purchase", external_id="a", **fields):
    return Activity(kind, external_id, {"number": who.number}, **fields)


def turn(made, **fields):
    for name, value in fields.items():
        setattr(made, name, value)
    made.save()


def warned(result):
    return [(one["code"], one["field"]) for one in result.answer.get("warnings", [])]


@pytest.fixture
def strict(made):
    turn(made, strictness="refuse", channels="web, store")
    return made


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [(AMOUNT, "amount")]),
        ({"amount": 0}, []),
        ({"amount": 1000}, []),
        ({"kind": "visit"}, []),
        ({"kind": "review"}, []),
        ({"kind": "purchse", "amount": 1000}, [(ACTIVITY, "activity")]),
        ({"amount": 1000, "channel": "wbe"}, [(CHANNEL, "channel")]),
        ({"amount": 1000, "channel": "web"}, []),
        ({"channel": "wbe"}, [(AMOUNT, "amount"), (CHANNEL, "channel")]),
    ],
)
def test_what_is_surely_wrong_is_taken_with_a_warning(made, who, fields, expected):
    turn(made, channels="web, store")
    result = post_one(made, did(who, **fields))
    assert (result.status, warned(result)) == ("posted", expected)
    assert "warnings" in result.answer or not expected


def test_a_warning_says_what_to_do(made, who):
    [warning] = post_one(made, did(who, "purchse", amount=1000)).answer["warnings"]
    assert warning["detail"] == (
        "No rule, cap or list of the program knows the activity “purchse”; did you mean purchase?"
    )
    [warning] = post_one(made, did(who, "zzz", "b")).answer["warnings"]
    assert warning["detail"].endswith("add it to the further activities of the program if it is meant.")


def test_a_repetition_tells_the_same_warnings_whatever_the_program_says_now(made, who):
    first = post_one(made, did(who))
    turn(made, strictness="refuse")
    again = post_one(made, did(who))
    assert (again.status, again.answer) == ("replayed", first.answer)
    assert Journal.objects.get(pk=first.journal_id).answer["warnings"] == first.answer["warnings"]


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({}, AMOUNT, "amount"),
        ({"kind": "purchse", "amount": 1000}, ACTIVITY, "activity"),
        ({"amount": 1000, "channel": "wbe"}, CHANNEL, "channel"),
    ],
)
def test_a_strict_program_refuses_it_and_writes_nothing(strict, who, fields, code, field):
    [result] = post(strict, did(who, **fields))
    assert (result.status, result.refusal.code, result.refusal.field) == ("refused", code, field)
    assert not Journal.objects.exists()
    [dry] = post(strict, did(who, **fields), dry_run=True)
    assert dry.refusal.code == code


def test_a_strict_program_takes_all_that_is_right(strict, who):
    for number, fields in enumerate([{"amount": 0}, {"kind": "visit"}, {"amount": 1000, "channel": "web"}]):
        assert post_one(strict, did(who, external_id=f"a-{number}", **fields)).status == "posted"


def test_one_doubtful_item_never_spoils_the_others_of_a_batch(strict, who):
    results = post(strict, did(who), did(who, external_id="b", amount=1000))
    assert [result.status for result in results] == ["refused", "posted"]


def test_a_redemption_by_an_unknown_channel_is_warned_of_or_refused(made, who):
    turn(made, channels="web, store")
    post_one(made, purchase(who, 10000))
    assert warned(post_one(made, redemption(who, 5, channel="wbe"))) == [(CHANNEL, "channel")]
    assert warned(post_one(made, redemption(who, 5, channel="web"))) == []
    turn(made, strictness="refuse")
    assert post(made, redemption(who, 5, channel="wbe"))[0].refusal.code == CHANNEL


def test_the_program_knows_the_activities_of_its_rules_lists_and_terms(made, who):
    factories.rule(made, "survey", "fixed", {"points": "5", "events": "survey"}, is_active=False)
    made.currencies.filter(code="points").update(pending_event="delivered")
    expiry(made, model="activity", counts="purchase, log_in")
    turn(made, activities="newsletter, app_opened")
    for kind in ("survey", "delivered", "log_in", "newsletter", "app_opened"):
        assert warned(post_one(made, did(who, kind, kind))) == [], kind


def test_what_a_rule_of_then_knew_is_no_mistake_today(made, who):
    factories.rule(made, "survey", "fixed", {"points": "5", "events": "survey"})
    post_one(made, did(who, "survey", "now"))
    then = timezone.now()
    made.rules.get(code="survey").delete()
    made.refresh_from_db()
    assert warned(post_one(made, did(who, "survey", "late", activity_at=then))) == []
    assert warned(post_one(made, did(who, "survey", "new"), now=then + timedelta(days=1))) == [(ACTIVITY, "activity")]


def test_what_is_held_tells_its_warnings_now_and_when_it_is_approved(made, who, boss):
    held = post_one(made, did(who, hold="Odd"))
    assert (held.status, warned(held)) == ("kept", [(AMOUNT, "amount")])
    # What was taken before is decided as it was taken.
    turn(made, strictness="refuse")
    done = decisions.approve(held.journal_id, user=boss)
    assert warned(done) == [(AMOUNT, "amount")]


def test_an_amount_that_was_not_said_is_remembered_as_that(made, who):
    post_one(made, did(who))
    assert post(made, did(who, amount=0))[0].status == "replayed", "it is the same fact, as it always was"
    stored = load(Activity, Journal.objects.get().payload)
    assert (stored.amount, stored.paid) == (None, 0)


def test_a_purchase_without_an_amount_is_taken_back_like_any_other(made, who):
    bought = post_one(made, did(who))
    assert post_one(made, reversal(bought.journal_id)).status == "posted"
