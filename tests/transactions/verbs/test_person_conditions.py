"""Rules ask who a member is: the month of the birthday, tags, the language. It is read only where one asks."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import Tag
from tests.support.factories import held, member, post, post_one, program, purchase, reversal, rule
from tests.support.refunding import NOW, buy, refund
from transactions.models import Journal

#: 1 February 2026.
MONTH = {"birthday_month": True}


@pytest.fixture
def made(db):
    return program()


def extra(made, conditions):
    """Nine points for each purchase under the conditions."""
    return rule(made, "extra", "fixed", {"points": "9", "events": "purchase"}, group="extra", conditions=conditions)


def tagged(made, *names, **who):
    found = member(made, **who)
    for name in names:
        Tag.objects.create(customer=found.customer, name=name)
    return found


ASKED = [
    pytest.param(MONTH, {"birthday": "02-29"}, 9, id="a birthday of the month"),
    pytest.param(MONTH, {"birthday": "03-01"}, 0, id="a birthday of the next month"),
    pytest.param(MONTH, {}, 0, id="no birthday on file"),
    pytest.param({"language": ["de", "fr"]}, {"language": "de"}, 9, id="the language"),
    pytest.param({"language": ["de"]}, {"language": "de-AT"}, 9, id="the language of a country"),
    pytest.param({"language": ["de-AT"]}, {"language": "de"}, 0, id="not the language of the country"),
    pytest.param({"language": ["de"]}, {"language": "den"}, 0, id="another language of the same letters"),
    pytest.param({"tags": ["vip"]}, {}, 9, id="the tag"),
    pytest.param({"tags": ["press", "staff"]}, {}, 0, id="other tags"),
    pytest.param({"not": {"tags": ["vip"]}}, {}, 0, id="an exclusion of who has the tag"),
    pytest.param({"any": [MONTH, {"tags": ["vip"]}]}, {}, 9, id="one of two"),
]


@pytest.mark.parametrize(("conditions", "who", "points"), ASKED)
def test_a_rule_asks_who_the_member_is(made, conditions, who, points):
    extra(made, conditions)
    ada = tagged(made, "vip", "augusta-fan", **who)
    buy(made, ada, 10_000)
    assert held(ada) == 100 + points


def test_each_member_of_a_batch_is_asked_by_themselves(made):
    extra(made, {"tags": ["vip"]})
    people = [tagged(made, "vip"), tagged(made, "press"), tagged(made)]
    post(made, *[purchase(who, 10_000, activity_at=NOW) for who in people], now=NOW)
    assert [held(who) for who in people] == [109, 100, 100]


def test_the_trace_keeps_only_what_rules_ask_for(made):
    extra(made, {"any": [{"tags": ["vip", "press"]}, MONTH, {"language": ["fr"]}]})
    buy(made, tagged(made, "vip", "augusta-fan", birthday="02-14", language="de"), 10_000)
    assert Journal.objects.get().trace["seen"] == {"birthday": ["month"], "tags": ["vip"]}


def test_where_no_rule_asks_nothing_is_kept_and_no_statement_more_is_sent(made):
    ada = tagged(made, "vip")
    buy(made, ada, 10_000)
    assert "seen" not in Journal.objects.get().trace
    with CaptureQueriesContext(connection) as plain:
        buy(made, ada, 10_000)
    assert not any("members_tag" in query["sql"] for query in plain)
    extra(made, {"tags": ["vip"], "not": {"any": [MONTH, {"language": ["de"]}]}})
    buy(made, ada, 10_000)
    with CaptureQueriesContext(connection) as asked:
        buy(made, ada, 10_000)
    assert len(asked) == len(plain) + 1


def test_a_refund_sees_what_was_seen_then(made):
    extra(made, {"tags": ["vip"], **MONTH})
    ada = tagged(made, "vip", birthday="02-14")
    bought = buy(made, ada, 10_000)
    assert held(ada) == 109
    Tag.objects.all().delete()
    ada.customer.birthday = "07-01"
    ada.customer.save()
    assert refund(made, bought, "half", amount=5_000).answer["points"]["points"] == -50
    assert held(ada) == 59


def test_a_revision_sees_what_its_order_saw(made):
    extra(made, {"tags": ["vip"]})
    ada = tagged(made, "vip")
    buy(made, ada, 10_000, "o-1")
    Tag.objects.all().delete()
    buy(made, ada, 8_000, "o-2", replaces="o-1")
    assert held(ada) == 89


def test_what_is_late_is_asked_by_the_rules_of_then(made):
    """The present rules ask nothing, those in force when it happened do."""
    asking = extra(made, {"tags": ["vip"]})
    ada = tagged(made, "vip")
    bought = post_one(made, purchase(ada, 10_000))
    then = Journal.objects.get(pk=bought.journal_id).activity_at
    asking.conditions = {}
    asking.is_active = False
    asking.save()
    post_one(made, purchase(ada, 10_000, activity_at=then), now=then + timedelta(hours=1))
    assert held(ada) == 2 * 109
    post_one(made, reversal(bought.journal_id))
    assert held(ada) == 109
