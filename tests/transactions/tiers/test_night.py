"""The night does to tiers what reading would do, for everybody whom nobody touched, and says what it did."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from django.db import connection, transaction

from loyalty_site.night.shared import cut
from members import assessing
from members.models import Balance, Tally
from programs import versions
from programs.models import Program
from tests.support import factories, many_ladders
from tests.support.factories import at
from tests.support.ladders import earn, ladder, midnight, noon, story, tier
from tests.support.rolled_back import rolled_back
from transactions import ledger
from transactions.batch import ConfigurationChanged
from transactions.tiers import night

SINCE, MONTHS, MEMBERS = at(2025, 1, 10), 9, 300
#: After nine months: the nights that are compared, at which something of each kind is due.
NIGHTS = [SINCE + timedelta(days=30 * MONTHS + days) for days in (40, 95, 180, 460)]


def run(made, now, *, size=50):
    """The sums of what the batches of a night have counted."""
    total = Counter()
    for keys in cut(night.plan(made.pk, now=now), size):
        total.update(night.work(made.pk, keys, now=now))
    return total


def read(made, whose, now):
    for who in whose:
        ledger.refresh(made.pk, [who.pk], now=now)


def left_by(action, whose):
    """What `action` leaves of the tiers of these members; it is undone."""
    with rolled_back():
        action()
        return many_ladders.tiers_of(whose)


def test_a_night_of_all_models_leaves_what_reading_each_member_would_leave(db):
    made = many_ladders.program()
    whose = many_ladders.members(made, MEMBERS, since=at(2024, 2, 29))
    many_ladders.live(made, whose, 11, since=SINCE, months=MONTHS)
    total = Counter()

    def night_by_night():
        for now in NIGHTS:
            total.update(run(made, now))

    by_nights = left_by(night_by_night, whose)
    assert min(total[kind] for kind in night.KINDS if kind != "failed") >= 10, total
    assert total["failed"] == 0
    assert by_nights == left_by(lambda: run(made, NIGHTS[-1]), whose)
    assert by_nights == left_by(lambda: read(made, whose, NIGHTS[-1]), whose)
    assert len(by_nights["standings"]) > 8 * MEMBERS


@pytest.fixture
def made(db):
    """Its points never end, so nothing but tiers is due."""
    return factories.program(expiry="", max_backdate_days=900)


@pytest.fixture
def yearly(made):
    return ladder(made, model="calendar", validity="rest_of_cycle")


@pytest.fixture
def golden(made, yearly):
    """Members who reached gold in 2025, which ends with the year; the first ones keep it as silver."""
    whose = [factories.member(made, enrolled_at=at(2024, 1, 10)) for _ in range(4)]
    for who in whose:
        earn(made, who, 1000, noon(made, 2025, 6, 10))
        assert tier(who, midnight(made, 2026, 1, 1)) == "gold"
    earn(made, whose[0], 1000, noon(made, 2026, 3, 1))
    earn(made, whose[1], 600, noon(made, 2026, 3, 1))
    return whose


def test_a_night_says_what_it_did_by_kind_of_change(made, golden):
    counts = night.work(made.pk, [who.pk for who in golden], now=midnight(made, 2027, 1, 1))
    assert counts == {kind: 0 for kind in night.KINDS} | {"members": 4, "renewed": 1, "lowered": 3}
    assert [story(who)[-1] for who in golden[:3]] == [
        ("gold", "renewal"),
        ("silver", "downgrade"),
        ("base", "downgrade"),
    ]


def test_a_night_that_is_run_again_does_nothing_more(made, golden):
    now = midnight(made, 2027, 1, 1)
    keys = night.plan(made.pk, now=now)
    assert keys == sorted(who.pk for who in golden)
    night.work(made.pk, keys, now=now)
    before = many_ladders.tiers_of(golden)
    assert night.plan(made.pk, now=now) == []
    assert not any(night.work(made.pk, keys, now=now).values())
    assert many_ladders.tiers_of(golden) == before


def test_a_night_that_dies_leaves_the_batch_to_the_next_one(made, golden):
    now = midnight(made, 2027, 1, 1)
    undisturbed = left_by(lambda: run(made, now), golden)
    first, second = cut(night.plan(made.pk, now=now), 2)
    night.work(made.pk, first, now=now)
    with transaction.atomic():
        night.work(made.pk, second, now=now)
        transaction.set_rollback(True)
    assert night.plan(made.pk, now=now) == second
    assert run(made, now)["members"] == 2
    assert many_ladders.tiers_of(golden) == undisturbed


def test_whoever_was_touched_after_the_plan_is_left_alone(made, golden):
    now = midnight(made, 2027, 1, 1)
    keys = night.plan(made.pk, now=now)
    assert tier(golden[2], now) == "base"
    assert night.work(made.pk, keys, now=now)["members"] == 3
    assert [code for code, _ in story(golden[2])].count("base") == 2


def test_a_member_who_cannot_be_assessed_stops_nobody_and_is_left_as_he_was(made, golden, monkeypatch):
    settle, poisoned = assessing.settle, golden[1]
    before = many_ladders.tiers_of([poisoned])

    def broken(configuration, account, now):
        settle(configuration, account, now)
        if account.id == poisoned.pk:
            raise ValueError("no such tier")

    monkeypatch.setattr(assessing, "settle", broken)
    now = midnight(made, 2027, 1, 1)
    counts = night.work(made.pk, night.plan(made.pk, now=now), now=now)
    assert (counts["members"], counts["failed"]) == (3, 1)
    assert counts["listed"] == [f"member {poisoned.pk}: ValueError: no such tier"]
    assert many_ladders.tiers_of([poisoned]) == before
    assert night.plan(made.pk, now=now) == [poisoned.pk]


def test_members_whose_points_are_due_as_well_are_settled_whole(made, golden):
    now = midnight(made, 2027, 1, 1)
    due = Balance.objects.filter(member=golden[1], currency__code="points")
    assert due.update(next_change_at=now) == 1
    by_reading = left_by(lambda: read(made, golden, now), golden)
    counts = run(made, now)
    assert (counts["members"], counts["renewed"], counts["lowered"]) == (4, 1, 3)
    assert due.get().next_change_at != now
    assert many_ladders.tiers_of(golden) == by_reading


def test_members_of_another_program_are_not_looked_at(made, golden):
    other = factories.program()
    now = midnight(made, 2027, 1, 1)
    assert night.plan(other.pk, now=now) == []
    assert not any(night.work(other.pk, [who.pk for who in golden], now=now).values())


def test_a_program_that_another_process_has_changed_is_read_anew(made, yearly, golden):
    known = versions.current(made.pk)
    yearly.on_end = "one_level"
    yearly.save()
    versions._current[made.pk] = known
    run(made, midnight(made, 2027, 1, 1))
    # The version in force then decides; the newest one is what is looked at.
    assert versions.current(made.pk).version > known.version


def test_a_tier_that_was_due_before_its_ladder_was_set_up_is_assessed_by_that_of_today(made, golden, monkeypatch):
    compiled = versions.current(made.pk)
    timeline = (at(2024, 1, 1), 1), (at(2029, 1, 1), compiled.version)
    monkeypatch.setitem(versions._current, made.pk, replace(compiled, timeline=timeline))
    empty = cache(lambda *version: replace(compiled, version=1, currencies={}, tier_groups={}))
    monkeypatch.setattr(versions, "at", empty)
    assert not versions.in_force(versions.current(made.pk), at(2027, 1, 1)).tier_groups
    assert run(made, midnight(made, 2027, 1, 1))["lowered"] == 3


def test_nothing_is_booked_when_the_program_changes_between_the_look_and_the_lock(made, golden, monkeypatch):
    now = midnight(made, 2027, 1, 1)
    before = many_ladders.tiers_of(golden)
    monkeypatch.setattr(versions, "is_current", lambda compiled: True)
    Program.objects.filter(pk=made.pk).update(version=99)
    with pytest.raises(ConfigurationChanged), transaction.atomic():
        night.work(made.pk, [who.pk for who in golden], now=now)
    assert many_ladders.tiers_of(golden) == before


def test_of_what_was_counted_only_what_can_matter_is_read(made):
    """A member of a rolling ladder has a tally for each day of ten years; a year of them decides."""
    ladder(made, model="rolling", validity="period")
    who = factories.member(made, enrolled_at=at(2014, 1, 10))
    earn(made, who, 1000, noon(made, 2025, 6, 10))
    row = Tally.objects.get(member=who)
    days = [row.period - timedelta(days=n) for n in range(30, 3000)]
    Tally.objects.bulk_create(
        Tally(member=who, group=row.group, currency=row.currency, period=day, points=1) for day in days
    )
    read_rows = []
    settle = assessing.settle

    def counting(configuration, account, now):
        read_rows.extend(account.tallies)
        settle(configuration, account, now)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(assessing, "settle", counting)
        run(made, midnight(made, 2026, 6, 10))
    assert story(who)[-1] == ("gold", "renewal")
    assert 1 <= len(read_rows) < 40


def test_a_batch_takes_as_many_statements_as_one_member(made, golden, django_assert_num_queries):
    now = midnight(made, 2027, 1, 1)
    keys = [who.pk for who in golden]
    night.work(made.pk, keys[:1], now=now)
    with django_assert_num_queries(7 + (connection.vendor == "postgresql")):
        night.work(made.pk, keys[1:], now=now)
