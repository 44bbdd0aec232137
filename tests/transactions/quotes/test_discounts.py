"""A till is told of the money off that posting then counts, and of the points that are left then (C7)."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from loyalty_site.lib import money
from partners.activity import Line
from programs.models import ExchangeRate
from tests.support import factories
from tests.support.capped import cap
from tests.support.discounted import off
from tests.support.factories import purchase
from tests.support.few_examples import few_examples
from tests.support.promoting import promotion
from tests.support.quoted import posted, quoted
from tests.support.rolled_back import rolled_back
from transactions.quotes.discounted import less

AT = factories.at(2026, 3, 4)
LINES = st.lists(
    st.builds(
        Line,
        sku=st.sampled_from(["A", "B"]),
        category=st.sampled_from(["shoes", "hats"]),
        amount=st.integers(0, 20_000),
        quantity=st.integers(1, 3),
    ),
    min_size=1,
    max_size=4,
)
PARAMS = st.one_of(
    st.builds(lambda n: {"percent": str(n)}, st.integers(1, 100)),
    st.builds(lambda n, most: {"percent": str(n), "most": str(most)}, st.integers(1, 100), st.integers(1, 40)),
    st.builds(lambda n: {"amount": str(n)}, st.integers(1, 60)),
)
CONDITIONS = st.sampled_from([{}, {"categories": ["shoes"]}, {"not": {"products": ["A"]}}, {"amount": {"least": 50}}])


@few_examples
@given(
    lines=LINES,
    rules=st.lists(st.tuples(PARAMS, CONDITIONS), min_size=1, max_size=3),
    shipping=st.integers(0, 500),
    iso=st.sampled_from(["EUR", "EUR", "USD"]),
)
def test_posting_what_the_till_took_off_says_and_gives_what_was_told(plain, ada, lines, rules, shipping, iso):
    with rolled_back():
        ExchangeRate.objects.create(program=plain, money="USD", on="2026-03-03", rate="0.92")
        for place, (params, conditions) in enumerate(rules):
            off(plain, f"off-{place}", conditions=conditions, **params)
        whole = sum(line.amount for line in lines) + shipping
        item = purchase(ada, whole, lines=tuple(lines), shipping=shipping, activity_at=AT, money=iso)
        told = quoted(plain, item, AT)
        rows = told.answer.get("discounts", [])
        assert told.answer == posted(plain, item, AT)[0].answer
        total = money.parse(told.answer.get("discount_total", "0"), 2)
        assert 0 <= total <= sum(line.amount for line in lines)
        assert (told.earns_after is None) == (not rows)
        done = less(item, rows, told.configuration)
        taken = sum(line.discount for line in done.lines)
        assert item.paid - done.paid == taken
        assert total - len(rules) < taken <= total
        result = posted(plain, done, AT)[0]
        assert result.answer.get("discounts", []) == rows
        if rows:
            assert result.answer["points"] == told.earns_after


def test_points_are_told_for_what_was_sent_and_for_what_is_left_to_pay(plain, ada):
    off(plain)
    told = quoted(plain, purchase(ada, 10_000), AT)
    assert told.answer["points"] == {"points": 100}
    assert told.answer["discount_total"] == "10.00"
    assert told.earns_after == {"points": 90}


def test_of_a_basket_that_says_what_was_taken_off_no_second_points_are_told(plain, ada):
    off(plain)
    lines = (factories.line("A", 10_000, discount=1_000),)
    told = quoted(plain, purchase(ada, 9_000, lines=lines), AT)
    assert told.answer["discount_total"] == "10.00"
    assert told.earns_after is None


def test_what_is_left_to_pay_is_paid_by_no_more_than_that(plain, ada):
    off(plain, percent="50")
    item = purchase(ada, 10_000, gift_card=8_000, tax=2_000, lines=(factories.line("A", 10_000, tax=2_000),))
    told = quoted(plain, item, AT)
    done = less(item, told.answer["discounts"], told.configuration)
    assert (done.paid, done.gift_card, done.tax, done.lines[0].tax) == (5_000, 5_000, 1_000, 1_000)
    assert told.earns_after == {}


def test_a_budget_that_is_used_up_takes_nothing_off_by_quote_and_posting_alike(plain, ada):
    offer = promotion(plain, "none", rule={"is_active": False})
    off(plain, promotion=offer)
    cap(plain, "budget", 500, measure="discount", scope="program", period="ever", promotion=offer)
    item = purchase(ada, 10_000, activity_at=AT)
    assert quoted(plain, item, AT).answer["discount_total"] == "5.00"
    factories.post(plain, item)
    told = quoted(plain, replace(item, external_id="again"), AT)
    assert told.answer["discounts"][0]["amount"] == "0.00"


def test_somebody_who_joins_just_now_hears_of_it_too(plain, ada):
    off(plain)
    told = quoted(plain, replace(purchase(ada, 10_000), member={}), AT)
    assert told.answer["discount_total"] == "10.00"
    assert told.earns_after == {"points": 90}
