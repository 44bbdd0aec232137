"""What was held at any instant, as it was true and as we knew it, follows from the ledger alone."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.models import Standing
from partners.activity import EarlyRelease
from tests.support.factories import at, post_one, purchase, redemption
from tests.support.few_examples import few_examples
from tests.support.living import START, live
from tests.support.rolled_back import rolled_back
from transactions import ledger
from transactions.models import Lot
from transactions.proof import history


def stored(who):
    """The State that the stored rows tell now."""
    balances = {b.currency_id: {part: getattr(b, part) for part in history.PARTS} for b in who.balances.all()}
    rows = Lot.objects.filter(member=who, remaining__gt=0).order_by("pk")
    names = ("pk", "currency_id", "points", "remaining", "is_pending", "activity_at", "expires_at")
    lots = [history.HeldLot(*values) for values in rows.values_list(*names)]
    tiers = dict(Standing.objects.current().filter(member=who).values_list("group", "tier"))
    return history.State(balances, lots, tiers)


@few_examples
@given(seed=st.integers(0, 10**6))
def test_the_past_is_told_as_it_was_seen(made, who, seed):
    """Snapshots along the way, of balances, lots with their ends, and tiers, are told again afterwards."""
    random = Random(seed)
    who.standings.update(recorded_at=START)
    with rolled_back():
        now, seen = START, {}
        for step in range(6):
            live(made, [who], seed + step, steps=random.randint(0, 8), now=now)
            if random.random() < 0.3:
                for lot in Lot.objects.filter(member=who, is_pending=True, remaining__gt=0)[:1]:
                    journal = lot.entry.journal_id
                    post_one(made, EarlyRelease(f"early-{lot.pk}", journal, reason="asked"), now=now)
            seen[now] = stored(who)
            now += timedelta(hours=random.randint(1, 30))
            ledger.refresh(made.pk, [who.pk], now=now)
            seen[now] = stored(who)
            now += timedelta(minutes=1)
        for instant, state in seen.items():
            assert history.as_of(who.pk, known_at=instant) == state
            assert history.as_of(who.pk, true_at=instant) == state
            assert history.as_of(who.pk, true_at=instant, known_at=instant) == state
        assert history.as_of(who.pk) == stored(who)


def points(who, **axes):
    currency = who.program.currencies.get(code="points").pk
    return history.as_of(who.pk, **axes).balances.get(currency, {}).get("available", 0)


def test_a_late_purchase_tells_the_axes_apart(made, who):
    post_one(made, purchase(who, 1000, activity_at=at(2026, 3, 1)), now=at(2026, 3, 1))
    post_one(made, purchase(who, 500, activity_at=at(2026, 3, 2)), now=at(2026, 3, 10))
    assert points(who, true_at=at(2026, 3, 5)) == 15
    assert points(who, known_at=at(2026, 3, 5)) == 10
    assert points(who, true_at=at(2026, 3, 5), known_at=at(2026, 3, 5)) == 10
    assert points(who, true_at=at(2026, 3, 5), known_at=at(2026, 3, 10)) == 15
    assert points(who, true_at=at(2026, 2, 1)) == points(who, known_at=at(2026, 2, 1)) == 0
    assert points(who) == 15


def test_time_does_what_it_does_at_its_instant_whenever_it_is_booked(made, who):
    post_one(made, purchase(who, 1000, activity_at=at(2025, 1, 15)), now=at(2025, 1, 15))
    ends = Lot.objects.get().expires_at
    ledger.refresh(made.pk, [who.pk], now=ends + timedelta(days=9))
    assert points(who, true_at=ends - timedelta(seconds=1)) == 10
    assert points(who, true_at=ends) == 0
    assert points(who, known_at=ends + timedelta(days=8)) == 10
    assert points(who, known_at=ends + timedelta(days=9)) == 0


def test_a_tier_is_told_with_its_time(made, who):
    post_one(made, purchase(who, 60_000), now=at(2026, 3, 1))
    group, base = made.tier_groups.get().pk, who.standings.order_by("from_at").first()
    silver = who.standings.current().get()
    who.standings.filter(pk=base.pk).update(recorded_at=at(2026, 1, 1))
    assert history.as_of(who.pk, known_at=at(2026, 2, 1)).tiers == {group: base.tier_id}
    assert history.as_of(who.pk, known_at=at(2026, 3, 1)).tiers == {group: silver.tier_id}


def test_a_tier_reached_late_is_true_before_it_is_known(made, who):
    base = who.standings.get()
    who.standings.update(recorded_at=at(2026, 1, 1))
    post_one(made, purchase(who, 60_000, activity_at=at(2026, 3, 1)), now=at(2026, 3, 20))
    group, silver = made.tier_groups.get().pk, who.standings.current().get()
    assert (silver.from_at, silver.recorded_at) == (at(2026, 3, 1), at(2026, 3, 20))
    for true_at, known_at, tier in (
        (at(2026, 2, 28), None, base.tier_id),
        (at(2026, 3, 1), None, silver.tier_id),
        (at(2026, 3, 1), at(2026, 3, 19), base.tier_id),
        (None, at(2026, 3, 20), silver.tier_id),
        (None, None, silver.tier_id),
    ):
        assert history.as_of(who.pk, true_at=true_at, known_at=known_at).tiers == {group: tier}


def test_nothing_is_touched(made, who, count_rows, django_assert_max_num_queries):
    post_one(made, purchase(who, 1000, activity_at=at(2026, 3, 1)), now=at(2026, 3, 1))
    post_one(made, redemption(who, 4), now=at(2026, 3, 2))
    before = count_rows()
    with django_assert_max_num_queries(6):
        history.as_of(who.pk, true_at=at(2026, 3, 1), known_at=at(2026, 3, 2))
    assert count_rows() == before


@pytest.mark.parametrize("axis", ["true_at", "known_at"])
def test_a_stranger_held_nothing(made, who, axis):
    assert history.as_of(0, **{axis: at(2026, 3, 1)}) == history.State()
