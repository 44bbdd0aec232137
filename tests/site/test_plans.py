"""However many members and transactions there are, no request and no search reads a whole table of them."""

from datetime import timedelta

import pytest
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from members import search
from members.enrolment import enrol_many
from members.models import Card, Customer, Member, Relation
from programs.models import Cap, Program
from tests.support import factories
from tests.support.plans import full_scans, short_ways
from tests.support.stage import kept


@kept
def town(db):
    """A club with so many members that the database looks for a short way."""
    club = factories.program("club", owner=factories.partner("shop"))
    people = {
        f"c-{n}": Customer(last_name=f"n{n}", email=f"{n}@example.com", phone=f"+336{n:08}") for n in range(400)
    }
    till = factories.till(club)
    long_ago = dict.fromkeys(people, timezone.now() - timedelta(days=300))
    members = enrol_many(club, people, channel="import", via=till, enrolled_at=long_ago).values()
    Card.objects.bulk_create(Card(program=club, member=who, number=f"C-{who.pk:08}") for who in members)
    for number in range(2):
        factories.post(club, *[factories.purchase(who, 1000, f"{number}-{who.pk}") for who in members], via=till)
    factories.post(
        club, *[factories.redemption(who, 1, f"r-{who.pk}", order=f"0-{who.pk}") for who in members], via=till
    )
    return club


@pytest.fixture
def club(town):
    return town


@pytest.fixture
def ada(club):
    ada = factories.member(club, email="ada@example.com", phone="+33612345678")
    Card.objects.create(member=ada, number="C-1815")
    return ada


@pytest.fixture
def lively(club, ada):
    """The club with all that makes a posting look further: caps, gifts, groups, points that wait for an event."""
    points = club.currencies.get(code="points")
    for place, (scope, period) in enumerate((("member", "trailing"), ("member", "day"), ("program", "month"))):
        Cap.objects.create(
            program=club, code=f"cap-{place}", name="Cap", currency=points, scope=scope, period=period, limit=10**6
        )
    firm = factories.member(club, kind="company", company_name="Engines Ltd")
    Relation.objects.create(member=ada, group=firm, percent=50, may_redeem=True)
    return firm


def requests(ada, firm, bob):
    who, now = {"number": ada.number}, timezone.now()

    def buy(name, **fields):
        return "transactions/", {"activity": "purchase", "external_id": name, "amount": "100", "member": who} | fields

    def spend(name, **fields):
        return "redemptions/", {"external_id": name, "member": who, "points": 5} | fields

    for _ in ("said", "said again"):
        yield buy("order-1", lines=[{"sku": "A", "amount": "60"}, {"sku": "B", "amount": "40"}])
    for place, named in enumerate(({"card": "C-1815"}, {"email": "ada@example.com"}, {"phone": "+33612345678"})):
        yield buy(f"named-{place}", member=named)
    yield buy("late", activity_at=(now - timedelta(days=3)).isoformat())
    yield buy("visit", activity="visit")
    yield buy("edited", replaces="named-0")
    yield buy("odd", hold="odd")
    yield "transactions/", [buy(f"batch-{n}")[1] for n in range(20)]
    yield spend("paid-with", order="named-1")
    yield spend("spent")
    yield spend("cart", reserve_s=600)
    yield "redemptions/{cart}/confirm/", {}
    yield spend("cart-2", reserve_s=600)
    yield "redemptions/{cart-2}/release/", {}
    yield spend("of-the-firm", member={"number": firm.number}, by=who)
    yield "reversals/", {"external_id": "part", "order": "order-1", "amount": "10"}
    yield "reversals/", {"external_id": "early", "order": "not-here-yet", "amount": "10"}
    yield buy("not-here-yet")
    yield "transactions/{named-1}/reversal/", {"reason": "all of it"}
    yield "transactions/{spent}/reversal/", {"reason": "given back"}
    yield "transfers/", {"external_id": "gift", "member": who, "to": {"number": bob.number}, "points": 5}
    yield "adjustments/", {"external_id": "sorry", "member": who, "points": 5, "reason": "sorry"}
    yield "adjustments/", {"external_id": "wrong", "member": who, "points": -5, "reason": "wrong"}


