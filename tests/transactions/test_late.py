"""What happened earlier counts by the rules and the tier of then, whenever it reaches us (C16-R2)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from programs import versions
from programs.models import Program, Rule
from tests.support import factories
from tests.support.factories import at, post, post_one, purchase, reversal

pytestmark = pytest.mark.usefixtures("books_balance")


def points(result):
    return result.answer["points"]["points"]


def standings(who):
    return list(who.standings.order_by("pk").values_list("tier__code", "from_at", "until_at"))


def test_the_tier_of_then_multiplies(made, who):
    """Gold since 10 March: 1.5. An order of 1 March was one of a member in base."""
    post_one(made, purchase(who, 100_000, activity_at=at(2026, 3, 10)), now=at(2026, 3, 10))
    late = post_one(made, purchase(who, 10_000, activity_at=at(2026, 3, 1)), now=at(2026, 3, 20))
    on_the_day = post_one(made, purchase(who, 10_000, activity_at=at(2026, 3, 10)), now=at(2026, 3, 20))
    assert (points(late), points(on_the_day)) == (100, 150)


def test_the_order_of_arrival_does_not_matter_within_a_batch(made, who):
    first, second = post(
        made,
        purchase(who, 10_000, activity_at=at(2026, 3, 1)),
        purchase(who, 100_000, activity_at=at(2026, 2, 1)),
        now=at(2026, 3, 20),
    )
    assert (points(first), points(second)) == (150, 1000)


def test_each_tier_on_the_way_is_written_with_its_span(made, who):
    enrolled_at = who.standings.get().from_at
    post(
        made,
        purchase(who, 50_000, activity_at=at(2026, 2, 1)),
        purchase(who, 50_000, activity_at=at(2026, 3, 1)),
        now=at(2026, 3, 20),
    )
    assert standings(who) == [
        ("base", enrolled_at, at(2026, 2, 1)),
        ("silver", at(2026, 2, 1), at(2026, 3, 1)),
        ("gold", at(2026, 3, 1), None),
    ]


def test_a_late_order_lifts_no_tier_from_before_the_one_it_replaces_began(made, who):
    post_one(made, purchase(who, 50_000, activity_at=at(2026, 3, 10)), now=at(2026, 3, 10))
    post_one(made, purchase(who, 50_000, activity_at=at(2026, 3, 1)), now=at(2026, 3, 20))
    assert [row[:2] for row in standings(who)][1:] == [("silver", at(2026, 3, 10)), ("gold", at(2026, 3, 10))]


def test_before_the_first_tier_the_first_one_counts(made):
    made.pre_enrolment_days = 30
    made.save()
    who = factories.member(made, enrolled_at=at(2026, 3, 5))
    result = post_one(made, purchase(who, 10_000, activity_at=at(2026, 3, 1)), now=at(2026, 3, 20))
    assert points(result) == 100


@pytest.fixture
def doubled(made):
    """One point for each euro until an hour ago, two since then."""
    now = timezone.now()
    versions.renew(made.pk)
    made.versions.update(since=now - timedelta(days=30))
    Rule.objects.filter(program=made, code="spend").update(params={"points": "2", "per": "1"})
    Program.objects.filter(pk=made.pk).update(changed_at=now - timedelta(hours=1))
    versions.renew(made.pk)
    return now


@pytest.mark.parametrize(
    ("ago", "expected"),
    [(timedelta(minutes=30), 200), (timedelta(hours=2), 100), (timedelta(days=40), 200)],
    ids=["since the change", "before it", "before the program was kept"],
)
def test_the_rules_of_then_count(made, who, doubled, ago, expected):
    made.refresh_from_db()
    result = post_one(made, purchase(who, 10_000, activity_at=doubled - ago), now=doubled)
    assert points(result) == expected


def test_a_refund_of_a_late_order_replays_the_rules_that_counted_for_it(made, who, doubled):
    late = post_one(made, purchase(who, 10_000, activity_at=doubled - timedelta(hours=2)), now=doubled)
    refund = post_one(made, reversal(late.journal_id, amount=4_000), now=doubled)
    assert points(refund) == -40
    rest = post_one(made, reversal(late.journal_id), now=doubled)
    assert points(rest) == -60


def test_a_currency_that_is_gone_is_not_earned_any_more(made, who, doubled):
    now = versions.renew(made.pk)
    before = doubled - timedelta(hours=2)
    assert versions.in_force(now, before) is not now
    poorer = replace(now, currencies={"points": now.currencies["points"]})
    assert versions.in_force(poorer, before) is poorer


@pytest.mark.django_db(transaction=True)
def test_a_version_is_kept_though_nothing_was_posted_under_it(made):
    made.name = "Other"
    made.save()
    kept = made.versions.get(number=made.version)
    assert (kept.document["program"]["name"], kept.since) == ("Other", made.changed_at)
