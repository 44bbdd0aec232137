"""A quote tells what posting the same purchase then does, of whatever program, member and basket."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from loyalty_site.lib.refusals import Refusal
from tests.support import factories
from tests.support.factories import at, purchase
from tests.support.few_examples import few_examples
from tests.support.living import START, live
from tests.support.quoted import (
    CAPS,
    EARNS_ON,
    TERMS,
    as_stored,
    baskets,
    ladders,
    paid,
    posted,
    quoted,
    set_up,
)
from tests.support.rolled_back import rolled_back


@few_examples
@given(
    seed=st.integers(0, 10**6),
    hours=st.integers(0, 60),
    program=st.tuples(EARNS_ON, TERMS, CAPS),
    basket=baskets(),
)
def test_a_quote_is_what_posting_then_gives(made, who, seed, hours, program, basket):
    with rolled_back():
        live(made, [who], seed, steps=12)
        set_up(made, *program)
        now = START + timedelta(hours=hours)
        item = purchase(who, **basket, activity_at=now - timedelta(hours=seed % 3))
        told = quoted(made, item, now)
        result, trace, then = posted(made, item, now)
        if isinstance(told, Refusal):
            assert told == result.refusal
            return
        assert (told.result.status, told.answer) == (result.status, result.answer)
        assert as_stored(told.trace) == trace
        assert ladders(told.after) == then
        for one in told.redeemables:
            holds(made, item, now, one)


def holds(made, item, now, one):
    """So many points may pay, and no more: posting says so."""
    code, has_worth = one.currency.code, bool(one.currency.point_value)
    if one.points:
        result = posted(made, paid(item, code, one.points, has_worth=has_worth), now)[0]
        assert result.status == "posted", result.refusal
        told = result.answer["redeemed"]
        assert (told["points_used"], told["money_value"]) == (one.points_used, one.money_value)
        assert result.answer["points"] == one.earns
    else:
        assert one.detail
    first = one.points + one.step if one.points else one.least
    for more in (first, first + one.step, first + 7 * one.step):
        item_then = paid(item, code, more, has_worth=has_worth)
        assert posted(made, item_then, now)[0].status == "refused", more


@few_examples
@given(program=st.tuples(EARNS_ON, TERMS, CAPS), basket=baskets(), hours=st.integers(0, 30))
def test_without_a_member_it_is_what_somebody_gets_who_joins_at_that_moment(made, program, basket, hours):
    with rolled_back():
        set_up(made, *program)
        now = at(2026, 3, 1)
        joins_at = now - timedelta(hours=hours)
        who = factories.member(made, enrolled_at=joins_at)
        item = purchase(who, **basket, activity_at=joins_at)
        told = quoted(made, replace(item, member={}), now)
        result, trace, then = posted(made, item, now)
        if isinstance(told, Refusal):
            assert told == result.refusal
            return
        assert told.answer | {"member": who.number} == result.answer
        # Caps count for each member, and somebody who is none yet has no key.
        assert as_stored(told.trace, who=who.pk) == trace
        assert ladders(told.after) == then
        assert not told.redeemables
