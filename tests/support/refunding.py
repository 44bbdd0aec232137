"""How do tests buy and take back at one instant?"""

from tests.support.currencies import change
from tests.support.factories import at, post_one, purchase, reversal

NOW = at(2026, 2, 1)


def policy(made, name, **fields):
    change(made, refund_policy=name, **fields)


def buy(made, who, amount, external_id="", **fields):
    return post_one(made, purchase(who, amount, external_id, activity_at=NOW, **fields), now=NOW)


def refund(made, bought, external_id="", **fields):
    return post_one(made, reversal(bought.journal_id, external_id, **fields), now=NOW)
