"""A refund counts on what earlier refunds of the order took: on the trace of the engine, not on what was answered."""

import pytest

from partners.activity import Refunded
from partners.models import Connection
from programs.models import Participation
from tests.support.balanced import assert_balanced
from tests.support.factories import held, line, partner, post_one, product, purchase, redemption, reversal, rule
from tests.support.refunding import NOW, buy, refund, rewrite
from transactions.models import Journal


@pytest.fixture
def half(made, who):
    """An order of 100 points of which 70 are spent, and a refund of its half, which found 30 of 50."""
    bought = buy(made, who, 10000)
    post_one(made, redemption(who, 70), now=NOW)
    part = refund(made, bought, "half", amount=5000)
    assert (part.answer["points"]["points"], part.answer["unrecovered"]) == (-30, {"points": 20})
    return bought, Journal.objects.get(pk=part.journal_id)


def test_a_renamed_answer_breaks_no_old_refund(made, who, half):
    bought, part = half
    rewrite(part.pk, answer={"renamed": True})
    rest = refund(made, bought, "rest").answer
    assert (rest["clawback"]["points"], rest["unrecovered"]) == (50, {"points": 50})
    assert held(who) == 0


def test_a_refund_that_told_it_in_its_answer_only_still_counts(made, who, half):
    """So did journals of before the trace said what was moved."""
    bought, part = half
    old = {name: value for name, value in part.trace.items() if name not in ("points", "clawback")}
    assert old.keys() < part.trace.keys()
    rewrite(part.pk, trace=old)
    rest = refund(made, bought, "rest").answer
    assert (rest["clawback"]["points"], rest["unrecovered"]) == (50, {"points": 50})
    assert_balanced(made)


def test_a_refund_goes_by_the_categories_that_the_catalogue_had_then(made, who):
    rule(made, "shoes", "per_unit", {"points": "7"}, group="shoes", conditions={"categories": ["shoes"]})
    boot = product(made.owner, "B-1", category="shoes")
    bought = buy(made, who, 10000, lines=(line("B-1", 5000), line("other", 5000)))
    assert bought.answer["points"]["points"] == 107
    boot.category = "boots"
    boot.save()
    part = refund(made, bought, "part", lines=(Refunded(1, 5000, 1),))
    assert (part.answer["points"]["points"], held(who)) == (-50, 57)


def test_a_refund_goes_by_the_partner_who_sent_the_order(made, who):
    guest, only = partner("guest"), {"partners": ["guest"]}
    Participation.objects.create(program=made, partner=guest)
    rule(made, "guests", "fixed", {"points": "9", "events": "purchase"}, group="guests", conditions=only)
    via = Connection.of(guest, Connection.Platform.API)
    bought = post_one(made, purchase(who, 10000, activity_at=NOW), now=NOW, via=via)
    assert bought.answer["points"]["points"] == 109
    part = post_one(made, reversal(bought.journal_id, "part", amount=5000), now=NOW)
    assert (part.answer["points"]["points"], held(who)) == (-50, 59)
