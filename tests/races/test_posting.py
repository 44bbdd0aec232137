"""Whatever happens at one moment, the ledger comes out as if it had happened in some order."""

import json
import random
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Sum

from members.models import Balance, Member
from partners.activity import Activity
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.crowd import at_once
from tests.support.factories import held, post, post_one, purchase, redemption, reversal
from tests.support.sampler import watching
from transactions import ledger
from transactions.books import chain
from transactions.expiry import sweep
from transactions.models import Entry, Journal, Lot

pytestmark = [pytest.mark.slow, pytest.mark.races, pytest.mark.django_db(transaction=True)]

#: SQLite has one writer: more threads only wait longer in line.
FEW = 4
MANY = 16
#: Of the 64 who meet in a round, some are early and some late in each.
ROUNDS = 8


@pytest.fixture
def made(transactional_db):
    return factories.program()


@pytest.fixture
def who(made):
    return factories.member(made)


@pytest.fixture
def till(made):
    return factories.till(made)


def check_books():
    """Ledger, balances, lots and chains agree, for every member."""
    sums = Entry.objects.order_by().values("member", "currency").annotate(sum=Sum("points"))
    sums = {(row["member"], row["currency"]): row["sum"] for row in sums}
    balances = {(row.member_id, row.currency_id): row.available for row in Balance.objects.all() if row.available}
    assert {key: points for key, points in sums.items() if points} == balances
    lots = Lot.objects.filter(remaining__gt=0).order_by().values("member", "currency").annotate(sum=Sum("remaining"))
    spendable = {key: n for key, n in balances.items() if Lot.objects.filter(currency=key[1]).exists()}
    assert {(row["member"], row["currency"]): row["sum"] for row in lots} == spendable
    for member in Member.objects.all():
        last = ""
        for number, entry in enumerate(Entry.objects.filter(member=member).order_by("sequence").values(), start=1):
            assert entry["sequence"] == number
            last = chain.link(last, entry)
            assert entry["chain"] == last
        assert member.chain == last


