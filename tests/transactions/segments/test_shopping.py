"""What members bought decides as the ledger has it: what was taken back as a whole was never bought."""

import random
from datetime import timedelta

import pytest

from partners.models import Connection
from programs import periods
from programs.models import ExchangeRate, Participation
from tests.support import factories
from tests.support.factories import at
from tests.support.segments import assert_held, bought, held
from tests.support.stage import kept

NOW = at(2026, 3, 4, 11)


@kept
def ada(made):
    return factories.member(made)


@kept
def bob(made):
    return factories.member(made)


@kept
def eve(made):
    """She never bought anything."""
    return factories.member(made)


@pytest.fixture
def journals(made, ada, bob, eve):
    """Ada bought on 1 February and 2 March, Bob on 1 January."""
    when = {"ada": (ada, at(2026, 2, 1)), "ada2": (ada, at(2026, 3, 2)), "bob": (bob, at(2026, 1, 1))}
    items = [factories.purchase(who, 5000, name, activity_at=day) for name, (who, day) in when.items()]
    return {item.external_id: factories.post_one(made, item).journal_id for item in items}


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ({"last_purchase": {"at_most": 2}}, "ada"),
        ({"last_purchase": {"at_most": 1}}, ""),
        ({"last_purchase": {"at_least": 3}}, "bob"),
        ({"last_purchase": {"at_least": 62}}, "bob"),
        ({"last_purchase": {"at_least": 63}}, ""),
        ({"last_purchase": {"at_least": 2, "at_most": 62}}, "ada bob"),
        ({"purchases": {"days": 31, "at_least": 2}}, "ada"),
        ({"purchases": {"days": 30, "at_least": 2}}, ""),
        ({"purchases": {"days": 31, "at_most": 0}}, "bob eve"),
        ({"purchases": {"days": 365, "at_least": 1, "at_most": 1}}, "bob"),
        ({"spent": {"days": 31, "at_least": 100}}, "ada"),
        ({"spent": {"days": 31, "at_least": "100.01"}}, ""),
        ({"spent": {"days": 365, "at_most": 50}}, "bob eve"),
        ({"earned": {"currency": "points", "days": 31, "at_least": 100}}, "ada"),
        ({"earned": {"currency": "points", "days": 31, "at_most": 0}}, "bob eve"),
    ],
)
def test_a_condition_holds_those_whom_it_says(made, ada, bob, eve, journals, conditions, names):
    assert_held(made, conditions, names, now=NOW, ada=ada, bob=bob, eve=eve)


def test_a_purchase_that_was_taken_back_was_none(made, ada, journals):
    factories.post_one(made, factories.reversal(journals["ada2"]))
    assert held(made, {"last_purchase": {"at_most": 2}}, now=NOW) == set()
    assert held(made, {"purchases": {"days": 31, "at_least": 1, "at_most": 1}}, now=NOW) == {ada.pk}
    assert held(made, {"earned": {"currency": "points", "days": 365, "at_least": 51}}, now=NOW) == set()


def test_what_was_refunded_of_a_purchase_was_not_spent(made, ada, journals):
    factories.post_one(made, factories.reversal(journals["ada2"], amount=2000))
    assert held(made, {"spent": {"days": 31, "at_least": 80, "at_most": 80}}, now=NOW) == {ada.pk}
    assert held(made, {"purchases": {"days": 31, "at_least": 2}}, now=NOW) == {ada.pk}


def test_foreign_money_is_counted_as_it_was_converted(made, ada):
    ExchangeRate.objects.create(program=made, money="USD", on="2026-03-01", rate="0.5")
    made.refresh_from_db()
    item = factories.purchase(ada, 60_000_000_00, money="USD", activity_at=at(2026, 3, 1))
    posted = factories.post_one(made, item)
    factories.post_one(made, factories.reversal(posted.journal_id, amount=20_000_000_00))
    paid = {"spent": {"days": 31, "at_least": 20_000_000, "at_most": 20_000_000}}
    assert held(made, paid, now=NOW) == {ada.pk}


def test_the_last_purchase_decides_in_which_store_and_from_whom(made, ada, bob):
    lyon, nice = factories.store(made.owner, "lyon"), factories.store(made.owner, "nice")
    cafe = factories.partner("cafe")
    Participation.objects.create(program=made, partner=cafe)
    made.refresh_from_db()
    for who, store, day in ((ada, nice, 1), (ada, lyon, 2), (bob, lyon, 1), (bob, nice, 2)):
        factories.post_one(made, factories.purchase(who, 100, store=store.code, activity_at=at(2026, 3, day)))
    assert held(made, {"last_store": {"stores": ["lyon"]}}, now=NOW) == {ada.pk}
    assert held(made, {"last_store": {"stores": ["nice"]}}, now=NOW) == {bob.pk}
    assert held(made, {"last_partner": {"partners": [made.owner.code]}}, now=NOW) == {ada.pk, bob.pk}
    via = Connection.of(cafe, Connection.Platform.API)
    factories.post_one(made, factories.purchase(ada, 100, activity_at=at(2026, 3, 3)), via=via)
    assert held(made, {"last_partner": {"partners": ["cafe"]}}, now=NOW) == {ada.pk}
    assert held(made, {"last_store": {"stores": ["lyon"]}}, now=NOW) == set()


def test_any_random_purchases_are_counted_as_by_hand(made):
    random.seed(7)
    made.max_backdate_days = 3650
    made.save()
    whose = [factories.member(made) for _ in range(12)]
    for who in whose:
        for _ in range(random.randrange(5)):
            day = NOW - timedelta(days=random.randrange(120), minutes=random.randrange(1000))
            made_it = factories.post_one(made, factories.purchase(who, random.randrange(1, 9000), activity_at=day))
            if random.random() < 0.3:
                factories.post_one(made, factories.reversal(made_it.journal_id))
    today = periods.local_date(NOW, made.zone)
    for days in (1, 30, 90):
        since = periods.start_of_day(today - timedelta(days=days), made.zone)
        for often in (0, 1, 2):
            expected = {who.pk for who in whose if len(bought(who, since)) <= often}
            assert held(made, {"purchases": {"days": days, "at_most": often}}, now=NOW) == expected
        spent = {who.pk: sum(one.base_amount - one.reversed_amount for one in bought(who, since)) for who in whose}
        middle = sorted(spent.values())[6]
        conditions = {"spent": {"days": days, "at_least": f"{middle / 100:.2f}"}}
        assert held(made, conditions, now=NOW) == {key for key, paid in spent.items() if paid >= middle}
