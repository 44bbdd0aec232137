"""Points go from one member to another with their ends and their origin, within limits, exactly once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone

from members.models import Balance
from partners.activity import Transfer
from programs.models import Currency
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.crowd import at_once
from tests.support.factories import held, post, post_one, purchase, redemption
from tests.support.sampler import watching
from transactions.models import Entry, Lot

pytestmark = pytest.mark.django_db


def gift(giver, taker, points, external_id="", **fields):
    external_id = external_id or f"gift-{next(factories._numbers)}"
    people = {"member": {"number": giver.number}, "to": {"number": taker.number}}
    return Transfer(external_id=external_id, points=points, **(people | fields))


def terms(made, **fields):
    """Let members transfer, within `fields`; returns the program as it is then."""
    currency = made.currencies.get(code="points")
    for name, value in ({"transfers": True} | fields).items():
        setattr(currency, name, value)
    currency.save()
    made.refresh_from_db()
    return made


def refused(made, item, **options):
    refusal = post(made, item, **options)[0].refusal
    return refusal and (refusal.code, refusal.field)


@pytest.fixture
def friend(made):
    return factories.member(made)


@pytest.fixture
def shop(made, who, friend):
    """A program with gifts; `who` has 100 points."""
    terms(made)
    post_one(made, purchase(who, 10_000))
    yield made
    assert_balanced(made)


def test_lots_move_soonest_to_end_first_and_keep_end_and_origin(shop, who, friend):
    later = post_one(shop, purchase(who, 5_000)).journal_id
    Lot.objects.filter(entry__journal=later).put(expires_at=timezone.now() + timedelta(days=3))
    soon = Lot.objects.get(entry__journal=later)
    first = Lot.objects.exclude(pk=soon.pk).get()
    post_one(shop, gift(who, friend, 70))
    got = list(Lot.objects.filter(member=friend).order_by("pk").values_list("origin", "points", "expires_at"))
    assert got == [(soon.pk, 50, soon.expires_at), (first.pk, 20, first.expires_at)]
    assert (held(who), held(friend)) == (80, 70)
    kinds = Entry.objects.filter(journal__kind="transfer").order_by("pk").values_list("member", "kind", "points")
    assert list(kinds) == [
        (who.pk, "transfer_out", -70),
        (friend.pk, "transfer_in", 50),
        (friend.pk, "transfer_in", 20),
    ]


def test_the_fee_leaves_with_the_gift(shop, who, friend):
    terms(shop, transfer_fee_percent=10)
    assert post_one(shop, gift(who, friend, 55)).answer["fee"] == 5
    assert (held(who), held(friend)) == (45, 50)


@pytest.mark.parametrize("points", [9, 51])
def test_a_gift_is_neither_too_small_nor_too_large(shop, who, friend, points):
    terms(shop, transfer_min=10, transfer_max=50)
    assert refused(shop, gift(who, friend, points)) == ("not_transferable", "points")


def test_nobody_gives_to_themselves(shop, who):
    assert refused(shop, gift(who, who, 10)) == ("not_transferable", "to")


def test_qualifying_points_stay(shop, who, friend):
    assert refused(shop, gift(who, friend, 10, currency="status")) == ("currency_unknown", "currency")


def test_a_program_that_wants_no_gifts_has_none(made, who, friend):
    post_one(made, purchase(who, 10_000))
    assert refused(made, gift(who, friend, 10)) == ("not_transferable", "currency")


def test_pending_points_stay(shop, who, friend):
    Currency.objects.filter(code="points").update(pending_days=14)
    type(shop).touch(shop.pk)
    post_one(shop, purchase(who, 10_000))
    assert refused(shop, gift(who, friend, 101)) == ("insufficient_points", "points")


def test_the_receiver_has_been_a_member_for_some_days(shop, who):
    terms(shop, transfer_after_days=30)
    young = factories.member(shop, enrolled_at=timezone.now() - timedelta(days=29))
    assert refused(shop, gift(who, young, 10)) == ("not_transferable", "to")
    assert refused(shop, gift(who, young, 10), now=timezone.now() + timedelta(days=1, minutes=1)) is None


def test_a_closed_member_is_given_nothing(shop, who, friend):
    type(friend).objects.filter(pk=friend.pk).update(status="closed")
    assert refused(shop, gift(who, friend, 10)) == ("member_not_active", "to")


def test_a_day_has_so_many_points_for_giver_and_receiver(shop, who, friend):
    terms(shop, transfer_daily_limit=50)
    third = factories.member(shop)
    post_one(shop, purchase(third, 10_000))
    now = timezone.now()
    results = post(shop, gift(who, friend, 30), gift(who, third, 20), gift(who, third, 1), now=now)
    assert [result.status for result in results] == ["posted", "posted", "refused"]
    assert refused(shop, gift(who, friend, 1), now=now) == ("not_transferable", "points")
    assert refused(shop, gift(third, friend, 21), now=now) == ("not_transferable", "to")
    assert refused(shop, gift(third, friend, 20), now=now) is None
    assert refused(shop, gift(who, friend, 50), now=now + timedelta(days=1)) is None


def test_a_day_has_so_many_gifts(shop, who, friend):
    terms(shop, transfer_daily_count=2)
    now = timezone.now()
    results = post(shop, *[gift(who, friend, 1) for _ in range(3)], now=now)
    assert [result.status for result in results] == ["posted", "posted", "refused"]
    assert refused(shop, gift(who, friend, 1), now=now) == ("not_transferable", "points")
    assert refused(shop, gift(who, friend, 1), now=now + timedelta(days=1)) is None


def test_a_year_has_so_many_points_for_giver_and_receiver(shop, who, friend):
    terms(shop, transfer_yearly_limit=50, transfer_daily_limit=40)
    third = factories.member(shop)
    march = datetime(timezone.now().year + 1, 3, 1, 12, tzinfo=UTC)
    may, new_year = march.replace(month=5), datetime(march.year, 12, 31, 23, tzinfo=UTC)
    post_one(shop, purchase(who, 10_000, activity_at=march), now=march)
    post_one(shop, purchase(third, 10_000, activity_at=march), now=march)
    assert refused(shop, gift(who, friend, 41), now=march) == ("not_transferable", "points")
    results = post(shop, gift(who, friend, 25), gift(who, third, 15), now=march)
    assert [result.status for result in results] == ["posted", "posted"]
    assert refused(shop, gift(who, friend, 11), now=may) == ("not_transferable", "points")
    assert refused(shop, gift(third, friend, 26), now=may) == ("not_transferable", "to")
    assert refused(shop, gift(who, friend, 10), now=may) is None
    # In Paris the new year has come.
    assert refused(shop, gift(who, friend, 1), now=new_year - timedelta(seconds=1)) == ("not_transferable", "points")
    assert refused(shop, gift(who, friend, 40), now=new_year) is None


def test_a_year_has_so_many_gifts(shop, who, friend):
    terms(shop, transfer_yearly_count=2)
    for item in (gift(who, friend, 10), gift(who, factories.member(shop), 10)):
        post_one(shop, item)
    refusal = post(shop, gift(who, friend, 1))[0].refusal
    assert (refusal.field, refusal.detail) == ("points", "The member has given 2 times this year; 2 are possible.")
    third = factories.member(shop)
    post_one(shop, purchase(third, 10_000))
    post_one(shop, gift(third, friend, 1))
    refusal = post(shop, gift(third, friend, 1))[0].refusal
    assert (refusal.field, refusal.detail) == ("to", "The receiver was given 2 times this year; 2 are possible.")


def test_a_gift_of_many_lots_is_one_gift(shop, who, friend):
    terms(shop, transfer_daily_count=2, transfer_yearly_count=3)
    post_one(shop, purchase(who, 10_000))
    third = factories.member(shop)
    post_one(shop, purchase(third, 10_000))
    results = post(shop, gift(who, friend, 150), gift(third, friend, 1), gift(third, friend, 1))
    assert [result.status for result in results] == ["posted", "posted", "refused"]
    assert refused(shop, gift(who, friend, 1)) == ("not_transferable", "to")


def test_a_date_of_long_ago_does_not_dodge_the_limit(shop, who, friend):
    terms(shop, transfer_daily_count=1)
    now = timezone.now()
    post_one(shop, gift(who, friend, 1, activity_at=now - timedelta(days=3)), now=now)
    assert refused(shop, gift(who, friend, 1, activity_at=now - timedelta(days=5)), now=now)


def test_what_was_received_cannot_be_passed_on_at_once(shop, who, friend):
    """F-09: from one to many and back within a day is stopped; own points may be given."""
    terms(shop, transfer_cooling_days=7)
    now = timezone.now()
    post_one(shop, gift(who, friend, 60), now=now)
    later = now + timedelta(days=7)
    assert refused(shop, gift(friend, who, 1), now=later - timedelta(seconds=1)) == ("insufficient_points", "points")
    post_one(shop, purchase(friend, 500), now=later - timedelta(seconds=1))
    assert refused(shop, gift(friend, who, 6), now=later - timedelta(seconds=1)) == ("insufficient_points", "points")
    assert refused(shop, gift(friend, who, 65), now=later) is None


def test_a_gift_is_not_passed_on_within_one_batch(shop, who, friend):
    terms(shop, transfer_cooling_days=7)
    results = post(shop, gift(who, friend, 60), gift(friend, who, 60))
    assert [result.status for result in results] == ["posted", "refused"]


def test_what_was_received_may_be_spent(shop, who, friend):
    terms(shop, transfer_cooling_days=7)
    post_one(shop, gift(who, friend, 60))
    assert post_one(shop, redemption(friend, 60)).status == "posted"


def test_a_gift_said_twice_counts_once(shop, who, friend):
    item = gift(who, friend, 10, "g-1")
    results = post(shop, item), post(shop, item)
    assert [result[0].status for result in results] == ["posted", "replayed"]
    assert held(friend) == 10


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_twenty_gifts_at_once_from_a_balance_for_one():
    """C20-X1: exactly one succeeds."""
    made = terms(factories.program())
    giver = factories.member(made)
    takers = [factories.member(made) for _ in range(20)]
    post_one(made, purchase(giver, 10_000))
    results = at_once(*[lambda taker=taker: post(made, gift(giver, taker, 100))[0] for taker in takers])
    assert sorted(result.status for result in results) == ["posted", *["refused"] * 19]
    assert {result.refusal.code for result in results if result.refusal} == {"insufficient_points"}
    assert held(giver) == 0
    assert sorted(map(held, takers)) == [*[0] * 19, 100]
    assert_balanced(made)


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_daily_limit_holds_against_many_gifts_at_once():
    made = terms(factories.program(), transfer_daily_limit=50)
    giver, taker = factories.member(made), factories.member(made)
    post_one(made, purchase(giver, 100_000))
    results = at_once(*[lambda: post(made, gift(giver, taker, 20))[0] for _ in range(10)])
    assert sorted(result.status for result in results) == ["posted", "posted", *["refused"] * 8]
    assert held(taker) == 40
    assert_balanced(made)


@pytest.mark.slow
@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_ring_of_gifts_keeps_its_sum():
    """R-05: 8 members with 60 points each, 16 threads, gifts in all directions: no deadlock, nothing lost, and
    nothing missing at any moment."""
    made = terms(factories.program())
    people = [factories.member(made) for _ in range(8)]
    post(made, *[purchase(person, 6_000) for person in people])

    def give(thread):
        statuses = set()
        for step in range(20):
            giver, taker = people[(thread + step) % 8], people[(thread * 3 + step * 5 + 1) % 8]
            if giver != taker:
                statuses.add(post(made, gift(giver, taker, 1 + step * 2 % 40))[0].status)
        return statuses

    everything = Balance.objects.filter(currency__code="points")
    with watching(lambda: everything.aggregate(sum=Sum("available"))["sum"]) as seen:
        outcomes = at_once(*[lambda thread=thread: give(thread) for thread in range(16)])
    assert set().union(*outcomes) == {"posted", "refused"}
    assert sum(map(held, people)) == 480
    assert len(seen) >= 100
    assert set(seen) == {480}
    assert_balanced(made)
