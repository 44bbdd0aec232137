"""Which laws does every ledger keep, whatever was in it before? One property for each, over random lives."""

from collections import Counter, deque
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.activity import Adjustment
from programs.models import Currency
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.factories import held, post, post_one, purchase, redemption, reversal
from tests.support.few_examples import few_examples
from tests.support.living import START, live
from tests.support.rolled_back import rolled_back
from tests.support.stage import kept
from transactions.merging import merges
from transactions.models import Lot

pytestmark = pytest.mark.django_db

SOON = START + timedelta(minutes=30)
POLICIES = st.sampled_from(Currency.RefundPolicy.values)
SEEDS = st.integers(0, 10**6)
names = count()


@contextmanager
def undone(made):
    """What happens inside is audited, and leaves no trace."""
    with rolled_back():
        yield
        assert_balanced(made)


@kept
def made(db):
    """1.5 points and one status point per euro, which the tier multiplies."""
    made = factories.program(rules=False)
    factories.rule(made, "spend", "per_amount", {"points": "1.5", "per": "1"})
    factories.rule(
        made, "status", "per_amount", {"points": "1", "per": "1"}, currency=made.currencies.get(code="status")
    )
    factories.rule(made, "multiplier", "tier_multiplier", {}, group="tiers")
    return made


def change(made, **terms):
    made.currencies.filter(code="points").update(**terms)
    made.touch(made.pk)


def holdings(who):
    """What a member holds, but for what is history: sums over a lifetime, entries, the tier once reached."""
    parts = ("currency__code", "available", "pending", "reserved", "arrears")
    rows = who.balances.values_list(*parts)
    lots = Counter()
    for lot in Lot.objects.filter(member=who, remaining__gt=0):
        lots[lot.currency_id, lot.expires_at, lot.is_pending] += lot.remaining
    return {
        "balances": {code: numbers for code, *numbers in rows if any(numbers)},
        "lots": lots,
        "tallies": Counter(dict(who.tallies.exclude(points=0).values_list("period", "points"))),
    }


@few_examples
@given(seed=SEEDS, amount=st.integers(1, 90_000), policy=POLICIES, days=st.sampled_from([0, 3]))
def test_an_accrual_and_its_full_reversal_leave_the_former_state(made, seed, amount, policy, days):
    """C-INV 7: when nothing of it was spent; history says that it was there."""
    with undone(made):
        change(made, refund_policy=policy, pending_days=days)
        who = factories.member(made)
        live(made, [who], seed, steps=12)
        before = holdings(who)
        bought = post_one(made, purchase(who, amount), now=START)
        assert (holdings(who) == before) is not any(bought.answer["points"].values())
        post_one(made, reversal(bought.journal_id), now=SOON)
        if policy != "pending_only" or days:
            assert holdings(who) == before


@few_examples
@given(seed=SEEDS, share=st.integers(1, 100), cut=st.integers(1, 100))
def test_a_redemption_and_its_reversal_restore_the_same_lots(made, seed, share, cut):
    """C-INV 8: before any of them ended, in one step or in two."""
    with undone(made):
        who = factories.member(made)
        live(made, [who], seed, steps=12)
        lots = (
            Lot.objects.filter(member=who).order_by("pk").values_list("pk", "remaining", "expires_at", "is_pending")
        )
        before, points = list(lots.all()), held(who) * share // 100
        if points:
            spent = post_one(made, redemption(who, points), now=START).journal_id
            assert list(lots.all()) != before
            first = max(1, points * cut // 100)
            post_one(made, reversal(spent, points=first), now=SOON)
            if first < points:
                post_one(made, reversal(spent), now=SOON)
        assert list(lots.all()) == before


@few_examples
@given(
    amount=st.integers(1, 90_000),
    spent=st.integers(0, 100),
    cuts=st.lists(st.integers(1, 60), min_size=2, max_size=5),
    policy=POLICIES,
    mode=st.sampled_from(["recompute", "proportional"]),
    days=st.sampled_from([0, 3]),
)
def test_any_partition_of_a_refund_gives_the_same_balance(made, amount, spent, cuts, policy, mode, days):
    """C-INV 9: of a part of the order, or of all of it; whatever was spent before."""
    parts, left = [], amount
    for cut in cuts:
        parts.append(min(left, max(1, amount * cut // 100)))
        left -= parts[-1]
    parts, found = [part for part in parts if part], []
    for amounts in (parts, [sum(parts)], sorted(parts)):
        with undone(made):
            change(made, refund_policy=policy, pending_days=days)
            who = factories.member(made)
            post_one(made, purchase(who, 20_000), now=START - timedelta(days=9))
            bought = post_one(made, purchase(who, amount), now=START)
            if points := held(who) * spent // 100:
                post_one(made, redemption(who, points), now=START)
            for part in amounts:
                post_one(made, reversal(bought.journal_id, amount=part, mode=mode), now=SOON)
            found.append(holdings(who))
    assert found[0] == found[1] == found[2]


@few_examples
@given(
    facts=st.lists(st.tuples(st.integers(0, 2), st.integers(-300, 40_000).filter(bool)), min_size=4, max_size=14),
    shuffled=st.randoms(use_true_random=False),
    is_one_batch=st.booleans(),
)
def test_the_order_of_independent_members_does_not_matter(made, facts, shuffled, is_one_batch):
    """C-INV 10: each member's own facts stay in their order; the others come before, between or behind them."""
    with undone(made):
        members = [factories.member(made) for _ in range(3)]
        own = [deque(fact(members[n], number) for n, number in facts if n == place) for place in range(3)]
        turns = [place for place, _ in facts]
        orders = [list(turns), shuffled.sample(turns, len(turns))]
        found = []
        for order in orders:
            with rolled_back():
                queues = [deque(queue) for queue in own]
                items = [queues[place].popleft() for place in order]
                for batch in [items] if is_one_batch else [[item] for item in items]:
                    post(made, *batch, now=START)
                found.append([holdings(who) for who in members])
        assert found[0] == found[1]


def fact(who, number):
    """A purchase of so many cents; below zero, so many points that are spent or, every third, corrected."""
    if number > 0:
        return purchase(who, number)
    if number % 3:
        return redemption(who, -number)
    return Adjustment(f"fix-{next(names)}", {"number": who.number}, number, "Counted again")


@few_examples
@given(seed=SEEDS)
def test_a_merge_preserves_the_points_of_each_end(made, seed):
    """C-INV 15: the sum of both by end, pending points staying pending; and the sum of the status points."""
    with undone(made):
        ada, twin = (factories.member(made) for _ in range(2))
        live(made, [ada, twin], seed, with_reservations=False)
        before = [holdings(who) for who in (ada, twin)]
        merges.merge(twin, ada, reason="The same person", now=START)
        after = holdings(ada)
        for name in ("lots", "tallies"):
            assert after[name] == before[0][name] + before[1][name]
        assert holdings(twin) == {"balances": {}, "lots": Counter(), "tallies": Counter()}
