"""Who decided what was held, had failed or waited? It is stored with the outcome, and never changes again."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from members.models import Relation
from partners.activity import Decision
from programs.models import ExchangeRate
from tests.support import factories
from tests.support.factories import at, post, post_one, purchase, redemption, reversal
from transactions.models import Journal
from transactions.reviews import decisions

NOW = at(2026, 5, 4)
LATER = at(2026, 5, 5)


@pytest.fixture
def judge(marketing):
    return marketing


@pytest.fixture
def odd(made, who):
    return post(made, purchase(who, 10000, "odd", hold="Odd", activity_at=NOW), now=NOW)[0].journal_id


@pytest.fixture
def failed(made, who):
    """A purchase in a money that has no rate."""
    return post(made, purchase(who, 10000, "far", money="JPY", activity_at=NOW), now=NOW)[0].journal_id


def decided(journal_id):
    journal = Journal.objects.get(pk=journal_id)
    return journal.status, journal.decided_by, journal.decided_at


def test_what_nobody_decided_names_nobody(made, who, odd):
    assert decided(odd) == ("held", None, None)
    booked = post_one(made, purchase(who, 100), now=NOW).journal_id
    assert decided(booked) == ("processed", None, None)


def test_who_approves_is_stored_with_the_outcome(odd, judge):
    decisions.approve(odd, user=judge, now=LATER)
    assert decided(odd) == ("processed", judge, LATER)


def test_who_rejects_is_stored_with_the_outcome(odd, judge):
    decisions.reject(odd, reason="A trial", user=judge, now=LATER)
    assert decided(odd) == ("rejected", judge, LATER)


def test_who_retried_is_stored_when_it_worked_and_not_before(made, failed, judge):
    assert decisions.retry(failed, user=judge, now=NOW).status == "kept"
    assert decided(failed) == ("failed", None, None)
    ExchangeRate.objects.create(program=made, money="JPY", on=NOW.date(), rate="0.01")
    decisions.retry(failed, user=judge, now=LATER)
    assert decided(failed) == ("processed", judge, LATER)


def test_an_approval_that_the_ledger_refuses_decided_nothing(made, who, odd, judge):
    who.status = "suspended"
    who.save()
    result = decisions.approve(odd, user=judge, now=LATER)
    assert result.refusal
    assert decided(odd) == ("held", None, None)


def test_what_time_decides_names_nobody(made, who):
    ahead = post(made, reversal(0, "ahead", order="late"), now=NOW)[0].journal_id
    post_one(made, purchase(who, 5000, "late"), now=NOW)
    decisions.match(now=LATER)
    assert decided(ahead) == ("processed", None, None)


def test_an_owner_who_approves_for_a_group_is_named(made):
    owner, child = factories.member(made), factories.member(made)
    home = factories.member(made, kind="group", company_name="The Lovelaces")
    Relation.objects.create(member=owner, group=home, role="owner")
    Relation.objects.create(member=child, group=home, percent=50, may_redeem=True, needs_approval=True)
    post_one(made, purchase(child, 10000), now=NOW)
    asked = post(made, redemption(home, 20, by={"number": child.number}), now=NOW)[0]
    assert asked.status == "kept"
    decisions.approve(asked.journal_id, by=owner, now=LATER)
    journal = Journal.objects.get(pk=asked.journal_id)
    assert (journal.decided_by, journal.decided_by_member, journal.decided_at) == (None, owner, LATER)


@pytest.mark.parametrize(("action", "status"), [("confirm", "processed"), ("release", "rejected")])
def test_who_ends_a_reservation_at_the_desk_is_stored(made, who, judge, action, status):
    post_one(made, purchase(who, 10000), now=NOW)
    cart = post_one(made, redemption(who, 30, reserve_s=600), now=NOW).journal_id
    post_one(made, Decision(cart, action, "Asked to"), user=judge, now=NOW)
    assert decided(cart) == (status, judge, NOW)
    other = post_one(made, redemption(who, 30, reserve_s=600), now=NOW).journal_id
    post_one(made, Decision(other, action, "Asked to"), now=NOW)
    assert decided(other) == (status, None, None)


def test_a_decision_is_never_rewritten(odd, judge, boss):
    decisions.approve(odd, user=judge, now=LATER)
    for change in (
        f"decided_by_id = {boss.pk}",
        "decided_by_id = NULL, decided_at = NULL",
        "decided_at = received_at",
    ):
        with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(f"UPDATE transactions_journal SET {change}")
    assert decided(odd) == ("processed", judge, LATER)


def test_a_decision_has_a_time_and_somebody_who_made_it(odd, judge):
    for columns in ({"decided_at": LATER}, {"decided_by": judge}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Journal.objects.filter(pk=odd).put(**columns)
