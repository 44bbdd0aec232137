"""What a journal did can be taken back once, as far as the points are still there."""

from datetime import timedelta

from django.utils import timezone

from members.models import Balance, Member
from tests.support.factories import at, held, post, post_one, purchase, redemption, reversal
from transactions.models import Journal, Lot, Trace


def remaining(who):
    return list(Lot.objects.filter(member=who).order_by("pk").values_list("points", "remaining"))


def uses(result):
    return list(Trace.objects.filter(entry__journal=result.journal_id).order_by("pk").values_list("lot", "points"))


def test_an_unspent_purchase_is_taken_back_whole(made, who):
    bought = post_one(made, purchase(who, 10000))
    answer = post_one(made, reversal(bought.journal_id, reason="returned")).answer
    assert answer["points"] == {"points": -100, "status": -100}
    assert answer["unrecovered"] == {}
    assert answer["reverses"] == bought.journal_id
    assert answer["balances"] == {"points": 0, "status": 0}
    assert remaining(who) == [(100, 0)]
    balance = Balance.objects.get(member=who, currency__code="points")
    assert (balance.available, balance.lifetime_earned, balance.lifetime_reversed) == (0, 100, 100)


def test_both_journals_say_so(made, who):
    bought = post_one(made, purchase(who, 10000))
    undone = post_one(made, reversal(bought.journal_id, "undo-1", reason="returned"))
    original = Journal.objects.get(pk=bought.journal_id)
    journal = Journal.objects.get(pk=undone.journal_id)
    assert original.status == "reversed"
    assert (journal.kind, journal.reverses, journal.reason, journal.activity) == (
        "reversal",
        original,
        "returned",
        "accrual reversed",
    )
    assert {entry.kind for entry in journal.entries.all()} == {"reversal_debit"}


def test_points_that_are_spent_are_told_as_unrecovered(made, who):
    bought = post_one(made, purchase(who, 10000))
    post_one(made, redemption(who, 70))
    answer = post_one(made, reversal(bought.journal_id)).answer
    assert answer["points"] == {"points": -30, "status": -100}
    assert answer["unrecovered"] == {"points": 70}
    assert held(who) == 0
    post_one(made, purchase(who, 12000))
    assert held(who) == 120


def test_spent_points_are_taken_from_other_lots_behind_its_own(made, who):
    bought = post_one(made, purchase(who, 10000, activity_at=timezone.now() - timedelta(days=90)))
    post_one(made, redemption(who, 70))
    other = post_one(made, purchase(who, 5000, activity_at=timezone.now() - timedelta(days=200)))
    undone = post_one(made, reversal(bought.journal_id))
    own, elder = (Lot.objects.get(entry__journal=r.journal_id).pk for r in (bought, other))
    assert uses(undone) == [(own, 30), (elder, 50)]
    assert undone.answer["unrecovered"] == {"points": 20}


def test_its_own_lot_is_taken_before_one_that_ends_sooner(made, who):
    post_one(made, purchase(who, 10000, activity_at=timezone.now() - timedelta(days=200)))
    bought = post_one(made, purchase(who, 5000))
    undone = post_one(made, reversal(bought.journal_id))
    assert uses(undone) == [(Lot.objects.get(entry__journal=bought.journal_id).pk, 50)]


def test_a_purchase_that_earned_nothing_can_be_reversed_too(made, who):
    bought = post_one(made, purchase(who, 50))
    assert post_one(made, reversal(bought.journal_id)).answer["points"] == {}
    assert Journal.objects.get(pk=bought.journal_id).status == "reversed"


def test_spent_points_go_back_to_the_lots_they_came_from(made, who):
    for amount in (3000, 5000):
        post_one(made, purchase(who, amount))
    spent = post_one(made, redemption(who, 40))
    before = remaining(who)
    undone = post_one(made, reversal(spent.journal_id))
    assert before == [(30, 0), (50, 40)]
    assert remaining(who) == [(30, 30), (50, 50)]
    # The newest consumed comes back first: what lives longest is whole again soonest.
    assert uses(undone) == [(lot, -points) for lot, points in reversed(uses(spent))]
    assert undone.answer["points"] == {"points": 40}
    balance = Balance.objects.get(member=who, currency__code="points")
    assert (balance.available, balance.lifetime_redeemed) == (80, 0)


