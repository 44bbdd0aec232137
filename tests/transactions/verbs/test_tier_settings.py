"""Staff and shops set tiers, with an end and a lock of their own (C15-R9)."""

from datetime import date, timedelta

import pytest

from members.models import Member
from programs.models import Tier, TierGroup
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.factories import at, post, post_one, reversal
from tests.support.ladders import benefit, earn, ladder, midnight, noon, standing, story, through, tier
from tests.support.setting_tiers import refused, set_tier, setting
from transactions.models import Journal
from transactions.proof import history
from transactions.proof.sentences import explain

pytestmark = pytest.mark.usefixtures("books_balance")


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=900)


@pytest.fixture
def who(made):
    return factories.member(made, enrolled_at=at(2024, 1, 10))


@pytest.fixture
def paid(made):
    """A membership that is sold: basic and premium, reached by no points."""
    group = TierGroup.objects.create(program=made, code="club", name="Club", model="manual")
    Tier.objects.create(group=group, code="basic", name="Basic", sequence=1, threshold=0)
    Tier.objects.create(group=group, code="premium", name="Premium", sequence=2, threshold=None)
    made.refresh_from_db()
    return group


def test_a_tier_is_set_with_an_end_a_lock_and_a_reason_that_stay_in_the_history(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle")
    now = noon(made, 2026, 3, 10)
    done = set_tier(
        made, who, "gold", now, until=date(2026, 9, 30), locked_until=date(2026, 6, 30), reason_type="match"
    )
    row = standing(who)
    assert (row.tier.code, row.reason, through(who)) == ("gold", "manual", "2026-09-30")
    assert row.note == "Status match from another program: Asked at the desk"
    assert (row.locked_until, row.caused_by) == (midnight(made, 2026, 7, 1), done.journal_id)
    assert (row.since_at, row.from_at) == (now, now)
    journal = Journal.objects.get(pk=done.journal_id)
    assert (journal.kind, journal.activity, journal.reason) == ("tier", "match", "Asked at the desk")
    assert done.answer["tiers"] == {"main": "gold"}
    assert done.answer["set_tier"] == {
        "tier_group": "main",
        "tier": "gold",
        "since": now.isoformat(),
        "until": midnight(made, 2026, 10, 1).isoformat(),
        "locked_until": midnight(made, 2026, 7, 1).isoformat(),
    }
    assert explain(journal.trace, {}) == [
        "The tier of Main was set to Gold; it had been Base. Status match from another program: Asked at the desk",
        "It is held until 2026-10-01 00:00.",
        "Until 2026-07-01 00:00 nothing raises or lowers it.",
    ]
    assert tier(who, midnight(made, 2026, 9, 30)) == "gold"
    assert tier(who, midnight(made, 2026, 10, 1)) == "base"


def test_without_an_end_it_is_held_as_long_as_the_ladder_gives(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle_plus_next")
    set_tier(made, who, "silver", noon(made, 2026, 3, 10))
    assert (tier(who), through(who)) == ("silver", "2027-12-31")
    ladder(made, validity="none")
    set_tier(made, who, "gold", noon(made, 2026, 3, 11))
    assert (tier(who), through(who)) == ("gold", None)


def test_sent_twice_it_is_set_once_and_other_content_is_a_conflict(made, who, count_rows):
    now = noon(made, 2026, 3, 10)
    item = setting(who, "gold", until=date(2026, 9, 30), external_id="desk-1")
    first = post_one(made, item, now=now)
    before = count_rows()
    again = post_one(made, item, now=now + timedelta(days=1))
    assert (again.status, again.journal_id, again.answer) == ("replayed", first.journal_id, first.answer)
    other = setting(who, "gold", until=date(2026, 10, 1), external_id="desk-1")
    assert refused(made, other, now) == ("idempotency_conflict", "external_id")
    assert count_rows() == before


def test_a_dry_run_sets_nothing(made, who, count_rows):
    factories.till(made)
    before = count_rows()
    computed = post_one(made, setting(who, "gold"), now=noon(made, 2026, 3, 10), dry_run=True)
    assert computed.answer["tiers"] == {"main": "gold"}
    assert (tier(who), count_rows()) == ("base", before)


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("gold", {"reason": " "}, ("reason_missing", "reason")),
        ("gold", {"reason_type": "whim"}, ("invalid_choice", "reason_type")),
        ("gold", {"until": date(2026, 3, 9)}, ("invalid_date", "until")),
        ("gold", {"until": at(2026, 3, 10, 11)}, ("invalid_date", "until")),
        ("gold", {"until": at(2026, 3, 10, 11).replace(tzinfo=None)}, ("invalid_date", "until")),
        ("gold", {"until": date(1899, 12, 31)}, ("invalid_day", "until")),
        ("gold", {"locked_until": date(2026, 3, 9)}, ("invalid_date", "locked_until")),
        ("base", {"until": date(2026, 5, 1)}, ("invalid_value", "until")),
        ("", {"until": date(2026, 5, 1), "locked_until": date(2026, 5, 1)}, ("invalid_value", "until")),
        ("platinum", {}, ("tier_unknown", "tier")),
        ("gold", {"tier_group": "club"}, ("tier_unknown", "tier_group")),
        ("gold", {"activity_at": at(2023, 1, 1)}, ("invalid_date", "activity_at")),
        ("gold", {"activity_at": at(2026, 3, 11)}, ("invalid_date", "activity_at")),
    ],
)
def test_what_cannot_be_set_is_refused_at_its_field(made, who, count_rows, code, fields, expected):
    factories.till(made)
    before = count_rows()
    assert refused(made, setting(who, code, **fields), noon(made, 2026, 3, 10)) == expected
    assert (tier(who), count_rows()) == ("base", before)


