"""Members with everything that the ledger can do, in tables that anybody may change."""

from django.db import connection

from tests.support import factories
from tests.support.factories import post, post_one, purchase, redemption, reversal
from tests.support.stage import kept
from transactions.models.immutability import drop_triggers


@kept
def other(made):
    return factories.member(made)


@kept
def busy(made, who, other):
    """Two members with everything that the ledger can do so far: credits, debits, both reversals."""
    first = post_one(made, purchase(who, 60_000, activity_at=factories.at(2026, 3, 1)))
    spent = post_one(made, redemption(who, 250))
    post(made, redemption(who, 50), purchase(who, 10_000), purchase(other, 30_000), redemption(other, 20))
    post(made, reversal(spent.journal_id))
    post(made, reversal(first.journal_id))
    drop_triggers(connection)
    return who
