"""Staff credit and debit points with a reason, and take that back."""

import pytest

from partners.activity import Adjustment
from tests.support import factories
from tests.support.books_balance import state
from tests.support.factories import at, held, post, post_one, redemption, reversal
from tests.support.refunding import NOW, buy
from transactions.models import Entry, Journal

pytestmark = pytest.mark.usefixtures("books_balance")


def adjust(who, points, external_id, reason="Goodwill", **fields):
    return Adjustment(external_id, {"number": who.number}, points, reason, **fields)


def test_adjustments_with_a_reason_and_their_reversal(made, who):
    given = post_one(made, adjust(who, 100, "a"), now=NOW)
    taken = post_one(made, adjust(who, -30, "b"), now=NOW)
    assert state(who) == (70, 0, 0, 0)
    assert Journal.objects.get(pk=given.journal_id).reason == "Goodwill"
    assert post_one(made, reversal(taken.journal_id), now=NOW).answer["points"] == {"points": 30}
    assert state(who) == (100, 0, 0, 0)
    post_one(made, redemption(who, 60), now=NOW)
    answer = post_one(made, reversal(given.journal_id), now=NOW).answer
    assert (answer["points"], answer["unrecovered"]) == ({"points": -40}, {"points": 60})
    assert post(made, reversal(given.journal_id), now=NOW)[0].refusal.code == "not_reversible"
    assert state(who) == (0, 0, 0, 0)


def test_adjustments_of_qualifying_points_and_their_reversal(made, who):
    given = post_one(made, adjust(who, 600, "a", currency="status"), now=NOW)
    taken = post_one(made, adjust(who, -100, "b", currency="status"), now=NOW)
    assert (held(who, "status"), who.tallies.get().points) == (500, 500)
    post_one(made, reversal(taken.journal_id), now=NOW)
    assert (held(who, "status"), who.tallies.get().points) == (600, 600)
    post_one(made, reversal(given.journal_id), now=NOW)
    assert (held(who, "status"), who.tallies.get().points) == (0, 0)


def test_a_manual_debit_of_a_lot_that_has_ended_comes_back_with_grace(made, who):
    buy(made, who, 10000)
    taken = post_one(made, adjust(who, -40, "a"), now=NOW)
    later = at(2027, 3, 10)
    post_one(made, reversal(taken.journal_id), now=later)
    assert state(who) == (40, 0, 0, 0)
    assert [e.points for e in Entry.objects.filter(kind="expiry")] == [-60]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"reason": "  "}, "reason_missing"),
        ({"reason": "\u200b"}, "invalid_text"),
        ({"points": 0}, "invalid_number"),
        ({"points": -1}, "insufficient_points"),
        ({"activity_at": at(2026, 2, 2)}, "invalid_date"),
        ({"currency": "miles"}, "currency_unknown"),
    ],
)
def test_bad_adjustments_are_refused(made, who, count_rows, item, code):
    factories.till(made)
    before = count_rows()
    points, reason = item.pop("points", 5), item.pop("reason", "Goodwill")
    assert post(made, adjust(who, points, "a", reason, **item), now=NOW)[0].refusal.code == code
    assert count_rows() == before
