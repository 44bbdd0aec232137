"""Whichever way points move, whoever listens is told the same: by copies, by jobs, by merges and by files."""

from datetime import date, timedelta

import pytest

from members.models import Event
from partners.activity import Activity
from partners.models import Connection
from partners.opening import Opening
from tests.support import celebrating, factories
from tests.support.currencies import change
from tests.support.factories import at, post, post_one, purchase
from tests.support.merging import join
from tests.support.rolled_back import rolled_back
from tests.support.told import listen, names, told
from transactions.occasions import alike

pytestmark = pytest.mark.django_db

DAY, NOW = date(2026, 3, 10), at(2026, 3, 10, 3)


def without_keys(event):
    """What is told, but for keys that are made anew."""
    data = event.data | (
        {"transaction": {**event.data["transaction"], "id": 0}} if "transaction" in event.data else {}
    )
    return event.type, event.member_id, event.partner_id, event.occurred_at, data


def test_birthdays_are_told_alike_whether_they_are_copied_or_posted_one_by_one(made):
    celebrating.gift(made)
    change(made, milestones="100")
    made.refresh_from_db()
    people = [celebrating.born(made, "03-10") for _ in range(4)]
    factories.till(made, Connection.Platform.TIMETABLE)
    listen(made)
    found = []
    for is_general in (True, False):
        with rolled_back(), pytest.MonkeyPatch.context() as patch:
            if is_general:
                patch.setattr(alike, "give", lambda *a, **k: {})
            assert celebrating.give(made, DAY, NOW)["given"] == 4
            events = told(made)
            found.append([without_keys(one) for one in events])
    general, copied = found
    assert copied == general
    assert names(events)[:2] == [("points.earned", "points", 100), ("balance.milestone", "points", 100)]
    assert [one.member_id for one in events] == [who.pk for who in people for _ in range(2)]
    assert {one.data["points"]["expires_at"] for one in events if one.type == "points.earned"} == {
        "2027-03-31T22:00:00Z"
    }


def test_a_merge_moves_points_from_one_to_the_other(made, who):
    twin = factories.member(made)
    post_one(made, purchase(twin, 60_000))
    listen(made)
    join(twin, who)
    found = told(made)
    points = [one for one in found if one.type == "points.transferred" and one.data["points"]["currency"] == "points"]
    assert sorted((one.member_id, one.data["points"]["points"]) for one in points) == sorted(
        [(twin.pk, -600), (who.pk, 600)]
    )
    assert {one.data["transaction"]["kind"] for one in points} == {"merge"}
    assert [(one.member_id, *names([one])[0]) for one in found if one.type.startswith("tier.")] == [
        (who.pk, "tier.upgraded", "base", "silver")
    ]


def test_what_is_brought_from_elsewhere_is_told_to_nobody(made, who):
    change(made, milestones="100")
    made.refresh_from_db()
    listen(made)
    post_one(made, Opening(external_id="smile-1", member={"number": who.number}, source="smile", points=1500))
    assert not Event.objects.exists()


def test_points_that_wait_for_an_event_are_told_when_it_comes_and_when_it_never_came(made, who):
    change(made, pending_event="shipped", pending_deadline_days=30)
    made.refresh_from_db()
    listen(made, "points.pending", "points.released", "points.reversed")
    for order in ("O-1", "O-2"):
        post_one(made, purchase(who, 10_000, order, activity_at=NOW), now=NOW)
    pending = told(made)
    assert names(pending) == [("points.pending", "points", 100)] * 2
    assert pending[0].data["points"]["available_at"] is None
    later = NOW + timedelta(days=3)
    shipped = Activity(kind="shipped", external_id="S-1", member={"number": who.number}, order="O-1")
    post_one(made, shipped, now=later)
    [free] = told(made, since=pending[-1].pk)
    assert names([free]) == [("points.released", "points", 100)]
    assert free.data["transaction"]["external_id"] == "S-1"
    late = NOW + timedelta(days=60)
    post_one(made, purchase(who, 100, activity_at=late), now=late)
    gone = told(made, since=free.pk)[0]
    assert names([gone]) == [("points.reversed", "points", -100)]
    assert gone.data["transaction"]["kind"] == "settlement"


def test_a_purchase_and_a_redemption_of_one_batch_are_told_in_their_order(made, who):
    from_before = post_one(made, purchase(who, 60_000))
    assert from_before.status == "posted"
    listen(made)
    mixed = [purchase(who, 1_000, "M-1"), factories.redemption(who, 100, "M-2")]
    post(made, *mixed)
    assert names(told(made)) == [
        ("points.earned", "points", 12),
        ("points.earned", "status", 10),
        ("points.redeemed", "points", -100),
    ]


def test_a_redemption_that_is_taken_back_tells_what_came_back(made, who):
    post_one(made, purchase(who, 60_000))
    spent = post_one(made, factories.redemption(who, 100))
    listen(made)
    post_one(made, factories.reversal(spent.journal_id))
    [back] = told(made)
    assert names([back]) == [("points.reversed", "points", 100)]
    assert back.data["balance"] == {"currency": "points", "before": 500, "balance": 600}
