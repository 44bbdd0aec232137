"""The demo: real purchases, invented people, something to see everywhere, and the same again."""

import io
from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Max, Min, Sum
from django.utils import timezone

from loyalty_site.demo import loading, purchases
from loyalty_site.demo.events import ANSWERS, LETTERS, NEW_IN_CLUB, OUTSIDERS, REGULARS
from loyalty_site.demo.people import invent
from members.models import (
    Balance,
    Card,
    Customer,
    Member,
    Progress,
    PromotionEnrolment,
    SegmentMembership,
    Standing,
)
from members.models.customers import check_phone
from partners.models import ApiKey, Product, Store
from programs import document, periods
from programs.models import Program, PromotionCode
from tests.support.stage import kept
from transactions.models import CapCounter, Entry, Journal, Lot, PromotionResult, PromotionUse
from transactions.proof.audit import audit

pytestmark = pytest.mark.slow

NEW_YORK = ZoneInfo("America/New_York")


def demo():
    out = io.StringIO()
    call_command("demo", stdout=out)
    return out.getvalue()


@kept
def told(db):
    """What the demo says when it is loaded, into a table of which the database knows that it is empty."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE transactions_entry")
    return demo()


def test_the_demo_shows_something_everywhere_and_loads_once(told):
    assert "Encore Club" in told
    assert "2,397 members" in told
    assert "Fader and Hardie" in told
    program = Program.objects.get()
    assert list(audit(program)) == []
    assert document.check(document.export(program)) == []

    shop = Journal.objects.filter(program=program, external_id__startswith="CDNOW-")
    assert shop.count() == 6_919
    assert shop.aggregate(Sum("amount")) == {"amount__sum": 24_409_194}
    ends = shop.aggregate(Min("activity_at"), Max("activity_at")).values()
    first, last = (periods.local_date(instant, program.zone) for instant in ends)
    assert last == timezone.localdate(timezone=program.zone) - timedelta(days=1)
    assert last - first == date(1998, 6, 30) - date(1997, 1, 1)

    for kind in ("accrual", "redemption", "reversal", "adjustment"):
        assert Journal.objects.filter(kind=kind).exists()
    assert {"purchase", "visit", "review"} <= set(Journal.objects.values_list("activity", flat=True))
    assert shop.values("store").distinct().count() == Store.objects.filter(partner=program.owner).count()
    sold = set(Journal.objects.filter(lines__isnull=False).values_list("lines__product__sku", flat=True))
    assert sold == set(Product.objects.values_list("sku", flat=True))
    fired = {
        rule["rule"] for trace in Journal.objects.values_list("trace", flat=True) for rule in trace.get("rules", ())
    }
    multipliers, by_night = {"level-bonus", "soul-twice", "rock-more"}, {"birthday"}
    assert fired == set(program.rules.values_list("code", flat=True)) - multipliers - by_night
    tiers = Counter(Standing.objects.current().values_list("tier__code", flat=True))
    assert min(tiers[code] for code in ("listener", "collector", "virtuoso")) > 20
    assert set(Member.objects.values_list("status", flat=True)) == {"active", "suspended", "closed"}
    assert Card.objects.exists()
    assert Customer.objects.filter(kind="company").exists()
    assert Entry.objects.filter(kind="reversal_credit").exists()
    assert not Lot.objects.filter(is_floored=True).exists()
    assert not ApiKey.objects.exists()
    assert Balance.objects.filter(currency__code="points", available__gt=0).count() > 2_000

    before = Journal.objects.count()
    assert demo() == "The demo is loaded already.\n"
    assert Journal.objects.count() == before


def test_promotions_segments_and_progress_are_alive(told):
    program = Program.objects.get()
    given = dict(PromotionUse.objects.order_by().values_list("promotion__code").annotate(sum=Sum("points")))
    budget = CapCounter.objects.get(cap__code="soul-budget")
    codes = PromotionCode.objects.values_list("used", flat=True)
    assert given.keys() == set(program.promotions.values_list("code", flat=True))
    assert min(given.values()) > 300
    assert budget.used == given["soul-month"]
    assert 0.5 < budget.used / budget.cap.limit < 1
    assert Counter(codes) == {0: LETTERS - ANSWERS, 1: ANSWERS}
    assert PromotionEnrolment.objects.count() == REGULARS - OUTSIDERS + NEW_IN_CLUB
    assert Progress.objects.filter(rule="fifth-coffee", rewarded__gt=0).count() >= REGULARS - OUTSIDERS
    result = PromotionResult.objects.get(promotion__code="rock-weeks")
    assert min(result.out_members, result.had_members) > 100
    held = Counter(SegmentMembership.objects.values_list("segment__code", flat=True))
    assert min(held[segment.code] for segment in program.segments.all()) > 100


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans without counting")
def test_the_database_plans_with_what_was_loaded_and_not_with_empty_tables(told):
    seen = "SELECT reltuples FROM pg_class WHERE relname = 'transactions_entry'"
    with connection.cursor() as cursor:
        cursor.execute(seen)
        assert cursor.fetchone() == (Entry.objects.count(),)


def test_what_fails_half_way_leaves_nothing(db, monkeypatch):
    monkeypatch.setattr(loading, "_purchases", lambda *args: (_ for _ in ()).throw(loading.DemoFailed))
    with pytest.raises(loading.DemoFailed):
        loading.load()
    assert not Program.objects.exists()
    assert not Store.objects.exists()


def test_people_cannot_be_reached_and_are_the_same_each_time():
    people = [invent(number) for number in range(1, 2_800)]
    assert people == [invent(number) for number in range(1, 2_800)]
    phones = [person["phone"] for person in people if person["phone"]]
    emails = [person["email"] for person in people if person["email"]]
    assert len(set(phones)) == len(phones)
    assert len(set(emails)) == len(emails)
    assert all(person["phone"] or person["email"] for person in people)
    assert {email.split("@")[1] for email in emails} == {"example.com", "example.org"}
    for phone in phones:
        assert phone[5:10] == "55501"
        check_phone(phone)


def test_the_purchases_are_the_same_but_for_the_date(tmp_path):
    first, second, later = (tmp_path / name for name in ("1.csv", "2.csv", "3.csv"))
    for file, day in ((first, date(2026, 3, 10)), (second, date(2026, 3, 10)), (later, date(2026, 8, 10))):
        assert purchases.write(file, last_day=day, zone=NEW_YORK) == 6_919
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes() != later.read_bytes()
