"""Rules ask for the segments of a member as they were looked up last, and a quote tells the same as the posting."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from members.models import SegmentMembership
from partners.activity import Activity
from tests.support.factories import held, member, program, rule, till
from tests.support.refunding import NOW, buy, refund
from tests.support.segments import segment
from transactions.models import Journal
from transactions.quotes.quoting import quote

FIXED = {"points": "9", "events": "purchase"}


@pytest.fixture
def made(db):
    made = program()
    for code in ("vip", "staff"):
        segment(made, code, {"tags": {"names": [code]}})
    return made


def put(made, who, *codes):
    for one in made.segments.filter(code__in=codes):
        SegmentMembership.objects.create(segment=one, member=who, since=NOW)
    return who


def extra(made, **fields):
    return rule(made, "extra", "fixed", FIXED | fields.pop("params", {}), group="extra", **fields)


def test_a_member_of_one_of_the_segments_gets_the_points(made):
    extra(made, conditions={"segments": ["vip"]})
    people = put(made, member(made), "vip", "staff"), put(made, member(made), "staff"), member(made)
    for who in people:
        buy(made, who, 10_000)
    assert [held(who) for who in people] == [109, 100, 100]
    traces = list(Journal.objects.order_by("pk").values_list("trace", flat=True))
    assert [trace.get("seen") for trace in traces] == [{"segments": ["vip"]}, None, None]


def test_nobody_is_in_a_segment_that_is_switched_off(made):
    extra(made, conditions={"segments": ["vip"]})
    who = put(made, member(made), "vip")
    off = made.segments.get(code="vip")
    off.is_active = False
    off.save()
    assert "points" in buy(made, who, 10_000).answer["points"]
    assert held(who) == 100


def test_rates_are_those_of_the_segments(made):
    extra(made, params={"by_segment": "vip: 30, staff: 2"})
    people = put(made, member(made), "vip", "staff"), put(made, member(made), "staff"), member(made)
    for who in people:
        buy(made, who, 10_000)
    assert [held(who) for who in people] == [130, 102, 109]


def test_a_refund_sees_the_segments_of_then(made):
    """C14-R1"""
    rule(made, "more", "per_amount", {"points": "1", "per": "1", "by_segment": "vip: 2"}, group="more")
    who = put(made, member(made), "vip")
    bought = buy(made, who, 10_000)
    assert held(who) == 300
    SegmentMembership.objects.all().delete()
    refund(made, bought, amount=4_000)
    assert held(who) == 180


def test_they_are_read_by_the_statement_of_the_person(made):
    who = put(made, member(made), "vip")
    extra(made, conditions={"tags": ["vip"]})
    buy(made, who, 10_000)
    with CaptureQueriesContext(connection) as plain:
        buy(made, who, 10_000)
    made.rules.filter(code="extra").update(conditions={"tags": ["vip"], "segments": ["vip"]})
    buy(made, who, 10_000)
    with CaptureQueriesContext(connection) as asked:
        buy(made, who, 10_000)
    assert len(asked) == len(plain)


def quoted(made, who=None):
    number = {"number": who.number} if who else {}
    item = Activity(kind="purchase", external_id="q", member=number, amount=10_000)
    return quote(item, program_id=made.pk, via=till(made)).answer["points"]["points"]


def test_a_quote_knows_segments_and_what_was_bought_before(made):
    extra(made, conditions={"segments": ["vip"]})
    rule(made, "first", "fixed", FIXED, group="first", conditions={"purchase_number": {"most": 1}})
    rule(made, "soon", "fixed", {"points": "3", "events": "purchase"}, group="s", conditions={"only_if": ["first"]})
    who = put(made, member(made), "vip")
    assert (quoted(made, who), quoted(made, member(made)), quoted(made)) == (121, 112, 112)
    buy(made, who, 1_000)
    assert quoted(made, who) == 109
