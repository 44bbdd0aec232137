"""A rule that did not count is explained, whatever the reason."""

import pytest

from tests.support.factories import post_one, purchase, rule
from transactions.models import Journal
from transactions.proof import sentences


def explained(made, item):
    trace = Journal.objects.get(pk=post_one(made, item).journal_id).trace
    return " ".join(sentences.explain(trace, {}))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "but rule more of the same group gave more."),
        ({"choice": "highest"}, "but rule more of the same group gave most of all."),
        ({"choice": "newest", "starts_on": "2020-01-01"}, "but rule more of the same group is newer."),
        ({"group": "alone", "stacking": "exclusive"}, "but rule more lets no other one give anything."),
        ({"group": "alone", "stacking": "stops", "priority": 1}, "but rule more stops the rules behind it."),
    ],
)
def test_it_is_said_why_a_rule_did_not_count(made, who, fields, words):
    rule(made, "more", "fixed", {"points": "500", "events": "purchase"}, **fields)
    said = explained(made, purchase(who, 10000))
    assert f"“Spend” (rule spend, version 1) would have given 100, {words}" in said


def test_so_it_is_of_one_that_gave_too_much(made, who):
    rule(made, "less", "fixed", {"points": "5", "events": "purchase"}, choice="lowest")
    assert "but rule less of the same group gave less." in explained(made, purchase(who, 10000))
