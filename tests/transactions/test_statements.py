"""A batch costs a fixed number of statements, whatever its size and the member's history."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support import factories
from tests.support.capped import cap
from tests.support.factories import line, post, purchase, redemption, reversal
from tests.support.promoting import promotion
from transactions import ledger

#: Of one purchase; two of them are the savepoint that stands for BEGIN and COMMIT in a test.
PURCHASE = {"postgresql": 15, "sqlite": 16}


@pytest.fixture
def statements(made):
    """A function that posts items and returns how many statements that took."""
    till = factories.till(made)

    def count(*items):
        with CaptureQueriesContext(connection) as log:
            results = ledger.record(items, program_id=made.pk, via=till)
        assert {result.status for result in results} == {"posted"}, results
        return len(log)

    return count


@pytest.fixture
def people(made):
    """Ten members who have reached the highest tier."""
    people = [factories.member(made) for _ in range(10)]
    post(made, *[purchase(person, 200000) for person in people])
    return people


def test_one_purchase_takes_so_many_statements_and_no_more(statements, people):
    assert statements(purchase(people[0], 1000)) == PURCHASE[connection.vendor]


def test_five_hundred_purchases_take_as_many_as_one(statements, people):
    one = statements(purchase(people[0], 1000))
    assert statements(*[purchase(people[n % 10], 1000) for n in range(500)]) == one


def test_lines_stores_and_upgrades_take_a_fixed_number_too(statements, made):
    people = [factories.member(made) for _ in range(10)]
    factories.store(made.owner, "lyon")
    basket = {"lines": (line("A", 60000), line("B", 100)), "store": "lyon"}
    post(made, purchase(people[0], 100))  # Compiles the program.
    one = statements(purchase(people[1], 60100, **basket))
    assert statements(*[purchase(person, 60100, **basket) for person in people[2:]]) == one


def test_many_promotions_and_purchases_take_as_many_statements_as_one_of_each(statements, made):
    people = [factories.member(made) for _ in range(10)]
    promotion(made, "club", opt_in=True)
    first = promotion(made, "spring")
    cap(made, "budget", 10**6, scope="program", period="ever", promotion=first)
    post(made, purchase(people[0], 1000))  # Compiles the program.
    one = statements(purchase(people[1], 1000))
    for number in range(20):
        offer = promotion(made, f"offer-{number}", opt_in=number % 3 == 0, holdout_percent=number % 4)
        cap(made, f"budget-{number}", 10**6, scope="program", period="ever", promotion=offer)
    post(made, purchase(people[0], 1000))
    assert statements(*[purchase(person, 1000) for person in people[2:]]) == one


def test_redemptions_take_a_fixed_number(statements, people):
    one = statements(redemption(people[0], 5))
    assert statements(*[redemption(people[n % 10], 1) for n in range(200)]) == one


def test_reversals_take_a_fixed_number(statements, people, made):
    bought = [post(made, purchase(person, 1000))[0].journal_id for person in people]
    one = statements(reversal(bought[0]))
    assert statements(*[reversal(journal) for journal in bought[1:]]) == one


def test_a_long_history_costs_nothing(statements, people):
    before = statements(purchase(people[0], 1000))
    statements(*[purchase(people[0], 100) for _ in range(1000)])
    assert statements(purchase(people[0], 1000)) == before


def test_every_kind_of_identifier_in_use_costs_one_statement(statements, people):
    one = statements(purchase(people[0], 1000))
    by_mail = factories.Activity(
        kind="purchase", external_id="m", member={"email": people[1].customer.email}, amount=1000
    )
    assert statements(purchase(people[0], 1000), by_mail) == one + 1


def test_reading_a_balance_reads_one_row(people, django_assert_num_queries):
    with django_assert_num_queries(1) as log:
        assert people[0].balances.get(currency__code="points").available == 2000
    assert "transactions_entry" not in log.captured_queries[0]["sql"]
