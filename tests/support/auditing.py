"""How do tests plant a defect behind the ledger's back, and ask the audit for it?"""

from django.db import connection

from transactions.proof.audit import audit

BALANCE = "UPDATE members_balance SET {} WHERE member_id = %s AND lifetime_redeemed > 0"


def tell(made, **options):
    """{what differs: the difference}."""
    return {drift.what: drift for drift in audit(made, **options)}


def sql(text, *params):
    """Change rows as nobody should; there must be some."""
    with connection.cursor() as cursor:
        cursor.execute(text, params)
        assert cursor.rowcount
