"""When do points end, whoever looks and whenever (C10, C4-R5)?"""

import pytest

from partners.activity import Activity, Adjustment
from programs import versions
from programs.models import ExpiryRule, Tier
from tests.support import factories
from tests.support.books_balance import lots, state
from tests.support.factories import at, held, post_one, purchase, redemption
from transactions import ledger
from transactions.models import Entry, Journal, Lot

pytestmark = pytest.mark.usefixtures("books_balance")


def expiry(made, **fields):
    rule = ExpiryRule.objects.get(currency__program=made)
    for name, value in fields.items():
        setattr(rule, name, value)
    rule.save()


def wake(who):
    return who.balances.get(currency__code="points").next_change_at


def look(made, who, now):
    """Whether something was due; reading a second time books nothing more."""
    is_due = ledger.refresh(made.pk, [who.pk], now=now)
    assert not ledger.refresh(made.pk, [who.pk], now=now)
    return is_due


@pytest.fixture
def active(made):
    expiry(made, model="activity", period=12, rounding="none")
    return made


def test_c10_x1_activity_keeps_the_whole_balance_alive(active, who):
    post_one(active, purchase(who, 10000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    assert wake(who) == at(2026, 3, 10, 23)
    post_one(active, redemption(who, 10), now=at(2026, 3, 9))
    # A back-dated purchase does not move it back.
    late = purchase(who, 1000, activity_at=at(2025, 3, 20))
    post_one(active, late, now=at(2026, 3, 9))
    assert who.balances.get(currency__code="points").expires_at == at(2027, 3, 9, 23)
    look(active, who, at(2026, 3, 11))
    assert state(who) == (100, 0, 0, 0)
    assert look(active, who, at(2027, 3, 10))
    assert state(who) == (0, 0, 0, 0)
    assert {entry.points for entry in Entry.objects.filter(kind="expiry")} == {-100}


def test_c10_r3_without_activity_it_ends_at_the_start_of_the_next_day(active, who):
    post_one(active, purchase(who, 10000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    assert not look(active, who, at(2026, 3, 10, 22, 59))
    assert look(active, who, at(2026, 3, 10, 23))
    assert state(who) == (0, 0, 0, 0)


def test_c10_r3_adjustments_and_what_does_not_count_keep_nothing_alive(active, who):
    expiry(active, counts="purchase")
    post_one(active, purchase(who, 10000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    post_one(active, redemption(who, 10), now=at(2026, 3, 1))
    post_one(active, Adjustment("a", {"number": who.number}, 5, "Goodwill"), now=at(2026, 3, 2))
    assert look(active, who, at(2026, 3, 11))
    assert state(who) == (0, 0, 0, 0)


def test_c10_r3_the_enrolment_is_the_first_activity(active):
    new = factories.member(active, enrolled_at=at(2025, 3, 10))
    expiry(active, counts="purchase")
    post_one(active, Adjustment("a", {"number": new.number}, 5, "Welcome"), now=at(2025, 6, 1))
    assert wake(new) == at(2026, 3, 10, 23)


def test_points_that_are_released_behind_the_end_have_a_clock_of_their_own(active, who):
    active.currencies.filter(code="points").update(pending_days=400)
    active.touch(active.pk)
    post_one(active, purchase(who, 10000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    look(active, who, at(2026, 5, 1))
    assert state(who) == (100, 0, 0, 0)
    assert wake(who) is not None


def ends(who):
    return who.balances.get(currency__code="points").expires_at


def test_points_that_are_released_as_the_balance_ends_live_on(active, who):
    active.currencies.filter(code="points").update(pending_days=366)
    active.touch(active.pk)
    post_one(active, Adjustment("a", {"number": who.number}, 5, "Goodwill"), now=at(2025, 3, 10))
    post_one(active, purchase(who, 10000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    assert ends(who) == Lot.objects.get(points=100).available_at == at(2026, 3, 10, 23)
    look(active, who, at(2026, 3, 11))
    assert (state(who), ends(who)) == ((100, 0, 0, 0), at(2026, 4, 10, 22))
    look(active, who, at(2026, 4, 11))
    assert state(who) == (0, 0, 0, 0)


def test_points_that_a_late_event_releases_are_not_born_expired(active, who):
    expiry(active, counts="purchase")
    active.currencies.filter(code="points").update(pending_event="shipped", pending_deadline_days=600)
    active.touch(active.pk)
    post_one(active, purchase(who, 10000, "o-1", activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    shipped = Activity("shipped", "s-1", {"number": who.number}, order="o-1", activity_at=at(2025, 12, 1))
    post_one(active, shipped, now=at(2026, 5, 1))
    assert (state(who), ends(who)) == ((100, 0, 0, 0), at(2026, 5, 31, 22))


def test_a_release_knows_of_the_activity_before_the_rule_was_changed(made, who):
    made.currencies.filter(code="points").update(pending_days=30)
    made.touch(made.pk)
    post_one(made, purchase(who, 10000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    expiry(made, model="activity", period=12, rounding="none")
    versions.renew(made.pk)
    look(made, who, at(2025, 5, 1))
    assert (state(who), ends(who)) == ((100, 0, 0, 0), at(2026, 3, 10, 23))


@pytest.mark.parametrize(("amount", "month"), [(10000, 6), (120000, 9)], ids=["everybody", "gold"])
def test_c10_r5_the_longest_extension_is_that_of_the_whole_balance_once(active, who, amount, month):
    expiry(active, extension_months=3)
    Tier.objects.filter(code="gold").update(extension_months=6)
    active.touch(active.pk)
    post_one(active, purchase(who, amount, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    points = held(who)
    assert ends(who) == at(2026, 3, 10, 23)
    look(active, who, at(2026, 3, 11))
    assert (held(who), ends(who), wake(who)) == (points, at(2026, month, 10, 22), at(2026, month, 10, 22))
    # A later downgrade does not pull it back.
    Tier.objects.update(extension_months=0)
    active.touch(active.pk)
    versions.renew(active.pk)
    assert not look(active, who, at(2026, month, 10, 21))
    assert look(active, who, at(2026, month, 10, 23))
    assert (held(who), ends(who)) == (0, None)


def test_c10_r5_the_tier_counts_that_the_member_has_when_the_balance_would_end(active, who):
    post_one(active, purchase(who, 120000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    Tier.objects.filter(code="gold").update(extension_months=6)
    active.touch(active.pk)
    versions.renew(active.pk)
    look(active, who, at(2026, 9, 10, 21))
    assert held(who) == 1200
    look(active, who, at(2026, 9, 10, 23))
    assert held(who) == 0


def test_c10_r5_activity_in_the_extension_begins_anew(active, who):
    expiry(active, extension_months=3)
    post_one(active, purchase(who, 10000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    look(active, who, at(2026, 3, 11))
    # What happened before the end, and is told now, moves nothing back.
    post_one(active, purchase(who, 1000, activity_at=at(2025, 4, 20)), now=at(2026, 3, 20))
    assert ends(who) == at(2026, 6, 10, 22)
    post_one(active, redemption(who, 10), now=at(2026, 5, 1))
    assert ends(who) == at(2027, 5, 1, 22)
    look(active, who, at(2027, 5, 2))
    assert (held(who), ends(who)) == (100, at(2027, 8, 1, 22))
    look(active, who, at(2027, 8, 2))
    assert held(who) == 0


def test_c10_x2_calendar_with_a_minimum_age(made, who):
    expiry(made, model="calendar", cut_offs="12-31", min_age_days=90)
    for day in (at(2025, 10, 1), at(2025, 10, 5)):
        post_one(made, purchase(who, 1000, activity_at=day), now=day)
    ends = Lot.objects.order_by("pk").values_list("expires_at", flat=True)
    assert list(ends) == [at(2025, 12, 31, 23), at(2026, 12, 31, 23)]
    assert look(made, who, at(2026, 1, 1))
    assert state(who) == (10, 0, 0, 0)


def test_c10_r4_anniversary(made):
    expiry(made, model="anniversary")
    who = factories.member(made, enrolled_at=at(2024, 2, 29))
    post_one(made, purchase(who, 1000, activity_at=at(2025, 6, 1)), now=at(2025, 6, 1))
    assert Lot.objects.get().expires_at == at(2026, 2, 28, 23)


def test_c10_never_born_expired(made, who):
    post_one(made, purchase(who, 1000, activity_at=at(2025, 1, 15)), now=at(2026, 1, 10))
    lot = Lot.objects.get()
    assert (lot.is_floored, lot.expires_at) == (True, at(2026, 2, 9, 23))


@pytest.mark.parametrize(("amount", "months"), [(10000, 3), (120000, 6)], ids=["everybody", "gold"])
def test_c10_r5_the_longest_extension_wins_once(made, who, amount, months):
    expiry(made, extension_months=3)
    Tier.objects.filter(code="gold").update(extension_months=6)
    made.touch(made.pk)
    post_one(made, purchase(who, amount, activity_at=at(2025, 1, 10)), now=at(2025, 1, 10))
    points = held(who)
    assert look(made, who, at(2026, 2, 1))
    lot = Lot.objects.get()
    ends = {3: at(2026, 4, 30, 22), 6: at(2026, 7, 31, 22)}[months]
    assert (lot.expires_at, lot.is_extended, wake(who), held(who)) == (ends, True, ends, points)
    assert look(made, who, ends)
    assert held(who) == 0


def test_a_change_of_the_rule_is_for_new_lots_only(made, who):
    post_one(made, purchase(who, 1000, activity_at=at(2025, 1, 10)), now=at(2025, 1, 10))
    before = Lot.objects.get().expires_at
    expiry(made, period=1, rounding="none")
    post_one(made, purchase(who, 2000, activity_at=at(2025, 1, 10)), now=at(2025, 1, 10))
    old, new = Lot.objects.order_by("pk")
    assert (old.expires_at, new.expires_at) == (before, at(2025, 2, 10, 23))
    expiry(made, model="never")
    assert not look(made, who, at(2025, 1, 20))
    assert look(made, who, at(2026, 2, 1))
    assert state(who) == (0, 0, 0, 0)


def test_points_of_another_model_do_not_end_by_the_clock_of_the_old_one(active, who):
    post_one(active, purchase(who, 1000, activity_at=at(2025, 3, 10)), now=at(2025, 3, 10))
    expiry(active, model="never")
    post_one(active, purchase(who, 2000, activity_at=at(2025, 4, 10)), now=at(2025, 4, 10))
    look(active, who, at(2027, 1, 1))
    assert state(who) == (30, 0, 0, 0)


def history(made, who, days):
    """Points that are released, extended, and end; read at `days`."""
    made.currencies.filter(code="points").update(pending_days=14)
    expiry(made, extension_months=1, period=2)
    for number, day in enumerate((at(2025, 1, 10), at(2025, 2, 10), at(2025, 3, 10))):
        post_one(made, purchase(who, 1000 * (number + 1), activity_at=day), now=day)
    for day in days:
        ledger.refresh(made.pk, [who.pk], now=day)
    entries = Entry.objects.filter(member=who, currency__code="points").order_by("activity_at", "pk")
    return state(who), lots(who), wake(who), list(entries.values_list("kind", "points", "activity_at"))


def test_reading_once_and_reading_every_night_tell_the_same(db):
    end = at(2025, 6, 15)
    nights = [at(2025, month, day) for month in (3, 4, 5, 6) for day in range(11, 30, 3)]
    told = []
    for days in ([end], [*[night for night in nights if night < end], end]):
        made = factories.program()
        told.append(history(made, factories.member(made), days))
    assert told[0] == told[1]
    assert told[0][0] == (30, 0, 0, 0)


def test_what_time_did_is_one_journal_for_each_day(made):
    members = [factories.member(made) for _ in range(3)]
    for who in members:
        post_one(made, purchase(who, 1000, activity_at=at(2025, 1, 10)), now=at(2025, 1, 10))
    for who in members:
        look(made, who, at(2026, 2, 1))
    assert Journal.objects.filter(kind="settlement").count() == 1
    assert Entry.objects.filter(kind="expiry", journal__kind="settlement").count() == 3
