"""A refund that comes ahead of its purchase waits for it, is matched with it, or is given up (C14)."""

import pytest

from partners.stored import dump
from programs.models import ExchangeRate
from tests.support import factories
from tests.support.books_balance import state
from tests.support.factories import at, held, post, purchase, reversal
from tests.support.refunding import NOW, buy, refund
from transactions.models import Journal
from transactions.reviews import decisions

pytestmark = pytest.mark.usefixtures("books_balance")


def test_a_refund_ahead_of_its_purchase_waits_and_is_matched(made, who):
    early = post(made, reversal(0, "undo", order="o-1", amount=4000), now=NOW)[0]
    assert early.status == "kept"
    journal = Journal.objects.get(pk=early.journal_id)
    assert (journal.status, journal.order_ref, journal.due_at) == ("pending", "o-1", at(2026, 3, 3))
    bought = buy(made, who, 10000, "o-1")
    assert state(who) == (60, 0, 0, 0)
    journal.refresh_from_db()
    assert (journal.status, journal.reverses_id, journal.member) == ("processed", bought.journal_id, who)
    # What it took is known to the next one, and to whoever asks again.
    assert post(made, reversal(0, "undo", order="o-1", amount=4000), now=NOW)[0].status == "replayed"
    refund(made, bought)
    assert state(who) == (0, 0, 0, 0)


@pytest.mark.parametrize("refund_first", [True, False])
def test_refund_and_purchase_in_one_batch_find_each_other(made, who, refund_first):
    items = [purchase(who, 10000, "o-1", activity_at=NOW), reversal(0, "undo", order="o-1", activity_at=NOW)]
    results = post(made, *(reversed(items) if refund_first else items), now=NOW)
    assert [r.status for r in results] == ["posted", "posted"]
    assert state(who) == (0, 0, 0, 0)


def test_a_refund_that_does_not_fit_its_order_fails_with_the_reason(made, who):
    early = post(made, reversal(0, "undo", order="o-1", amount=20000), now=NOW)[0]
    buy(made, who, 10000, "o-1")
    journal = Journal.objects.get(pk=early.journal_id)
    assert journal.status == "failed"
    assert journal.error.startswith("Less than that is left")
    assert journal.error.endswith("refund at most 100.00 EUR.")
    assert decisions.retry(journal.pk, now=NOW).status == "refused"
    assert decisions.reject(journal.pk, reason="A typing error", now=NOW).status == "rejected"
    assert held(who) == 100


@pytest.mark.parametrize(
    ("order", "refund", "status"),
    [("USD", "USD", "processed"), ("USD", "", "processed"), ("USD", "EUR", "failed"), ("", "USD", "failed")],
)
def test_an_early_refund_is_in_the_money_of_its_order(made, who, order, refund, status):
    ExchangeRate.objects.create(program=made, money="USD", on=NOW.date(), rate="0.92")
    early = post(made, reversal(0, "undo", order="o-1", amount=5000, money=refund), now=NOW)[0]
    buy(made, who, 10000, "o-1", money=order)
    journal = Journal.objects.get(pk=early.journal_id)
    assert journal.status == status
    if status == "processed":
        # C24-X1: at the rate of the purchase.
        assert held(who) == 46
    else:
        assert journal.error == f"The order was paid in {order or 'EUR'}, and the refund is in {refund}."
        assert held(who) == (92 if order else 100)


def test_a_refund_whose_order_never_comes_is_given_up_after_thirty_days(made, who):
    early = post(made, reversal(0, "undo", order="o-1"), now=NOW)[0]
    assert decisions.give_up(now=at(2026, 3, 2)) == 0
    assert decisions.give_up(now=at(2026, 3, 3)) == 1
    assert decisions.give_up(now=at(2026, 3, 3)) == 0
    journal = Journal.objects.get(pk=early.journal_id)
    assert (journal.status, journal.error) == ("rejected", "The order never came.")
    buy(made, who, 10000, "o-1")
    assert held(who) == 100


def test_a_refund_and_its_order_that_missed_each_other_are_matched_at_night(made, who):
    """Both were written at the same moment, and neither saw the other."""
    bought = buy(made, who, 10000, "o-1")
    item = reversal(0, "undo", order="o-1")
    stored = {"connection": factories.till(made), "kind": "reversal", "status": "pending", "payload": dump(item)}
    waiting = Journal.objects.create(
        program=made, external_id="undo", order_ref="o-1", activity_at=NOW, program_version=made.version, **stored
    )
    assert decisions.match(now=NOW) == 1
    assert decisions.match(now=NOW) == 0
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reverses_id, held(who)) == ("processed", bought.journal_id, 0)


def test_the_refund_of_an_order_that_is_held_waits_for_the_decision(made, who):
    held_order = post(made, purchase(who, 10000, "o-1", hold="Odd"), now=NOW)[0]
    waiting = post(made, reversal(0, "undo", order="o-1", amount=4000), now=NOW)[0]
    assert waiting.status == "kept"
    assert post(made, reversal(held_order.journal_id), now=NOW)[0].refusal.code == "not_reversible"
    decisions.approve(held_order.journal_id, now=NOW)
    assert state(who) == (60, 0, 0, 0)


def test_an_early_refund_of_nothing_fails_when_its_order_comes(made, who):
    early = post(made, reversal(0, "undo", order="o-1", amount=0), now=NOW)[0]
    buy(made, who, 10000, "o-1")
    journal = Journal.objects.get(pk=early.journal_id)
    assert (journal.status, journal.error[:8], held(who)) == ("failed", "Nothing ", 100)
