"""A refund counts on what earlier refunds of the order took: on the trace of the engine, not on what was answered."""

import json

import pytest
from django.db import connection

from tests.support.balanced import assert_balanced
from tests.support.factories import held, post_one, redemption
from tests.support.refunding import NOW, buy, refund
from transactions.models import Journal
from transactions.models.immutability import create_triggers, drop_triggers


def rewrite(journal_id, **columns):
    """Change JSON columns of a stored journal behind the ledger's back."""
    drop_triggers(connection)
    with connection.cursor() as cursor:
        for name, value in columns.items():
            cursor.execute(
                f"UPDATE transactions_journal SET {name} = %s WHERE id = %s", [json.dumps(value), journal_id]
            )
    create_triggers(connection)


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
