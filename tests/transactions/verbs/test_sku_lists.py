"""Rules ask whether a SKU stands in a list: one statement for the batch, and a refund sees what stood in it then."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partners.activity import Refunded
from programs import sku_lists
from programs.models import SkuList, SkuListEntry
from tests.support.factories import held, line, member, post, program, purchase, rule
from tests.support.refunding import NOW, buy, refund
from transactions.models import Journal

LINES = (line("A", 6_000), line("B", 4_000))


@pytest.fixture
def made(db):
    return program()


@pytest.fixture
def who(made):
    return member(made)


@pytest.fixture
def summer(made):
    """A and C stand in the list; what does so gives two points more for each euro."""
    found = SkuList.objects.create(program=made, code="summer", name="Summer")
    sku_lists.put(found, ["A", "C"])
    rule(made, "s", "per_amount", {"points": "2", "per": "1"}, group="s", conditions={"sku_list": "summer"})
    return found


def test_only_lines_of_the_list_count(made, who, summer):
    buy(made, who, 10_000, lines=LINES)
    assert held(who) == 100 + 120
    buy(made, who, 4_000, lines=(line("B", 4_000),))
    assert held(who) == 220 + 40


def test_a_list_can_be_left_out(made, who, summer):
    made.rules.filter(code="s").update(conditions={"not": {"sku_list": "summer"}})
    buy(made, who, 10_000, lines=LINES)
    assert held(who) == 100 + 80


def test_a_list_of_another_program_is_none_of_ours(made, who, summer):
    other = SkuList.objects.create(program=program("other"), code="summer", name="Summer")
    sku_lists.put(other, ["B"])
    buy(made, who, 10_000, lines=LINES)
    assert held(who) == 100 + 120


def test_a_refund_sees_what_stood_in_the_list_then(made, who, summer):
    bought = buy(made, who, 10_000, lines=LINES)
    assert Journal.objects.get().trace["sku_lists"] == {"A": ["summer"]}
    sku_lists.put(summer, ["B"], replaces=True)
    assert refund(made, bought, "part", lines=(Refunded(1, 4_000, 1),)).answer["points"]["points"] == -40
    assert held(who) == 60 + 120


def test_one_statement_finds_the_lists_of_a_batch_whatever_the_number_of_rules(made, who, summer):
    buy(made, who, 10_000, lines=LINES)
    for number in range(3):
        code = f"list-{number}"
        sku_lists.put(SkuList.objects.create(program=made, code=code, name=code), ["B"])
        rule(made, code, "fixed", {"points": "1", "events": "purchase"}, group=code, conditions={"sku_list": code})
    buy(made, who, 10_000, lines=LINES)
    batch = [purchase(who, 10_000, activity_at=NOW, lines=LINES) for _ in range(5)]
    with CaptureQueriesContext(connection) as sent:
        post(made, *batch, now=NOW)
    assert sum("skulistentry" in query["sql"] for query in sent) == 1


def test_where_no_rule_asks_no_list_is_looked_up(made, who):
    sku_lists.put(SkuList.objects.create(program=made, code="summer", name="Summer"), ["A"])
    buy(made, who, 10_000, lines=LINES)
    with CaptureQueriesContext(connection) as sent:
        buy(made, who, 10_000, lines=LINES)
    assert not any("skulistentry" in query["sql"] for query in sent)
    assert "sku_lists" not in Journal.objects.latest("pk").trace
    assert SkuListEntry.objects.count() == 1