@pytest.mark.parametrize("event", ["", "shipped"])
def test_no_posting_reads_a_whole_table(club, shop, ada, lively, event):
    club.currencies.filter(code="points").update(transfers=True, pending_event="")
    club.touch(club.pk)
    for name in ("before", "before-2"):
        shop.post("transactions/", {"activity": "purchase", "external_id": name, "amount": "300",
                                    "member": {"number": ada.number}})  # fmt: skip
    club.currencies.filter(code="points").update(pending_event=event)
    club.touch(club.pk)
    bob = factories.member(club)
    shop.get("programs/")  # The first request of a key notes its use.
    with full_scans() as found:
        ids = {}
        for path, body in requests(ada, lively, bob):
            answer = shop.post(path.format(**ids), body)
            assert answer.status_code in (200, 201, 202), (path, body, answer.said)
            if "external_id" in body:
                ids[body["external_id"]] = answer.said["id"]
    assert not found


def test_no_reading_does(club, shop, ada):
    bought = factories.post_one(club, factories.purchase(ada, 3000, "order-1"), via=factories.till(club))
    entry = ada.entries.first().pk
    shop.get("programs/")
    with full_scans() as found:
        for path in (
            f"members/{ada.number}/",
            f"members/{ada.number}/?at=2025-01-01T00:00:00Z",
            "members/lookup/?card=C-1815",
            "members/lookup/?email=ada@example.com",
            "members/lookup/?phone=%2B33612345678",
            f"transactions/?member={ada.number}",
            f"transactions/{bought.journal_id}/",
            f"entries/?member={ada.number}&currency=points",
            f"entries/{entry}/explanation/",
        ):
            assert shop.get(path).status_code == 200, path
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "C-1815",
        "c-1815",
        "c-0",
        "C-1",
        "ada@example.com",
        "ada@",
        "+33612345678",
        "+3361",
        "Lovelace",
        "Ada Lo",
        "Lövelace",
        "06 12",
    ],
)
def test_no_search_at_the_counter_does(club, ada, text):
    Program.objects.filter(pk=club.pk).update(country="FR")
    with full_scans() as found:
        list(search.matching(Member.objects.all(), text)[:20])
    assert not found


@pytest.mark.parametrize("length", [10, 6, 3])
def test_no_search_by_the_start_of_a_number_does(ada, length):
    with full_scans() as found:
        assert ada in search.matching(Member.objects.all(), ada.number[:length])[:20]
    assert not found


@pytest.mark.parametrize(
    "text", ["ada@example.com", "ada@", "+33612345678", "+3361", "Lovelace", "Lövelace", "06 12 34", "0033 6 12"]
)
def test_no_search_for_a_customer_does(club, ada, text):
    Program.objects.filter(pk=club.pk).update(country="FR")
    with full_scans() as found:
        assert ada.customer in search.customers(Customer.objects.all(), text)[:20]
    assert not found


@pytest.mark.parametrize("text", ["n", "+336", "333", "c-0"])
def test_a_search_that_very_many_are_meant_by_ends_early(club, monkeypatch, text):
    """Whoever has it is read in the order of an index, and only so far as is shown."""
    monkeypatch.setattr(search, "MOST", 10)
    Member.objects.update(number=Concat(Value("333"), Cast("pk", CharField())))
    with short_ways() as found:
        assert search.matching(Member.objects.all(), text).count() == 10
    assert not found


def test_a_sort_of_all_who_are_meant_is_noticed(club):
    with short_ways() as found:
        list(Member.objects.filter(customer__last_name_key__gte="n").order_by("enrolled_at")[:10])
    assert found


def test_a_whole_table_that_is_read_is_noticed(ada):
    with full_scans() as found:
        list(Member.objects.filter(status="closed"))
    assert [table for _, table in found] == ["members_member"]
