"""The peer: django-hordak, double entry with accounts, transactions and legs, posted as its documentation says.

One account for the program, one for each member; triggers see to it that the legs of a transaction sum to
nothing. It keeps no balance, so that it has less to write than most ledgers.
"""

from itertools import count
from time import perf_counter

MEMBERS = 2_000
POINTS = 12


def build() -> None:
    """Make the tables and the accounts on the database of this process, which runs with hordak's settings."""
    from django.core.management import call_command
    from django.db import connection
    from hordak.models import Account, AccountType

    call_command("migrate", verbosity=0)
    Account.objects.create(name="program", type=AccountType.expense, currencies=["EUR"])
    owed = {"type": AccountType.liability, "currencies": ["EUR"]}
    # In bulk: each account saved by itself walks through the tree of all others.
    Account.objects.bulk_create(
        Account(name="member", lft=1, rght=2, level=0, tree_id=number, **owed) for number in range(2, MEMBERS + 2)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def check(acknowledged: int) -> None:
    """Raises AssertionError unless rows and sums are what was acknowledged."""
    from django.db.models import Sum
    from hordak.models import Account, Leg, Transaction

    found = Transaction.objects.count(), Leg.objects.count()
    assert found == (acknowledged, 2 * acknowledged), f"{acknowledged} posts acknowledged, {found} rows"
    sums = Leg.objects.aggregate(debits=Sum("debit"), credits=Sum("credit"))
    assert {value or 0 for value in sums.values()} == {POINTS * acknowledged}, (sums, acknowledged)
    assert Account.objects.count() == MEMBERS + 1


class Hordak:
    def __init__(self, place: int, places: int) -> None:
        from hordak.models import Account

        self.program = Account.objects.get(name="program")
        self.members = list(Account.objects.filter(name="member").order_by("pk"))
        self.numbers = count(place, places)

    def prepare(self, seconds: float) -> None:
        """Nothing."""

    def post(self, until: float) -> int:
        from django.db import transaction
        from hordak.models import Leg, Transaction
        from moneyed import Money

        posted, points = 0, Money(POINTS, "EUR")
        while perf_counter() < until:
            member = self.members[next(self.numbers) % MEMBERS]
            with transaction.atomic():
                made = Transaction.objects.create(description="purchase")
                Leg.objects.create(transaction=made, account=self.program, debit=points)
                Leg.objects.create(transaction=made, account=member, credit=points)
            posted += 1
        return posted
