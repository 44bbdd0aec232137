"""A purchase that a sender held for a second look is told to who may decide it, in the transaction of its batch."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import Event
from tests.support import factories
from tests.support.factories import held, post, post_one, purchase
from tests.support.staff_notes import fits, listed, spread, told
from tests.support.told import listen
from tests.support.told import told as told_of
from transactions.books.items import Result
from transactions.models.journals import NotOpen
from transactions.reviews import decisions


@pytest.fixture
def odd(made, who):
    return post(made, purchase(who, 10000, "odd", hold="Third order within a minute"))[0].journal_id


def test_what_is_held_is_told_once_however_often_it_is_sent(made, who, odd, marketing, store_staff):
    again = post(made, purchase(who, 10000, "odd", hold="Third order within a minute"))
    assert again[0].status == "replayed"
    (event,) = told("approval.requested")
    assert event.data["approval"] == {
        "id": odd,
        "kind": "transaction",
        "what": f"The purchase odd of member {who.number}, which was held",
        "by": "",
        "status": "waiting",
        "address": f"/admin/transactions/journal/{odd}/change/",
    }
    assert event.member == who
    assert fits(event)
    spread()
    assert listed("approval.requested") == ["marketing"]


def test_many_that_are_held_are_told_with_one_statement_and_the_others_not_at_all(made, who):
    post_one(made, purchase(who, 100))
    items = [purchase(who, 100, f"odd-{n}", hold="Odd") for n in range(20)] + [purchase(who, 100) for _ in range(3)]
    with CaptureQueriesContext(connection) as captured:
        post(made, *items)
    assert len(_to_the_events(captured)) == 1
    assert Event.objects.count() == len(told("approval.requested")) == 20


def _to_the_events(captured):
    """The statements that write events."""
    return [one for one in captured if "INSERT" in one["sql"] and "members_event" in one["sql"]]


def test_what_is_held_costs_no_statement_more_where_others_of_the_batch_are_told(made, who):
    listen(made, "points.earned")
    post_one(made, purchase(who, 100))
    with CaptureQueriesContext(connection) as booked:
        post(made, *[purchase(who, 100) for _ in range(5)])
    last = Event.objects.latest("pk").pk
    with CaptureQueriesContext(connection) as mixed:
        post(made, purchase(who, 100), purchase(who, 100, "odd", hold="Odd"), purchase(who, 100))
    assert len(_to_the_events(mixed)) == 1
    assert len(mixed) == len(booked)
    *earned, asked = told_of(made, since=last)
    assert {(one.type, one.once) for one in earned} == {("points.earned", "")}
    assert (asked.type, asked.member) == ("approval.requested", who)
    assert asked.once == f"approval.requested:transaction:{asked.data['approval']['id']}"


def test_what_is_booked_or_fails_tells_nobody_and_asks_nothing(made, who):
    with CaptureQueriesContext(connection) as captured:
        post_one(made, purchase(who, 100))
        assert post(made, purchase(who, 100, money="USD"))[0].status == "kept"
        post(made, purchase(who, 100, "dry", hold="Odd"), dry_run=True)
    assert not Event.objects.exists()
    assert not [one["sql"] for one in captured if "members_event" in one["sql"]]


def test_an_approval_settles_it_once(made, who, odd, marketing):
    spread()
    decisions.approve(odd, user=marketing)
    with pytest.raises(NotOpen):
        decisions.approve(odd)
    (event,) = told("approval.decided")
    assert event.data["approval"]["status"] == "approved"
    assert fits(event)
    spread(event)
    assert not marketing.notices.filter(read_at=None).exists()
    assert held(who) == 100


def test_a_rejection_settles_it(made, odd, marketing):
    spread()
    decisions.reject(odd, reason="A stolen card", user=marketing)
    (event,) = told("approval.decided")
    assert event.data["approval"]["status"] == "rejected"
    spread(event)
    assert not marketing.notices.filter(read_at=None).exists()


def test_an_approval_that_is_refused_decides_nothing(made, odd, monkeypatch):
    refused = Result("refused", odd, refusal=NotOpen("Not now.", field="transaction").refusal)
    monkeypatch.setattr(decisions.ledger, "resume", lambda *args, **options: refused)
    assert decisions.approve(odd).status == "refused"
    assert not told("approval.decided")


def test_what_failed_and_is_rejected_was_nobodys_request(made, who):
    failed = post(made, purchase(who, 100, money="USD"))[0]
    decisions.reject(failed.journal_id, reason="A slip")
    assert not Event.objects.exists()
    assert factories.held(who) == 0
