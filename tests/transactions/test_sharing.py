"""Single facts that arrive at the same moment are posted as one batch, and each is answered as if it were alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from members.models import Member
from partners.callers import CallingConnection, CallingPartner
from tests.support import factories
from tests.support.books_balance import books_balance
from tests.support.crowd import at_once
from tests.support.factories import held, purchase
from tests.support.lines import (
    PATIENCE_S,
    batches,
    hold,
    nobody_is_held_up,
    share,
    shop,
    wait_until,
    waiting,
    while_one_posts,
)
from transactions import sharing
from transactions.models import Journal

__all__ = ["batches", "books_balance", "hold", "nobody_is_held_up", "shop", "waiting"]

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_balance")]


def test_a_fact_that_is_alone_is_posted_at_once(shop, batches):
    who = factories.member(shop[0])
    assert share(shop, purchase(who, 1250)).status == "posted"
    assert held(who) == 12
    assert batches == [1]


def test_those_who_come_again_as_soon_as_others_let_them_run_are_in_the_batch(shop, batches, waiting, monkeypatch):
    people = iter([factories.member(shop[0]) for _ in range(3)])
    own, coming = next(people), list(people)

    def let_run(seconds):
        assert seconds == 0
        if coming:
            waiting(purchase(coming.pop(), 700))

    monkeypatch.setattr(sharing, "sleep", let_run)
    assert share(shop, purchase(own, 1250)).status == "posted"
    assert batches == [3]


def test_facts_that_come_while_another_is_posted_are_one_batch(shop, batches, monkeypatch):
    people = [factories.member(shop[0]) for _ in range(6)]
    results = while_one_posts(
        shop, *[purchase(who, 1000 * n) for n, who in enumerate(people, 1)], monkeypatch=monkeypatch
    )
    assert batches == [1, 5]
    assert [result.status for result in results] == ["posted"] * 6
    for n, (who, result) in enumerate(zip(people, results, strict=True), 1):
        assert held(who) == 10 * n
        assert Journal.objects.get(pk=result.journal_id).member == who
        assert result.answer["member"] == who.number


def test_the_same_fact_twice_at_one_moment_counts_once_and_is_replayed(shop, batches, monkeypatch):
    ada, bob = factories.member(shop[0]), factories.member(shop[0])
    twice = purchase(ada, 1000, "order-1")
    results = while_one_posts(shop, purchase(bob, 1000), twice, twice, monkeypatch=monkeypatch)
    assert batches == [1, 1, 1]
    assert [result.status for result in results] == ["posted", "posted", "replayed"]
    assert results[1].answer == results[2].answer
    assert held(ada) == 10


def test_more_than_one_batch_takes_are_all_posted(shop, batches, monkeypatch):
    monkeypatch.setattr(sharing, "LARGEST_SHARE", 2)
    ada = factories.member(shop[0])
    results = while_one_posts(shop, *[purchase(ada, 1000) for _ in range(6)], monkeypatch=monkeypatch)
    assert batches == [1, 2, 2, 1]
    assert {result.status for result in results} == {"posted"}
    assert held(ada) == 60


def test_who_is_far_behind_posts_all_before_it(shop, batches, waiting, monkeypatch):
    monkeypatch.setattr(sharing, "LARGEST_SHARE", 2)
    ada = factories.member(shop[0])
    before = waiting(*[purchase(ada, 1000) for _ in range(3)])
    assert share(shop, purchase(ada, 1000)).status == "posted"
    assert batches == [2, 2]
    assert [turn.result.status for turn in before] == ["posted"] * 3


def test_nobody_waits_for_the_member_of_another(shop, hold):
    ada, *others = [factories.member(shop[0]) for _ in range(4)]
    with ThreadPoolExecutor(1) as pool:
        with hold(ada):
            # The first has the turn, and cannot go on before the block ends.
            first = pool.submit(lambda: (share(shop, purchase(ada, 1000)), connection.close())[0])
            wait_until(lambda: sharing._line_of(shop[0].pk, shop[1])._is_busy)
            results = at_once(*[lambda who=who: share(shop, purchase(who, 2000)) for who in others])
            assert [result.status for result in results] == ["posted"] * 3
            assert share(shop, purchase(others[0], 1000)).status == "posted"
            assert not first.done()
        assert first.result(PATIENCE_S).status == "posted"
    assert [held(who) for who in (ada, *others)] == [10, 30, 20, 20]


def test_a_batch_that_waits_for_one_gives_up_and_posts_the_others(shop, hold, batches, waiting):
    ada, bob = factories.member(shop[0]), factories.member(shop[0])
    [of_ada] = waiting(purchase(ada, 1000))
    with hold(ada):
        assert share(shop, purchase(bob, 1000)).status == "posted"
        assert (of_ada.is_over, of_ada.result) == (True, None)
    assert batches == [2, 1]
    assert (held(ada), held(bob)) == (0, 10)


def test_a_partner_with_another_code_has_another_line(shop):
    """Which stores are meant depends on it."""
    before, after = [CallingConnection(7, CallingPartner(3, code)) for code in ("old", "new")]
    line = sharing._line_of(shop[0].pk, before)
    assert sharing._line_of(shop[0].pk, CallingConnection(7, CallingPartner(3, "old"))) is line
    assert sharing._line_of(shop[0].pk, after) is not line


def test_inside_a_transaction_a_fact_is_posted_in_that_transaction_and_no_other_one_with_it(shop, waiting):
    ada, bob = factories.member(shop[0]), factories.member(shop[0])
    [other] = waiting(purchase(bob, 1000))
    with transaction.atomic():
        assert share(shop, purchase(ada, 1000)).status == "posted"
        transaction.set_rollback(True)
    assert not other.is_over
    assert not Journal.objects.exists()
    assert share(shop, purchase(ada, 1000)).status == other.result.status == "posted"
    assert (held(ada), held(bob)) == (10, 10)


@pytest.mark.parametrize("fields", [{"order": "order-1"}, {"replaces": "order-1"}])
def test_what_refers_to_another_fact_is_posted_alone(fields):
    made = Member(number="1")
    assert sharing._may_share(purchase(made, 1000))
    assert not sharing._may_share(purchase(made, 1000, **fields))


def test_many_threads_lose_nothing_and_count_nothing_twice(shop):
    people = [factories.member(shop[0]) for _ in range(4)]
    facts = [purchase(people[n % 4], 1000, f"order-{n % 20}") for n in range(40)]

    def some(place):
        return [share(shop, fact).status for fact in facts[place::8]]

    told = [
        status
        for statuses in at_once(*[lambda place=place: some(place) for place in range(8)])
        for status in statuses
    ]
    assert sorted(told) == ["posted"] * 20 + ["replayed"] * 20
    assert [held(who) for who in people] == [50] * 4
    assert Journal.objects.count() == 20
