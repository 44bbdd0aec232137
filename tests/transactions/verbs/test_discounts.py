"""Money off that tills are told of: answered, written down, capped, and back with the goods (C7, C8, C14)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from programs.models import ExchangeRate, PromotionCode
from tests.support import factories
from tests.support.capped import cap, used
from tests.support.discounted import buy, off, spent, told, trace
from tests.support.factories import post_one, reversal
from tests.support.promoting import earned, promotion, uses
from transactions.models import PromotionUse
from transactions.proof.sentences import explain


@pytest.fixture
def offer(plain):
    """A promotion that takes 10 percent off and gives no points."""
    made = promotion(plain)
    plain.rules.filter(code="spring").delete()
    off(plain, promotion=made)
    return made


def refund(made, result, amount=None):
    given = {} if amount is None else {"amount": amount}
    done = post_one(made, reversal(result.journal_id, **given))
    assert done.status == "posted", done.refusal
    return done


def test_the_answer_says_what_each_rule_takes_off_and_what_is_paid_gives_points(plain, ada):
    off(plain)
    off(plain, "voucher", amount="5")
    result = buy(plain, ada, 10000, 5000)
    row = {"rule": "off", "name": "Off", "promotion": None, "amount": "15.00", "lines": None}
    assert result.answer["discounts"][0] == row
    assert told(result) == {"off": "15.00", "voucher": "5.00"}
    assert result.answer["discount_total"] == "20.00"
    assert earned(result) == 150


def test_a_program_without_discounts_says_nothing_of_them(plain, ada):
    result = buy(plain, ada, 10000, taken=[1000])
    assert "discounts" not in result.answer
    assert "taken_off" not in trace(result)


def test_what_the_till_took_off_counts_as_told(plain, ada):
    off(plain)
    result = buy(plain, ada, 10000, 5000, taken=[1000, 500])
    assert told(result) == {"off": "15.00"}
    assert earned(result) == 135
    assert trace(result)["taken_off"] == {"amount": 1500, "money": "EUR"}
    said = explain(trace(result), {})
    assert "“Off” (rule off, version 1) takes 15.00 EUR off: exactly 15." in said
    assert not any("The till took" in one for one in said)


@pytest.mark.parametrize("taken", [400, 1600])
def test_where_the_till_took_off_something_else_both_are_told_and_its_money_counts(plain, ada, taken):
    off(plain)
    result = buy(plain, ada, 10000, taken=[taken])
    assert told(result) == {"off": "10.00"}
    assert earned(result) == (10000 - taken) // 100
    expected = f"The till took {taken // 100}.00 EUR off its lines where the rules take 10.00 EUR off"
    assert any(one.startswith(expected) for one in explain(trace(result), {}))


def test_in_foreign_money_it_is_told_in_that_and_counted_in_the_programs(plain, ada, offer):
    ExchangeRate.objects.create(program=plain, money="USD", on=timezone.localdate() - timedelta(days=2), rate="0.5")
    result = buy(plain, ada, 10000, money="USD")
    assert told(result) == {"off": "10.00"}
    assert spent() == 500


# Promotions.


def test_a_promotion_keeps_what_it_takes_off_and_uses_up_its_codes(plain, ada, offer):
    offer.uses_per_code = 1
    offer.save()
    PromotionCode.objects.create(promotion=offer, code="AB12")
    assert told(buy(plain, ada, 10000)) == {}
    result = buy(plain, ada, 10000, code="ab12")
    assert told(result) == {"off": "10.00"}
    use = PromotionUse.objects.get()
    assert (use.promotion, use.journal_id, use.currency, use.points, use.discount) == (
        offer,
        result.journal_id,
        None,
        0,
        1000,
    )
    assert trace(result)["codes"].keys() == {"spring"}
    assert uses("spring") == {"AB12": 1}
    assert told(buy(plain, ada, 10000, code="AB12")) == {}
    refund(plain, result)
    assert uses("spring") == {"AB12": 0}
    assert spent() == 0


def test_a_code_comes_back_when_neither_points_nor_money_off_are_left(plain, ada):
    both = promotion(plain, uses_per_code=1)
    off(plain, promotion=both, conditions={"amount": {"least": "50"}}, amount="5")
    PromotionCode.objects.create(promotion=both, code="AB12")
    result = buy(plain, ada, 10000, code="AB12")
    assert (earned(result), told(result)) == (150, {"off": "5.00"})
    refund(plain, result, 6000)
    assert (spent(), uses("spring")) == (0, {"AB12": 1})
    refund(plain, result)
    assert uses("spring") == {"AB12": 0}


def test_a_refund_of_a_part_takes_back_what_the_rest_does_not_deserve(plain, ada, offer):
    result = buy(plain, ada, 10000, taken=[1000])
    assert spent() == 1000
    first = refund(plain, result, 4500)
    assert spent() == 500
    assert trace(first)["discounts_back"] == {"spring": 500}
    refund(plain, result)
    assert spent() == 0


def test_a_refund_in_proportion_keeps_the_part_of_what_is_left(plain, ada, offer):
    result = buy(plain, ada, 10000, taken=[1000])
    post_one(plain, reversal(result.journal_id, amount=3000, mode="proportional"))
    assert spent() == 666


@pytest.mark.parametrize("parts", [[9000], [3000, 3000, 3000], [1, 8999], [333, 333, 333, 8001]])
def test_any_parts_of_a_refund_leave_nothing_behind(plain, ada, offer, parts):
    budget = cap(plain, "budget", 5000, measure="discount", scope="program", period="ever", promotion=offer)
    result = buy(plain, ada, 7000, 3000, taken=[700, 300])
    assert used("budget") == [1000]
    left = 9000
    for part in parts:
        refund(plain, result, part)
        left -= part
        # What is left of the price, of which the discount is rounded down.
        assert spent() == left * 10 // 9 // 10
        assert used("budget") == [spent()]
    assert budget.code == "budget"
    assert spent() == 0


def test_a_replaced_order_gives_back_what_it_took_off(plain, ada, offer):
    first = buy(plain, ada, 10000, external_id="o-1")
    assert spent() == 1000
    second = buy(plain, ada, 4000, external_id="o-2", replaces="o-1")
    assert second.status == "posted", second.refusal
    assert spent() == 400
    assert first.status == "posted"


# Caps.


def test_a_budget_of_money_off_is_given_out_to_the_last_unit(plain, ada, offer):
    cap(plain, "budget", 2500, measure="discount", scope="program", period="ever", promotion=offer)
    assert [told(buy(plain, ada, 10000))["off"] for _ in range(4)] == ["10.00", "10.00", "5.00", "0.00"]
    assert used("budget") == [2500]
    assert spent() == 2500


def test_the_trace_tells_what_a_budget_cut_in_money(plain, ada):
    off(plain)
    cap(plain, "budget", 400, measure="discount", scope="program", period="ever", rule=plain.rules.get(code="off"))
    result = buy(plain, ada, 10000)
    [row] = trace(result)["discounts"]
    assert (row["amount"], row["desired"]) == (400, 1000)
    assert "desired_points" not in result.answer
    said = explain(trace(result), {})
    assert "“Off” (rule off, version 1) takes 10.00 EUR off: exactly 10; caps left 4.00 EUR of it." in said
    assert "“Budget” cut 10.00 to 4.00 EUR off: 6.00 lost. It never resets." in said


def test_one_that_refuses_says_in_money_what_is_left(plain, ada):
    off(plain)
    rule = plain.rules.get(code="off")
    cap(plain, "budget", 400, measure="discount", scope="program", period="ever", rule=rule, behaviour="reject")
    [result] = factories.post(plain, factories.purchase(ada, 10000))
    assert result.refusal.code == "cap_reached"
    assert "4.00 EUR more may be taken off" in result.refusal.detail


def test_money_off_is_a_use_of_its_rule_and_its_promotion(plain, ada, offer):
    cap(plain, "twice", 2, measure="uses", period="ever", rule=plain.rules.get(code="off"))
    cap(plain, "thrice", 3, measure="uses", period="ever", promotion=offer)
    results = [buy(plain, ada, 10000) for _ in range(3)]
    assert [told(result)["off"] for result in results] == ["10.00", "10.00", "0.00"]
    assert (used("twice"), used("thrice")) == ([2], [2])
    refund(plain, results[0])
    assert (used("twice"), used("thrice")) == ([1], [1])
    assert told(buy(plain, ada, 10000)) == {"off": "10.00"}


def test_a_use_by_points_and_money_off_is_one_and_comes_back_with_both(plain, ada):
    both = promotion(plain)
    off(plain, promotion=both)
    cap(plain, "once", 1, measure="uses", period="ever", promotion=both)
    result = buy(plain, ada, 10000)
    assert (earned(result), told(result), used("once")) == (150, {"off": "10.00"}, [1])
    again = buy(plain, ada, 10000)
    assert (earned(again), told(again), used("once")) == (100, {"off": "0.00"}, [1])
    refund(plain, result, 5000)
    assert used("once") == [1]
    refund(plain, result)
    assert used("once") == [0]


def test_caps_of_points_do_not_know_money_off(plain, ada):
    off(plain)
    cap(plain, "few", 20, measure="points", scope="transaction")
    cap(plain, "twice", 2, measure="uses", period="ever")
    result = buy(plain, ada, 10000)
    assert (earned(result), told(result)) == (20, {"off": "10.00"})
    assert used("twice") == [1]


def test_a_refund_gives_back_no_more_than_a_budget_had_let_through(plain, ada, offer):
    cap(plain, "budget", 400, measure="discount", scope="program", period="ever", promotion=offer)
    result = buy(plain, ada, 10000, taken=[400])
    assert told(result) == {"off": "4.00"}
    refund(plain, result, 4800)
    assert (spent(), used("budget")) == (400, [400])
    refund(plain, result, 2400)
    assert (spent(), used("budget")) == (250, [250])
    refund(plain, result)
    assert (spent(), used("budget")) == (0, [0])
