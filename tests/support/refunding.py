"""How do tests buy and take back at one instant, and what do they find that was stored long ago?"""

import json

from django.db import connection

from tests.support.currencies import change
from tests.support.factories import at, post_one, purchase, reversal
from transactions.models.immutability import create_triggers, drop_triggers

NOW = at(2026, 2, 1)


def policy(made, name, **fields):
    change(made, refund_policy=name, **fields)


def buy(made, who, amount, external_id="", **fields):
    return post_one(made, purchase(who, amount, external_id, activity_at=NOW, **fields), now=NOW)


def refund(made, bought, external_id="", **fields):
    return post_one(made, reversal(bought.journal_id, external_id, **fields), now=NOW)


def rewrite(journal_id, **columns):
    """Change columns (numbers, or what is stored as JSON) of a stored journal behind the ledger's back."""
    drop_triggers(connection)
    with connection.cursor() as cursor:
        for name, value in columns.items():
            cursor.execute(
                f"UPDATE transactions_journal SET {name} = %s WHERE id = %s", [json.dumps(value), journal_id]
            )
    create_triggers(connection)
