"""What posting did is told to whoever listens, in the transaction that did it, and to nobody else."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import Event
from partners.activity import Adjustment, EarlyRelease, Transfer
from tests.support import factories
from tests.support.currencies import change
from tests.support.factories import at, post, post_one, purchase, redemption, reversal
from tests.support.reserving import T0, T1, T2, decide, reserve
from tests.support.told import listen, names, told
from transactions import ledger

pytestmark = pytest.mark.django_db

NOW = at(2026, 3, 10)


@pytest.fixture
def rich(made, who):
    """A member with 500 points."""
    post_one(made, purchase(who, 50000, activity_at=at(2026, 1, 10)), now=at(2026, 1, 10))
    return who


def buy(made, who, amount, external_id="", *, on=NOW, **fields):
    return post_one(made, purchase(who, amount, external_id, activity_at=on, **fields), now=on)


def test_nobody_listens_and_nothing_is_told(made, who):
    buy(made, who, 60_000)
    assert not Event.objects.exists()


def test_somebody_listens_to_what_posting_does_not_tell(made, who):
    listen(made, "member.enrolled", "points.expiring")
    buy(made, who, 60_000)
    assert not Event.objects.exists()


def test_a_purchase_tells_what_was_earned_of_each_currency(made, who):
    listen(made)
    factories.store(made.owner, "lyon")
    result = buy(made, who, 12_000, "R-1", store="lyon", order="O-7")
    points, status = told(made)
    assert names([points, status]) == [("points.earned", "points", 120), ("points.earned", "status", 120)]
    assert (points.member_id, points.partner_id, points.occurred_at) == (who.pk, made.owner_id, NOW)
    assert points.recorded_at == NOW
    assert points.once == ""
    assert points.data == {
        "member": {
            "number": who.number,
            "program": made.code,
            "status": "active",
            "enrolled_at": who.enrolled_at.isoformat().replace("+00:00", "Z"),
            "balances": [
                {"currency": code, "balance": 120, "available": 120, "pending": 0, "reserved": 0, "arrears": 0}
                for code in ("points", "status")
            ],
            "tiers": [{"group": "main", "tier": "base", "name": "Base", "valid_until": None}],
        },
        "transaction": {
            "id": result.journal_id,
            "kind": "accrual",
            "activity": "purchase",
            "external_id": "R-1",
            "activity_at": "2026-03-10T12:00:00Z",
            "partner": made.owner.code,
            "store": "lyon",
            "amount": "120.00",
            "money": "EUR",
            "order": "O-7",
        },
        "points": {"currency": "points", "points": 120, "available_at": None, "expires_at": "2027-03-31T22:00:00Z"},
        "balance": {"currency": "points", "before": 0, "balance": 120},
    }


def test_only_what_somebody_listens_to_is_told(made, who):
    listen(made, "points.redeemed", "tier.upgraded")
    buy(made, who, 12_000)
    assert not Event.objects.exists()
    post_one(made, redemption(who, 20, "S-1"), now=NOW)
    [spent] = told(made)
    assert names([spent]) == [("points.redeemed", "points", -20)]
    assert spent.data["balance"] == {"currency": "points", "before": 120, "balance": 100}
    assert spent.data["transaction"]["amount"] is None


def test_several_credits_of_a_currency_by_one_purchase_are_one_event(made, who):
    factories.rule(made, "extra", "fixed", {"points": "7", "events": "purchase"}, group="extra")
    listen(made, "points.earned")
    post_one(made, purchase(who, 10_000, activity_at=NOW), now=NOW)
    assert names(told(made)) == [("points.earned", "points", 107), ("points.earned", "status", 100)]


def test_pending_points_are_told_when_they_are_earned_and_when_time_sets_them_free(made, who):
    change(made, pending_days=14)
    listen(made)
    buy(made, who, 10_000)
    pending, status = told(made)
    assert names([pending, status]) == [("points.pending", "points", 100), ("points.earned", "status", 100)]
    assert pending.data["points"]["available_at"] == "2026-03-23T23:00:00Z"
    assert pending.data["balance"] == {"currency": "points", "before": 0, "balance": 0}
    assert pending.data["member"]["balances"][0]["pending"] == 100
    later = NOW + timedelta(days=20)
    assert ledger.refresh(made.pk, [who.pk], now=later)
    [free] = told(made, since=status.pk)
    assert names([free]) == [("points.released", "points", 100)]
    assert free.occurred_at == at(2026, 3, 23, 23)
    assert free.recorded_at == later
    assert free.partner_id == made.owner_id
    assert free.data["points"]["expires_at"] == "2027-03-31T22:00:00Z"
    assert free.data["balance"] == {"currency": "points", "before": 0, "balance": 100}
    assert free.data["transaction"] | {"id": 0} == {
        "id": 0,
        "kind": "settlement",
        "activity": "settlement",
        "external_id": "2026-03-30",
        "activity_at": "2026-03-23T23:00:00Z",
        "partner": made.owner.code,
        "store": None,
        "amount": None,
        "money": "",
        "order": "",
    }


def test_points_that_are_released_by_hand_are_told_under_the_partner_who_did_it(made, who):
    change(made, pending_days=14)
    listen(made, "points.released")
    bought = buy(made, who, 10_000)
    post_one(made, EarlyRelease(external_id="E-1", journal_id=bought.journal_id, reason="Asked"), now=NOW)
    [free] = told(made)
    assert names([free]) == [("points.released", "points", 100)]
    assert free.data["transaction"]["external_id"] == "E-1"


def test_a_refund_tells_what_was_taken_back(made, who):
    bought = buy(made, who, 60_000)
    listen(made)
    post_one(made, reversal(bought.journal_id, "undo"), now=NOW)
    found = told(made)
    assert names(found) == [("points.reversed", "points", -600), ("points.reversed", "status", -600)]
    assert {one.data["transaction"]["kind"] for one in found} == {"reversal"}
    assert found[0].data["balance"] == {"currency": "points", "before": 600, "balance": 0}
    assert found[0].data["points"]["expires_at"] is None


def test_a_redemption_that_is_taken_back_tells_when_the_points_end(made, who):
    buy(made, who, 60_000)
    spent = post_one(made, redemption(who, 50), now=NOW)
    listen(made)
    post_one(made, reversal(spent.journal_id), now=NOW)
    [back] = told(made)
    assert names([back]) == [("points.reversed", "points", 50)]
    assert back.data["points"]["expires_at"] == "2027-03-31T22:00:00Z"


def test_a_correction_by_hand_is_told_either_way(made, who):
    listen(made)
    for number, points in enumerate((300, -100)):
        item = Adjustment(external_id=f"A-{number}", member={"number": who.number}, points=points, reason="Late")
        post_one(made, item, now=NOW)
    assert names(told(made)) == [("points.adjusted", "points", 300), ("points.adjusted", "points", -100)]


def test_a_transfer_is_told_to_both_and_the_fee_goes_along(made, who):
    change(made, transfers=True, transfer_fee_percent=10)
    friend = factories.member(made)
    buy(made, who, 20_000)
    listen(made)
    people = {"member": {"number": who.number}, "to": {"number": friend.number}}
    post_one(made, Transfer(external_id="G-1", points=100, **people), now=NOW)
    given, taken = told(made)
    assert names([given, taken]) == [("points.transferred", "points", -100), ("points.transferred", "points", 90)]
    assert (given.member_id, taken.member_id) == (who.pk, friend.pk)
    assert taken.data["points"]["expires_at"] == "2027-03-31T22:00:00Z"
    assert taken.data["member"]["number"] == friend.number


def test_reserved_points_are_told_when_they_are_redeemed_and_not_before(made, rich):
    listen(made)
    reserved = reserve(made, rich, 300, "r", T0)
    assert not told(made)
    decide(made, reserved, "confirm", T1)
    [spent] = told(made)
    assert names([spent]) == [("points.redeemed", "points", -300)]
    assert spent.data["transaction"]["id"] == reserved.journal_id
    assert spent.data["transaction"]["external_id"] == "r"
    assert spent.data["balance"] == {"currency": "points", "before": 200, "balance": 200}


@pytest.mark.parametrize("by", ["hand", "time"])
def test_reserved_points_that_are_given_back_are_told_to_nobody(made, rich, by):
    change(made, milestones="400")
    listen(made)
    reserved = reserve(made, rich, 300, "r", T0)
    if by == "hand":
        decide(made, reserved, "release", T1)
    else:
        assert ledger.refresh(made.pk, [rich.pk], now=T2)
    assert not told(made)


def test_points_that_end_are_told_once_for_each_day_of_the_books_when_somebody_looks(made, who):
    buy(made, who, 10_000)
    buy(made, who, 5_000, on=NOW + timedelta(days=30))
    listen(made)
    late = at(2027, 6, 1)
    assert ledger.refresh(made.pk, [who.pk], now=late)
    [ended] = told(made)
    assert names([ended]) == [("points.expired", "points", -150)]
    assert ended.occurred_at == at(2027, 4, 30, 22)
    assert ended.data["balance"] == {"currency": "points", "before": 150, "balance": 0}
    assert not ledger.refresh(made.pk, [who.pk], now=late)
    assert len(told(made)) == 1


def test_what_time_did_comes_before_what_is_posted(made, who):
    buy(made, who, 10_000)
    listen(made)
    later = at(2027, 6, 1)
    buy(made, who, 3_000, on=later)
    assert names(told(made)) == [
        ("points.expired", "points", -100),
        ("points.earned", "points", 30),
        ("points.earned", "status", 30),
    ]


def test_a_dry_run_a_replay_and_a_refusal_tell_nothing(made, who):
    item = purchase(who, 10_000, "R-1", activity_at=NOW)
    post_one(made, item, now=NOW)
    listen(made)
    assert post(made, item, now=NOW)[0].status == "replayed"
    assert post(made, purchase(who, 60_000), now=NOW, dry_run=True)[0].status == "posted"
    assert post(made, redemption(who, 9_999), now=NOW)[0].status == "refused"
    assert not Event.objects.exists()


def test_what_is_rolled_back_was_never_told(made, who, monkeypatch):
    listen(made)

    def fail(*_):
        raise RuntimeError("the power went out")

    with monkeypatch.context() as broken:
        broken.setattr("transactions.books.counters.Counters.save", lambda *_: fail)
        with pytest.raises(RuntimeError):
            post_one(made, purchase(who, 10_000), now=NOW)
    assert not Event.objects.exists()
    assert post_one(made, purchase(who, 10_000), now=NOW).status == "posted"
    assert Event.objects.count() == 2


def test_a_batch_of_500_tells_with_one_statement_more(made):
    people = [factories.member(made) for _ in range(10)]
    till = factories.till(made)
    post(made, *[purchase(one, 200_000) for one in people], via=till)

    def statements():
        with CaptureQueriesContext(connection) as log:
            post(made, *[purchase(people[n % 10], 1000) for n in range(500)], via=till)
        return [query["sql"] for query in log.captured_queries]

    alone = statements()
    listen(made)
    heard = statements()
    assert len(heard) == len(alone) + 1
    assert sum("members_event" in sql for sql in heard) == 1
    assert Event.objects.count() == 1000
    assert Event.objects.values("name").distinct().count() == 1000


def test_a_program_does_not_hear_of_another_one(made, who):
    other = factories.program()
    listen(other)
    buy(made, who, 10_000)
    assert not Event.objects.exists()
