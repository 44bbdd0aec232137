"""A small demo loads into the real ledger on awkward days, whatever the zone of the server."""

import io
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db.models import Sum

from loyalty_site.demo import events, loading, moments, purchases
from members.models import Balance, Customer
from partners.activity import Activity, Adjustment, Redemption
from partners.models import Partner
from programs.models import Program
from transactions.models import Journal

pytestmark = pytest.mark.slow

NEW_YORK = ZoneInfo("America/New_York")
DAYS = {
    "a Friday on which the demo once failed": datetime(2026, 11, 13, 10, tzinfo=NEW_YORK),
    "the next one": datetime(2026, 11, 20, 10, tzinfo=NEW_YORK),
    "and the next one": datetime(2026, 11, 27, 10, tzinfo=NEW_YORK),
    "just before the clocks jump": datetime(2027, 3, 14, 1, 59, 59, tzinfo=NEW_YORK),
    "the hour that comes twice": datetime(2027, 11, 7, 1, 30, tzinfo=NEW_YORK, fold=1),
    "the last second of a year": datetime(2027, 12, 31, 23, 59, 59, tzinfo=NEW_YORK),
    "the first second of a year": datetime(2028, 1, 1, 0, 0, 1, tzinfo=NEW_YORK),
    "a leap day": datetime(2028, 2, 29, 12, tzinfo=NEW_YORK),
}
SERVERS = ("UTC", "Pacific/Kiritimati", "Pacific/Niue")


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Every twentieth customer of the sample, and a tenth of what happens."""
    lines = purchases.SAMPLE.read_text(encoding="ascii").splitlines(keepends=True)
    sample = tmp_path / "sample.txt"
    sample.write_text("".join(line for line in lines if int(line.split()[1]) % 20 == 0), encoding="ascii")
    monkeypatch.setattr(purchases, "SAMPLE", sample)
    monkeypatch.setattr(loading, "NEWCOMERS", 4)
    for name, count in {"REVIEWS": 24, "VISITS": 18, "COFFEES": 32, "REDEMPTIONS": 22}.items():
        monkeypatch.setattr(events, name, count)


@pytest.mark.parametrize(
    ("day", "server"), [(day, SERVERS[place % len(SERVERS)]) for place, day in enumerate(DAYS)], ids=str
)
def test_the_demo_loads_on_an_awkward_day(db, small, settings, time_machine, day, server):
    settings.TIME_ZONE = server
    now = DAYS[day]
    time_machine.move_to(now)
    loaded = loading.load()
    assert loaded["redemptions"] == 22
    assert loaded["adjustments"] == len(events.ADJUSTMENTS)
    assert loaded["reversals"] == events.REVERSALS + events.REVERSALS // 3

    program = Program.objects.get()
    # Fails where anything differs.
    call_command("audit", stdout=io.StringIO())
    assert set(program.journals.values_list("status", flat=True)) <= {"processed", "reversed", "partially_reversed"}
    assert not Balance.objects.filter(arrears__gt=0).exists()
    assert not Journal.objects.filter(activity_at__gt=now).exists()
    shop = Journal.objects.filter(external_id__startswith="CDNOW-").order_by("-activity_at")
    yesterday = now.date() - timedelta(days=1)
    assert shop.first().activity_at.astimezone(NEW_YORK).date() == yesterday


def test_purchases_give_at_least_the_points_that_the_demo_counts_on(db, small):
    loading.load()
    points = Journal.objects.filter(external_id__startswith="CDNOW-", entries__currency__code="points")
    by_customer = points.order_by().values_list("member__customer__external_ids__value")
    earned = dict(by_customer.annotate(Sum("entries__points")))
    least = events.Events(purchases.read(), "USD").points
    assert {customer for customer, points in least.items() if earned.get(customer, 0) < points} == set()
    assert set(earned) <= set(least)


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (
            Adjustment("too-much", {}, -1_000_000, "Points of another member"),
            "too-much was refused: points: The member",
        ),
        (Redemption("too-dear", {}, 1_000_000), "too-dear was refused: points: The member has"),
        (Activity("purchase", "foreign", {}, amount=100, money="EUR"), "foreign was kept: "),
    ],
    ids=lambda value: getattr(value, "external_id", ""),
)
def test_what_does_not_count_at_once_fails_the_demo_by_its_name_and_leaves_nothing(db, small, monkeypatch, fact, why):
    def of_corrections(plan):
        yield events.Event(moments.Lately(plan.recent[0], 0.5), fact)

    monkeypatch.setattr(events.Events, "of_corrections", of_corrections)
    with pytest.raises(loading.DemoFailed, match=f"^{why}"):
        loading.load()
    assert not Program.objects.exists()
    assert not Partner.objects.exists()
    assert not Customer.objects.exists()


def test_a_purchase_that_is_refused_fails_the_demo_in_words(db, small, monkeypatch):
    with purchases.SAMPLE.open("a", encoding="ascii") as sample:
        sample.write(" 00021 0020 19900101  1   10.00\n")
    with pytest.raises(loading.DemoFailed, match=r"^1 of \d+ purchases were refused: The program accepts facts"):
        loading.load()
    assert not Program.objects.exists()