def test_points_of_a_lot_that_has_ended_get_a_successor_for_thirty_days(made, who):
    post_one(made, purchase(who, 10000, activity_at=at(2025, 1, 10)), now=at(2025, 1, 10))
    post_one(made, purchase(who, 5000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    spent = post_one(made, redemption(who, 120), now=at(2026, 1, 15))
    undone = post_one(made, reversal(spent.journal_id), now=at(2026, 2, 10))
    first, second, successor = Lot.objects.filter(member=who).order_by("pk")
    assert (first.remaining, second.remaining) == (0, 50)
    assert (successor.points, successor.remaining) == (100, 100)
    # Thirty days behind the reversal, inclusive, in Paris.
    assert successor.expires_at == at(2026, 3, 12, 23)
    assert undone.answer["points"] == {"points": 120}
    assert held(who) == 150
    assert sum(who.entries.filter(currency__code="points").values_list("points", flat=True)) == 150


def test_points_that_came_back_can_be_spent_and_come_back_again(made, who):
    post_one(made, purchase(who, 10000))
    for _ in range(3):
        spent = post_one(made, redemption(who, 100))
        post_one(made, reversal(spent.journal_id))
    assert remaining(who) == [(100, 100)]
    assert held(who) == 100


def test_a_journal_is_reversed_once(made, who):
    bought = post_one(made, purchase(who, 10000))
    post_one(made, purchase(who, 10000))
    post_one(made, reversal(bought.journal_id, "a"))
    refusal = post(made, reversal(bought.journal_id, "b"))[0].refusal
    assert (refusal.code, refusal.field) == ("not_reversible", "transaction")
    assert held(who) == 100


def test_a_journal_is_reversed_once_within_one_batch_too(made, who):
    bought = post_one(made, purchase(who, 10000))
    post_one(made, purchase(who, 10000))
    first, second = post(made, reversal(bought.journal_id, "a"), reversal(bought.journal_id, "b"))
    assert (first.status, second.status) == ("posted", "refused")
    assert second.refusal.code == "not_reversible"
    assert held(who) == 100


def test_the_same_reversal_again_gets_the_stored_answer(made, who):
    bought = post_one(made, purchase(who, 10000))
    item = reversal(bought.journal_id, "a")
    first = post_one(made, item)
    again = post(made, item)[0]
    assert (again.status, again.journal_id, again.answer) == ("replayed", first.journal_id, first.answer)


def test_a_reversal_is_final(made, who):
    bought = post_one(made, purchase(who, 10000))
    undone = post_one(made, reversal(bought.journal_id))
    assert post(made, reversal(undone.journal_id))[0].refusal.code == "not_reversible"


def test_a_reversal_reaches_a_member_who_has_left(made, who):
    bought = post_one(made, purchase(who, 10000))
    Member.objects.filter(pk=who.pk).update(status=Member.Status.CLOSED)
    assert post_one(made, reversal(bought.journal_id)).answer["points"]["points"] == -100


def test_redeeming_reversing_and_earning_in_one_batch_add_up(made, who):
    bought = post_one(made, purchase(who, 10000))
    spent = post_one(made, redemption(who, 60))
    results = post(made, reversal(spent.journal_id), purchase(who, 1000), reversal(bought.journal_id))
    assert [result.status for result in results] == ["posted"] * 3
    assert results[2].answer["unrecovered"] == {}
    assert held(who) == 10
    assert sum(lot.remaining for lot in Lot.objects.filter(member=who)) == 10


def test_an_accrual_and_its_full_reversal_leave_what_was_before(made, who):
    post_one(made, purchase(who, 3000))
    before = (held(who), held(who, "status"), who.tallies.get().points, remaining(who))
    bought = post_one(made, purchase(who, 10000))
    post_one(made, reversal(bought.journal_id))
    assert (held(who), held(who, "status"), who.tallies.get().points, remaining(who)[:1]) == before
