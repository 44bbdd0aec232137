"""What a field can hold is said at the field: the ledger checks by it, and the API reads and describes by it."""

from dataclasses import fields, replace

import pytest

from partners import limits
from partners.activity import (
    Activity,
    Adjustment,
    Decision,
    EarlyRelease,
    Line,
    PointsPaid,
    Redemption,
    Refunded,
    Reversal,
    Transfer,
)
from partners.limits import LARGEST_KEY, Longest, Most, Within
from transactions.api.schemas import requests

ADA = {"card": "C-1815"}
VALUES = [
    Activity(kind="visit", external_id="a", member=ADA),
    Line(),
    Redemption(external_id="a", member=ADA, points=1),
    Reversal(external_id="a", journal_id=1),
    Refunded(position=0),
    Adjustment(external_id="a", member=ADA, points=1, reason="late"),
    EarlyRelease(external_id="a", journal_id=1, reason="late"),
    Transfer(external_id="a", member=ADA, to=ADA, points=1),
    Decision(1, "confirm"),
    PointsPaid(points=1),
]
#: One of a few words, and what only one of two values is.
WORDS = {"mode", "action"}


def limited(kind):
    return [
        (value, name, limit)
        for value in VALUES
        for name, limit in limits.of(type(value)).items()
        if kind is type(limit)
    ]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_every_text_number_and_list_has_a_limit(value):
    open_ended = {
        each.name
        for each in fields(value)
        if isinstance(getattr(value, each.name), str | int | tuple | None) and each.name not in limits.of(type(value))
    }
    others = {"activity_at", "keeps_redemption", "usable_through", "available_from", "overdraw", "redeem", "occasion"}
    assert open_ended <= WORDS | others


@pytest.mark.parametrize(("value", "name", "limit"), limited(Longest))
def test_a_text_is_as_long_as_its_field_says(value, name, limit):
    if name == "attributes":
        return
    assert not list(limits.texts(replace(value, **{name: "x" * limit.characters})))
    for text, code in (("x" * (limit.characters + 1), "text_too_long"), ("\0", "invalid_text"), (7, "invalid_text")):
        [refusal] = limits.texts(replace(value, **{name: text}), "lines[3].")
        sent_as = {"kind": "activity", "money": "currency"}.get(name, name)
        assert (refusal.code, refusal.field) == (code, f"lines[3].{sent_as}")


@pytest.mark.parametrize(("value", "name", "limit"), limited(Within))
def test_a_number_is_within_what_its_field_says(value, name, limit):
    for number in (limit.least, limit.largest):
        assert not list(limits.numbers(replace(value, **{name: number})))
    for number in (limit.least - 1, limit.largest + 1, "5", 5.0, True):
        [refusal] = limits.numbers(replace(value, **{name: number}))
        assert refusal.code == "invalid_number"


def test_only_an_optional_number_may_be_left_out():
    refund = Reversal(external_id="a", journal_id=1)
    assert not list(limits.numbers(refund, "amount", "points"))
    [refusal] = limits.numbers(replace(VALUES[0], tax=None))
    assert refusal.field == "tax"


def test_of_several_texts_the_same_is_always_refused_first():
    wrong = dict.fromkeys(("reason", "order", "store", "channel", "currency", "external_id"), "\0")
    refused = [refusal.field for refusal in limits.texts(replace(VALUES[2], **wrong))]
    assert refused == ["external_id", "currency", "channel", "store", "order", "reason"]


def test_a_field_without_such_a_limit_has_none_to_read():
    with pytest.raises(TypeError, match=r"Activity\.amount"):
        limits.longest(Activity, "amount")
    with pytest.raises(TypeError, match=r"Reversal\.mode"):
        limits.longest(Reversal, "mode")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (requests.TRANSACTION, Activity),
        (requests.REDEMPTION, Redemption),
        (requests.REVERSAL, Reversal),
        (requests.REFUND, Reversal),
        (requests.TRANSFER, Transfer),
        (requests.ADJUSTMENT, Adjustment),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_the_api_describes_the_limits_of_the_values(body, kind):
    """All but amounts, which are described as the decimal text that is sent."""
    names = {"activity": "kind", "currency": "money" if kind in (Activity, Reversal) else "currency"}
    for name, drawn in body.component()["properties"].items():
        match limits.of(kind).get(names.get(name, name)), drawn:
            case Longest(characters), {"maxLength": described}:
                assert described == characters
            case Within(least, largest), {"format": "int64", "minimum": low, "maximum": high}:
                assert (low, high) == (least, largest)
            case Most(items), {"maxItems": described}:
                assert described == items
            case Longest() | Most(), _:
                assert name == "attributes"


def test_keys_are_those_of_the_databases():
    assert limits.within(Decision, "journal_id") == Within(1, LARGEST_KEY)
    assert LARGEST_KEY == 9_223_372_036_854_775_807