def test_a_hot_member_loses_no_credit(made, who, till):
    threads = MANY

    def earn(number):
        return [
            post(made, purchase(who, 100, f"{number}-{n}"), via=till)[0].status for n in range(500 // threads + 1)
        ]

    outcomes = Counter(status for some in at_once(*[lambda n=n: earn(n) for n in range(threads)]) for status in some)
    assert set(outcomes) == {"posted"}
    assert held(who) == outcomes["posted"] == Journal.objects.count() >= 500
    check_books()


def test_of_equal_facts_at_one_moment_one_is_posted(made, who, till):
    for number in range(ROUNDS):
        item = purchase(who, 100, f"order-{number}")
        results = at_once(*[lambda item=item: post(made, item, via=till)[0]] * 64)
        assert Counter(result.status for result in results) == {"posted": 1, "replayed": 63}
        assert len({(result.journal_id, json.dumps(result.answer, sort_keys=True)) for result in results}) == 1
    assert held(who) == Journal.objects.count() == ROUNDS
    check_books()


def test_of_equal_names_for_two_members_one_wins(made, till):
    for number in range(10):
        people = [factories.member(made) for _ in range(4)]
        results = at_once(
            *[lambda p=p, n=number: post(made, purchase(p, 100, f"o-{n}"), via=till)[0] for p in people]
        )
        assert Counter(result.status for result in results) == {"posted": 1, "refused": 3}
        assert {result.refusal.code for result in results if result.refusal} == {"idempotency_conflict"}
    assert Journal.objects.count() == 10
    check_books()


def test_twenty_wishes_for_four_points_get_four(made, who, till):
    """R-04"""
    for _ in range(20):
        post_one(made, purchase(who, 400), via=till)
        wishes = [redemption(who, 1) for _ in range(20)]
        results = at_once(*[lambda wish=wish: post(made, wish, via=till)[0] for wish in wishes])
        assert Counter(result.status for result in results) == {"posted": 4, "refused": 16}
        assert {result.refusal.code for result in results if result.refusal} == {"insufficient_points"}
        assert held(who) == 0
    check_books()


def test_a_balance_is_drained_to_the_last_point_and_no_further(made, who, till):
    post_one(made, purchase(who, 100000), via=till)

    def drain():
        taken = 0
        while post(made, redemption(who, 7), via=till)[0].status == "posted":
            taken += 1
        return taken

    with watching(lambda: held(who)) as seen:
        assert sum(at_once(*[drain] * 64)) == 142
    assert held(who) == 6
    # Nobody ever sees less than what is left in the end, nor anything come back.
    assert len(seen) >= 20
    assert seen == sorted(seen, reverse=True)
    assert set(seen) <= set(range(6, 1001, 7))
    check_books()


def test_what_is_spent_does_not_end_and_what_ends_is_not_spent(made, who, till):
    """R-06: the expiry and redemptions of the last minute."""
    currency = made.currencies.get(code="points")
    for _ in range(15):
        bought = post_one(made, purchase(who, 1000), via=till)
        end = Lot.objects.get(entry__journal=bought.journal_id).expires_at
        last = end - timedelta(minutes=1)
        before = who.balances.get(currency=currency).lifetime_expired
        wishes = [lambda at=last: post(made, redemption(who, 6), via=till, now=at)[0].status] * 3
        nights = [lambda at=end: len(list(sweep.sweep(made.pk, now=at)))] * 2
        posted = at_once(*wishes, *nights).count("posted")
        ledger.refresh(made.pk, [who.pk], now=end)
        assert posted <= 1
        assert who.balances.get(currency=currency).lifetime_expired - before == 10 - 6 * posted
        assert held(who) == 0
    assert_balanced(made)


def test_many_members_and_many_kinds_of_facts_add_up(made, till):
    people = [factories.member(made) for _ in range(200)]
    threads = MANY if connection.vendor == "postgresql" else FEW

    def trade(seed):
        chance, journals, statuses = random.Random(seed), [], Counter()
        for _ in range(40):
            some = chance.sample(people, 5)
            batch = [purchase(some[0], 500), purchase(some[1], 700), redemption(some[2], 3), redemption(some[0], 2)]
            if journals:
                batch.append(reversal(chance.choice(journals)))
            results = post(made, *batch, via=till)
            journals += [result.journal_id for result in results if result.status == "posted"]
            statuses.update(result.status for result in results)
        return statuses

    statuses = sum(at_once(*[lambda seed=seed: trade(seed) for seed in range(threads)]), Counter())
    assert statuses["posted"] == Journal.objects.count()
    assert set(statuses) == {"posted", "refused"}
    check_books()


def test_batches_of_the_same_members_in_opposite_orders_do_not_lock_each_other_up(made, till):
    people = [factories.member(made) for _ in range(30)]

    def trade(backwards):
        for _ in range(10):
            some = list(reversed(people)) if backwards else people
            results = post(made, *[purchase(person, 100) for person in some], via=till)
            assert {result.status for result in results} == {"posted"}

    at_once(*[lambda n=n: trade(n % 2) for n in range(6)])
    assert {held(person) for person in people} == {60}
    check_books()


def test_a_reversal_and_a_redemption_share_what_is_there(made, who, till):
    for _ in range(15):
        bought = post_one(made, purchase(who, 1000), via=till)
        undone, spent = at_once(
            lambda bought=bought: post(made, reversal(bought.journal_id), via=till)[0],
            lambda: post(made, redemption(who, 10), via=till)[0],
        )
        assert undone.status == "posted"
        lost = undone.answer["unrecovered"].get("points", 0)
        assert lost == (10 if spent.status == "posted" else 0)
        assert held(who) == 0
    check_books()


def test_of_two_reversals_of_one_purchase_one_wins(made, who, till):
    for _ in range(15):
        bought = post_one(made, purchase(who, 1000), via=till)
        results = at_once(*[lambda b=bought: post(made, reversal(b.journal_id), via=till)[0]] * 4)
        assert Counter(result.status for result in results) == {"posted": 1, "refused": 3}
    assert held(who) == 0
    check_books()


def test_a_change_of_the_rules_counts_whole_or_not_at_all(made, till):
    people = [factories.member(made) for _ in range(3)]

    def change():
        spend = made.rules.get(code="spend")
        for points in range(2, 12):
            spend.params = {"points": str(points), "per": "1"}
            spend.save()

    def trade(person):
        return [post_one(made, purchase(person, 100), via=till) for _ in range(25)]

    _, *traded = at_once(change, *[lambda p=person: trade(p) for person in people])
    rates = {}
    for result in (result for some in traded for result in some):
        journal = Journal.objects.get(pk=result.journal_id)
        points = next(row["points"] for row in journal.trace["rules"] if row["rule"] == "spend")
        rates.setdefault(journal.program_version, set()).add(points)
    assert all(len(points) == 1 for points in rates.values()), rates
    assert post_one(made, purchase(people[0], 100), via=till).answer["points"]["points"] == 11
    check_books()


def test_a_member_found_by_address_is_posted_to_while_others_are_enrolled(made, who, till):
    item = {"kind": "purchase", "member": {"email": who.customer.email}, "amount": 100}

    def earn():
        return [post(made, Activity(external_id=f"mail-{n}", **item), via=till)[0].status for n in range(20)]

    outcome, *_ = at_once(earn, lambda: [factories.member(made) for _ in range(10)])
    assert set(outcome) == {"posted"}
    check_books()