def test_a_tier_of_another_ladder_and_an_unnamed_one_of_several_are_refused(made, who, paid):
    now = noon(made, 2026, 3, 10)
    assert refused(made, setting(who, "gold", tier_group="club"), now) == ("tier_unknown", "tier")
    refusal = post(made, setting(who, "gold"), now=now)[0].refusal
    assert (refusal.field, "main, club" in refusal.detail or "club, main" in refusal.detail) == ("tier_group", True)


def test_who_is_not_active_keeps_the_tier(made, who):
    Member.objects.filter(pk=who.pk).update(status="paused")
    assert refused(made, setting(who, "gold"), noon(made, 2026, 3, 10)) == ("member_not_active", "member")


def test_less_than_the_points_reach_needs_a_lock(made, who):
    earn(made, who, 600, noon(made, 2026, 3, 1))
    now = noon(made, 2026, 3, 10)
    for code in ("base", ""):
        assert refused(made, setting(who, code), now) == ("invalid_value", "locked_until")
    set_tier(made, who, "base", now, locked_until=date(2026, 4, 30), reason_type="penalty")
    earn(made, who, 600, noon(made, 2026, 3, 20))
    assert tier(who, midnight(made, 2026, 4, 30)) == "base"
    assert tier(who, midnight(made, 2026, 5, 1)) == "gold"
    assert story(who)[-1] == ("gold", "activity")


def test_no_tier_is_set_with_a_lock_and_ends_with_it(made, who):
    set_tier(made, who, "", noon(made, 2026, 3, 10), locked_until=date(2026, 4, 30), reason_type="penalty")
    assert tier(who, midnight(made, 2026, 4, 30)) is None
    assert tier(who, midnight(made, 2026, 5, 1)) == "base"


