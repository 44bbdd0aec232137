"""How many statements does a request cost? Whatever the batch, the page and the member's history."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support import factories
from tests.support.api_caller import Caller
from tests.transactions.test_statements import PURCHASE
from transactions.models import Journal

pytestmark = pytest.mark.django_db

#: The programs that the key reaches are read along with it.
KEY, PROGRAM = 1, 0
#: Of the ledger, two of them the savepoint that stands for BEGIN and COMMIT in a test.
RESERVE = {"postgresql": 16, "sqlite": 17}
DECIDE = {"postgresql": 20, "sqlite": 21}


@pytest.fixture
def shop(club):
    caller = Caller(club.owner)
    # The first request of a process compiles the program, and that of a key notes its use.
    caller.get("transactions/")
    return caller


@pytest.fixture
def ada(club):
    member = factories.member(club, email="ada@example.com")
    factories.post_one(club, factories.purchase(member, 200000))
    return member


def count(do):
    with CaptureQueriesContext(connection) as log:
        assert do().status_code < 300
    return len(log)


def purchases(ada, number, start=0):
    return [
        {"activity": "purchase", "external_id": f"o-{n}", "member": {"number": ada.number}, "amount": "1.00"}
        for n in range(start, start + number)
    ]


def test_posting_costs_the_key_the_program_and_the_ledger(shop, ada):
    one = count(lambda: shop.post("transactions/", purchases(ada, 1)[0]))
    assert one == KEY + PROGRAM + PURCHASE[connection.vendor]
    assert count(lambda: shop.post("transactions/", purchases(ada, 300, 1))) == one


def test_an_idempotency_key_costs_little_more(shop, ada):
    body = purchases(ada, 1)[0]
    first = count(lambda: shop.post("transactions/", body, idempotency_key="k"))
    again = count(lambda: shop.post("transactions/", body, idempotency_key="k"))
    # Two savepoints (BEGIN and COMMIT outside of a test), the claim of the name on PostgreSQL, look-up, row.
    assert first <= KEY + PROGRAM + PURCHASE[connection.vendor] + 7
    assert again <= KEY + PROGRAM + 4


def reservation(shop, ada, name):
    body = {"external_id": name, "member": {"number": ada.number}, "points": 5, "reserve_s": 900}
    return shop.post("redemptions/", body)


def test_reserving_and_deciding_cost_the_same_after_many_postings(shop, club, ada):
    """The ledger's own statements stay as many, whatever the member holds; one more finds the reservation."""
    few = count(lambda: reservation(shop, ada, "r-0"))
    assert few == KEY + PROGRAM + RESERVE[connection.vendor]
    shop.post("transactions/", purchases(ada, 200))
    assert count(lambda: reservation(shop, ada, "r-1")) == few
    first, second = Journal.objects.filter(kind="redemption").values_list("pk", flat=True)
    decided = KEY + PROGRAM + 1 + DECIDE[connection.vendor]
    assert count(lambda: shop.post(f"redemptions/{first}/confirm/")) == decided
    # What comes back is written to its lots, and how it was used.
    assert count(lambda: shop.post(f"redemptions/{second}/release/")) == decided + 2


def test_reading_a_member_costs_the_same_after_many_postings(shop, ada):
    # Member, cards, external ids, balances, expiries, standings, tallies in one; and to find them, one more.
    few = count(lambda: shop.get(f"members/{ada.number}/"))
    assert few == KEY + PROGRAM + 1
    assert count(lambda: shop.get("members/lookup/", email="ada@example.com")) == KEY + PROGRAM + 2
    shop.post("transactions/", purchases(ada, 200))
    assert count(lambda: shop.get(f"members/{ada.number}/")) == few


def test_a_list_costs_one_statement_and_no_count(shop, ada):
    shop.post("transactions/", purchases(ada, 120))
    for path in ("transactions/", "entries/"):
        for query in ({}, {"member": ada.number}, {"currency": "points"}):
            assert count(lambda path=path, query=query: shop.get(path, **query)) == KEY + PROGRAM + 1


def test_a_transaction_is_read_with_its_lines_and_entries(shop, ada):
    bought = shop.post("transactions/", purchases(ada, 1)[0]).said["id"]
    # The journal, its lines, entries and reversals, and the currencies that it is put into words with.
    assert count(lambda: shop.get(f"transactions/{bought}/")) == KEY + PROGRAM + 5
