"""After every test of the life of a point: does everything that is stored follow from the ledger?

The audit compares each part of a balance with its entries, live and pending lots with the balance, lifetime
sums with what is there, traces with debits, and walks along the chain of each member.
"""

import pytest

from members.models import Balance
from programs.models import Program
from transactions.models import Entry, Lot
from transactions.proof.audit import audit


@pytest.fixture
def books_balance(db):
    """Fails the test that leaves books behind which do not add up."""
    yield
    for program in Program.objects.all():
        assert [str(drift) for drift in audit(program)] == []


def state(who, currency="points"):
    """(available, pending, reserved, arrears) as stored."""
    parts = ("available", "pending", "reserved", "arrears")
    row = Balance.objects.filter(member=who, currency__code=currency).values_list(*parts).first()
    return row or (0, 0, 0, 0)


def lots(who, currency="points"):
    """[(points, remaining)] of all lots, the oldest first."""
    own = Lot.objects.filter(member=who, currency__code=currency)
    return list(own.order_by("pk").values_list("points", "remaining"))


def kinds(result):
    """[(kind, points)] of the entries that a posting wrote, in order."""
    return list(Entry.objects.filter(journal=result.journal_id).order_by("pk").values_list("kind", "points"))