def test_a_lock_outlasts_the_validity_and_then_the_closed_cycle_decides(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle")
    earn(made, who, 500, noon(made, 2025, 5, 1))
    set_tier(made, who, "gold", noon(made, 2025, 6, 1), locked_until=date(2026, 2, 28))
    assert through(who) == "2025-12-31"
    assert tier(who, midnight(made, 2026, 1, 1)) == "gold"
    assert tier(who, midnight(made, 2026, 2, 28)) == "gold"
    assert tier(who, midnight(made, 2026, 3, 1)) == "silver"
    assert through(who) == "2026-12-31"


@pytest.mark.parametrize(("points", "after"), [(0, "base"), (600, "silver"), (1200, "gold")])
def test_without_a_validity_the_end_of_the_lock_decides(made, who, points, after):
    set_tier(made, who, "gold", noon(made, 2026, 3, 10), locked_until=date(2026, 4, 30))
    if points:
        earn(made, who, points, noon(made, 2026, 4, 1))
    assert (tier(who, midnight(made, 2026, 4, 30)), through(who)) == ("gold", None)
    assert tier(who, midnight(made, 2026, 5, 1)) == after


def test_for_life_without_a_lock_nothing_ends_it(made, who):
    set_tier(made, who, "gold", noon(made, 2026, 3, 10))
    assert tier(who, midnight(made, 2036, 3, 10)) == "gold"


def test_the_lock_is_taken_off_by_setting_the_same_tier_without_one_and_points_decide_at_once(made, who):
    set_tier(made, who, "base", noon(made, 2026, 3, 10), locked_until=date(2026, 12, 31), reason_type="penalty")
    earn(made, who, 600, noon(made, 2026, 4, 1))
    assert tier(who) == "base"
    done = set_tier(made, who, "base", noon(made, 2026, 4, 2), reason="Paid in the end", reason_type="correction")
    row = standing(who)
    assert (tier(who), done.answer["tiers"]["main"], row.locked_until) == ("silver", "silver", None)
    assert (row.note, row.caused_by) == ("Correction: Paid in the end", done.journal_id)
    earn(made, who, 600, noon(made, 2026, 4, 3))
    assert tier(who) == "gold"


def test_the_lock_is_taken_off_and_the_validity_stays(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle")
    until = date(2027, 6, 30)
    set_tier(made, who, "gold", noon(made, 2026, 3, 10), until=until, locked_until=date(2026, 12, 31))
    set_tier(made, who, "gold", noon(made, 2026, 4, 2))
    assert (tier(who), through(who), standing(who).locked_until) == ("gold", "2027-06-30", None)
    assert standing(who).since_at == noon(made, 2026, 3, 10)


def test_taking_off_a_lock_that_outlasted_the_validity_assesses_at_once(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle")
    set_tier(made, who, "gold", noon(made, 2025, 6, 1), locked_until=date(2026, 2, 28))
    set_tier(made, who, "gold", noon(made, 2026, 1, 20))
    assert tier(who) == "base"


def test_a_paid_membership_has_dates_of_its_own_and_is_prolonged_to_what_is_sold(made, who, paid):
    bought = noon(made, 2026, 3, 10)
    fields = {"tier_group": "club", "reason_type": "purchase"}
    set_tier(made, who, "premium", bought, until=date(2027, 3, 9), **fields)
    assert (tier(who, group="club"), through(who, "club"), tier(who)) == ("premium", "2027-03-09", "base")
    set_tier(made, who, "premium", noon(made, 2027, 2, 1), until=date(2028, 3, 9), **fields)
    assert (through(who, "club"), standing(who, "club").since_at) == ("2028-03-09", bought)
    earn(made, who, 1000, noon(made, 2027, 5, 1))
    assert (tier(who, midnight(made, 2028, 3, 9), "club"), tier(who)) == ("premium", "gold")
    assert tier(who, midnight(made, 2028, 3, 10), "club") == "basic"
    assert through(who, "club") is None


def test_a_paid_membership_without_a_base_ends_with_no_tier(made, who, paid):
    paid.tiers.get(code="basic").delete()
    other = factories.member(made, enrolled_at=at(2024, 1, 10))
    set_tier(made, other, "premium", noon(made, 2026, 3, 10), until=date(2026, 4, 9), tier_group="club")
    assert tier(other, midnight(made, 2026, 4, 9), "club") == "premium"
    assert tier(other, midnight(made, 2026, 4, 10), "club") is None


def test_one_that_is_reported_late_holds_since_it_was_sold(made, who, paid):
    sold, now = noon(made, 2026, 3, 1), noon(made, 2026, 3, 10)
    set_tier(made, who, "premium", now, activity_at=sold, until=date(2027, 2, 28), tier_group="club")
    assert standing(who, "club").from_at == sold
    assert paid.pk in history.as_of(who.pk, true_at=noon(made, 2026, 3, 5)).tiers


def test_benefits_come_and_go_with_a_tier_that_is_set(made, who):
    lounge = benefit(made, "gold", "lounge")
    done = set_tier(made, who, "gold", noon(made, 2026, 3, 10))
    assert who.benefits.get().benefit == lounge
    post_one(made, reversal(done.journal_id), now=noon(made, 2026, 3, 11))
    assert who.benefits.get().withdrawn_at is not None


def test_reversed_it_is_as_before_with_the_dates_of_before_and_what_points_reached_since(made, who):
    ladder(made, model="calendar", validity="rest_of_cycle")
    earn(made, who, 500, noon(made, 2026, 2, 1))
    done = set_tier(made, who, "gold", noon(made, 2026, 3, 10), until=date(2027, 5, 31))
    undone = post_one(made, reversal(done.journal_id), now=noon(made, 2026, 3, 12))
    row = standing(who)
    assert (row.tier.code, row.reason, through(who)) == ("silver", "reversal", "2026-12-31")
    assert (row.since_at, row.from_at) == (noon(made, 2026, 2, 1), noon(made, 2026, 3, 10))
    assert undone.answer["tiers"] == {"main": "silver"}
    assert Journal.objects.get(pk=done.journal_id).status == "reversed"
    assert post(made, reversal(done.journal_id, "again"), now=noon(made, 2026, 3, 13))[0].refusal.code == (
        "not_reversible"
    )
    locked = set_tier(made, who, "base", noon(made, 2026, 4, 1), locked_until=date(2026, 6, 30))
    earn(made, who, 500, noon(made, 2026, 4, 2))
    post_one(made, reversal(locked.journal_id), now=noon(made, 2026, 4, 3))
    assert tier(who) == "gold"
    assert_balanced(made)


def test_reversed_a_lock_of_before_holds_again_and_ends_on_its_day(made, who):
    set_tier(made, who, "gold", noon(made, 2026, 3, 10), locked_until=date(2026, 6, 30))
    done = set_tier(made, who, "silver", noon(made, 2026, 3, 11), locked_until=date(2026, 5, 31))
    post_one(made, reversal(done.journal_id), now=noon(made, 2026, 3, 12))
    assert tier(who, midnight(made, 2026, 6, 30)) == "gold"
    assert tier(who, midnight(made, 2026, 7, 1)) == "base"


def test_it_is_not_reversed_when_the_tier_has_changed_since(made, who, count_rows):
    done = set_tier(made, who, "silver", noon(made, 2026, 3, 10))
    earn(made, who, 1000, noon(made, 2026, 3, 11))
    before = count_rows()
    refusal = post(made, reversal(done.journal_id), now=noon(made, 2026, 3, 12))[0].refusal
    assert (refusal.code, refusal.field) == ("not_reversible", "transaction")
    assert (tier(who), count_rows()) == ("gold", before)


def test_a_tier_is_taken_back_as_a_whole(made, who):
    done = set_tier(made, who, "silver", noon(made, 2026, 3, 10))
    refusal = post(made, reversal(done.journal_id, points=1), now=noon(made, 2026, 3, 12))[0].refusal
    assert refusal.code == "wrong_measure"


@pytest.mark.parametrize("taken_off", [True, False])
def test_what_was_reached_under_a_lock_comes_before_what_ended_under_it(made, who, taken_off):
    ladder(made, model="calendar", validity="rest_of_cycle")
    earn(made, who, 2500, noon(made, 2025, 3, 1))
    ends = {"until": date(2025, 8, 1), "locked_until": date(2025, 9, 30)}
    set_tier(made, who, "silver", now=noon(made, 2025, 7, 1), **ends)
    assert tier(who, noon(made, 2025, 8, 2)) == "silver"
    if taken_off:
        set_tier(made, who, "silver", now=noon(made, 2025, 8, 2))
        assert (tier(who), through(who)) == ("gold", "2025-12-31")
    else:
        assert tier(who, midnight(made, 2025, 10, 1)) == "gold"
        assert through(who) == "2025-12-31"
