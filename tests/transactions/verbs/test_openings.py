"""What members bring along from another system: points, debts, ends, sums and tiers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Balance, Standing
from partners.opening import Opening
from programs.models import Currency, ExpiryRule
from tests.support import factories
from transactions.models import CapCounter, Entry, Journal, Lot
from transactions.proof import causes
from transactions.proof.audit import audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(db):
    return factories.program(max_backdate_days=800)


@pytest.fixture
def who(made):
    return factories.member(made)


def opening(who, external_id="smile-1", **fields):
    fields = {"source": "smile"} | fields
    return Opening(external_id=external_id, member={"number": who.number}, **fields)


def bring(made, who, external_id="smile-1", **fields):
    return factories.post_one(made, opening(who, external_id, **fields))


def refused(made, who, **fields):
    result = factories.post(made, opening(who, **fields))[0]
    assert result.status == "refused"
    assert not Entry.objects.filter(member=who).exists()
    return result.refusal


def arrears(made):
    made.currencies.filter(code="points").update(refund_policy=Currency.RefundPolicy.ARREARS)
    made.save()


def row(who, currency="points"):
    return who.balances.get(currency__code=currency)


def test_an_opening_balance_is_a_journal_of_its_own_kind_and_never_counts_as_earned(made, who):
    result = bring(made, who, points=1500)
    journal = Journal.objects.get(pk=result.journal_id)
    assert (journal.kind, journal.reason) == ("opening", "Brought along from smile")
    assert [entry.kind for entry in journal.entries.all()] == ["opening"]
    held = row(who)
    assert (held.available, held.lifetime_opening, held.lifetime_earned) == (1500, 1500, 0)
    assert not who.tallies.exists()
    assert held.last_activity_at is None
    assert not list(audit(made))


def test_it_explains_itself(made, who):
    result = bring(made, who, points=120, stated="120.5")
    told = causes.of_journal(Journal.objects.get(pk=result.journal_id), {c.code: c for c in made.currencies.all()})
    assert told["sentences"] == [
        "Brought along from smile: 120 Points (the file says 120.5) added to a balance of 0.",
        "Opening balances never count as earned, and no cap is used up by them.",
    ]


def test_the_same_one_twice_is_answered_as_before_and_moves_nothing(made, who):
    bring(made, who, points=1500)
    assert bring(made, who, points=1500).status == "replayed"
    assert row(who).available == 1500
    conflict = factories.post(made, opening(who, points=1600))[0]
    assert conflict.refusal.code == "idempotency_conflict"


def test_a_balance_is_added_to_or_made_so(made, who):
    factories.post_one(made, factories.purchase(who, 10000))
    bring(made, who, points=50)
    assert row(who).available == 150
    bring(made, who, "smile-2", points=70, sets=True)
    assert (row(who).available, row(who).lifetime_opening, row(who).lifetime_earned) == (70, -30, 100)
    bring(made, who, "smile-3", points=90, sets=True)
    assert row(who).available == 90
    assert not list(audit(made))


def test_points_end_as_the_file_says_else_as_the_program_has_it(made, who):
    end = timezone.now() + timedelta(days=40)
    bring(made, who, points=10, ends_at=end)
    bring(made, who, "smile-2", points=20)
    bring(made, who, "smile-3", points=30, never_ends=True)
    ends = dict(Lot.objects.filter(member=who).values_list("points", "expires_at"))
    assert ends[10] == end
    assert ends[30] is None
    assert ends[20] > timezone.now() + timedelta(days=364)


def test_what_has_ended_already_is_refused(made, who):
    found = refused(made, who, points=10, ends_at=timezone.now() - timedelta(days=1))
    assert (found.code, found.field) == ("already_ended", "ends_at")


def test_owed_points_become_arrears_where_the_program_has_them(made, who):
    arrears(made)
    bring(made, who, points=-20)
    assert (row(who).available, row(who).arrears) == (0, 20)
    factories.post_one(made, factories.purchase(who, 5000))
    assert (row(who).available, row(who).arrears) == (30, 0)
    assert not list(audit(made))


def test_owed_points_are_refused_with_a_reason_where_it_has_none(made, who):
    found = refused(made, who, points=-20)
    assert found.code == "no_arrears"
    assert "20 Points would be owed" in found.detail


def test_more_than_somebody_may_hold_is_refused(made, who):
    made.currencies.filter(code="points").update(max_balance=100)
    made.save()
    assert refused(made, who, points=101).code == "balance_too_large"


def test_no_cap_is_used_up(made, who):
    bring(made, who, points=10_000)
    assert not CapCounter.objects.exists()


def test_only_what_is_called_qualifying_counts_for_a_tier(made, who):
    bring(made, who, points=5000, earned_before=7000, redeemed_before=2000)
    assert not who.tallies.exists()
    assert who.standings.current().get().tier.code == "base"
    bring(made, who, "smile-2", qualifying=700)
    assert who.tallies.get().points == 700
    assert who.standings.current().get().tier.code == "silver"
    assert (row(who).earned_before, row(who).redeemed_before) == (7000, 2000)
    assert row(who, "status").lifetime_earned == 0
    assert not list(audit(made))


def test_the_audit_finds_changed_sums_of_before(made, who):
    bring(made, who, points=5, earned_before=7)
    bring(made, who, "loyaltylion-1", points=5, earned_before=3)
    bring(made, who, "loyaltylion-2", points=5, earned_before=4, sets=True)
    assert row(who).earned_before == 4
    assert not list(audit(made))
    Balance.objects.filter(member=who).update(earned_before=8, lifetime_opening=6)
    assert {"the sums of before", "lifetime_opening"} <= {drift.what for drift in audit(made)}


def test_a_tier_is_held_until_its_end_at_least(made, who):
    end = timezone.now() + timedelta(days=100)
    bring(made, who, tier="Gold", tier_until=end)
    held = who.standings.current().get()
    assert (held.tier.code, held.valid_until, held.reason) == ("gold", end, Standing.Reason.IMPORT)
    # Activity that reaches less leaves it alone.
    factories.post_one(made, factories.purchase(who, 60000))
    assert who.standings.current().get() == held
    assert row(who).available == 900


def test_a_tier_that_is_held_already_gets_the_later_end_and_a_lower_one_changes_nothing(made, who):
    now = timezone.now()
    bring(made, who, tier="silver", tier_until=now + timedelta(days=10))
    bring(made, who, "smile-2", tier="silver", tier_until=now + timedelta(days=20))
    bring(made, who, "smile-3", tier="silver", tier_until=now + timedelta(days=5))
    bring(made, who, "smile-4", tier="base", tier_until=now + timedelta(days=50))
    held = who.standings.current().get()
    assert (held.tier.code, held.valid_until) == ("silver", now + timedelta(days=20))
    # Each end that was promised is a row.
    assert who.standings.count() == 3


def test_a_tier_that_is_reached_later_takes_the_place_of_the_one_brought_along(made, who):
    bring(made, who, tier="silver", tier_until=timezone.now() + timedelta(days=100))
    factories.post_one(made, factories.purchase(who, 100_000))
    held, before = who.standings.all()[:2]
    assert (held.tier.code, held.valid_until, held.is_current) == ("gold", None, True)
    assert (before.tier.code, before.until_at, before.is_current) == ("silver", held.from_at, False)


def test_an_unknown_tier_is_refused_with_those_that_there_are(made, who):
    found = refused(made, who, tier="Platinum")
    assert found.code == "tier_unknown"
    assert "Base, Silver, Gold" in found.detail


class TestWhereBalancesEndByInactivity:
    @pytest.fixture(autouse=True)
    def by_inactivity(self, made):
        ExpiryRule.objects.filter(currency__program=made).update(model="activity", rounding="none")
        made.save()

    def test_points_have_a_whole_period_from_now_and_it_is_no_activity(self, made, who):
        bring(made, who, points=10)
        assert row(who).expires_at > timezone.now() + timedelta(days=364)
        assert row(who).last_activity_at is None

    def test_a_balance_that_has_an_end_keeps_it(self, made, who):
        factories.post_one(made, factories.purchase(who, 100, activity_at=timezone.now() - timedelta(days=200)))
        end = row(who).expires_at
        bring(made, who, points=10)
        assert row(who).expires_at == end

    def test_the_last_activity_of_there_counts_where_the_file_says_it(self, made, who):
        bring(made, who, points=10, last_activity_at=timezone.now() - timedelta(days=100))
        assert timedelta(days=263) < row(who).expires_at - timezone.now() < timedelta(days=268)
        assert row(who).last_activity_at < timezone.now() - timedelta(days=99)
