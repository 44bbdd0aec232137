"""What a transaction counted for rules that count is said in plain sentences, and what its refund counts less."""

import pytest

from programs.progress import Advance, Reached
from tests.support import factories
from tests.support.counting import back, coffee_shop, coffees
from tests.support.factories import at, post_one, purchase, reversal
from transactions.models import Journal
from transactions.proof import causes, counted


def told(result):
    journal = Journal.objects.get(pk=result.journal_id)
    found = causes.of_journal(journal, {one.code: one for one in journal.program.currencies.all()})["sentences"]
    return [sentence for sentence in found if sentence.startswith("Rule ")]


def test_a_target_says_how_far_it_was_and_is_and_what_came_back(db):
    shop = coffee_shop()
    eve = factories.member(shop)
    assert told(post_one(shop, coffees(eve, 3))) == ["Rule coffees counts units: 0 before it, 3 with it."]
    bought = post_one(shop, coffees(eve, 8))
    assert told(bought) == [
        "Rule coffees counts units: 3 before it, 11 with it. That is enough for its points 2 times."
    ]
    assert told(post_one(shop, back(bought, 2))) == ["Rule coffees counts units: 2 less for what came back."]
    assert told(post_one(shop, purchase(eve, 100))) == []


def test_a_streak_says_how_many_there_are_in_a_row(db):
    made = factories.program(rules=False, max_backdate_days=3650)
    factories.rule(made, "two", "streak", {"length": 2, "periods": "days", "points": 7})
    eve = factories.member(made, enrolled_at=at(2020, 1, 1))
    post_one(made, purchase(eve, 100, activity_at=at(2026, 3, 1)))
    second = post_one(made, purchase(eve, 100, activity_at=at(2026, 3, 2)))
    assert told(second) == ["Rule two counts days in a row: 1 before it, 2 with it. That is enough for its points."]
    assert told(post_one(made, reversal(second.journal_id))) == ["Rule two counts the order for no streak any more."]


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("money", "Rule r counts money in its smallest units: 0 before it, 1,250 with it."),
        ("times", "Rule r counts times: 0 before it, 1,250 with it."),
        ("units", "Rule r counts units: 0 before it, 1.25 with it."),
    ],
)
def test_each_measure_counts_in_its_own_way(measure, said):
    advance = Advance(measure, Reached(), Reached(counted=1250)).trace()
    assert list(counted.told({"progress": {"r": advance}})) == [said]
