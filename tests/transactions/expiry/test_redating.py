"""A change of policy is for new lots; a previewed job brings the old ones along, never sooner than the notice."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from programs import periods
from programs.models import ExpiryRule
from tests.support import factories
from tests.support.factories import at, post_one, purchase, redemption
from tests.support.living import START, everything, live
from tests.support.one_batch import one_batch
from tests.support.rolled_back import rolled_back
from transactions import jobs, ledger
from transactions.expiry import preview, redating
from transactions.models import Entry, Lot, NightRun, Redating
from transactions.proof import history
from transactions.proof.audit import audit

NOW = at(2026, 3, 10)
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def points(made):
    return made.currencies.get(code="points")


def earn(made, who, day, amount=1000):
    post_one(made, purchase(who, amount, activity_at=day), now=day)
    return Lot.objects.filter(member=who).latest("pk")


def turn(points, **terms):
    ExpiryRule.objects.update_or_create(currency=points, defaults=terms)
    rule = ExpiryRule.objects.get(currency=points)
    rule.save()


def last_day(lot):
    lot.refresh_from_db()
    return lot.expires_at and periods.local_date(lot.expires_at - timedelta(seconds=1), PARIS).isoformat()


def test_a_change_of_policy_is_for_new_lots_only(made, who, points):
    old = earn(made, who, at(2026, 3, 1))
    turn(points, period=2, rounding="none")
    assert last_day(old) == "2027-03-31"
    assert last_day(earn(made, who, at(2026, 3, 2))) == "2026-05-02"


def test_the_job_gives_live_lots_the_new_terms_but_not_before_the_notice(made, who, points):
    old, new = earn(made, who, at(2025, 12, 1)), earn(made, who, at(2026, 3, 1))
    turn(points, period=2, rounding="none", notice_days=30)
    plan = preview.preview(points, NOW)
    assert (plan.lots, plan.points, plan.sooner, plan.later, plan.unchanged) == (2, 20, 2, 0, 0)
    assert not Redating.objects.exists()
    assert redating.apply(points, NOW, reason="Shorter") == 2
    assert last_day(old) == "2026-04-09"  # the notice, for it would have ended on 1 February
    assert last_day(new) == "2026-05-01"
    assert who.balances.get(currency=points).next_change_at == old.expires_at
    assert {(str(was), str(then)): (m.lots, m.points) for (was, then), m in plan.moves.items()} == {
        ("2026-12-31", "2026-04-09"): (1, 10),
        ("2027-03-31", "2026-05-01"): (1, 10),
    }
    assert (plan.members, plan.moved.members, plan.is_whole) == (1, 1, True)
    assert [(one.lot.pk, one.after) for one in plan.examples] == [(old.pk, old.expires_at), (new.pk, new.expires_at)]
    assert list(Redating.objects.values_list("lot", "reason")) == [(old.pk, "Shorter"), (new.pk, "Shorter")]
    again = preview.preview(points, NOW)
    assert (again.unchanged, again.sooner) == (2, 0)
    assert not list(audit(made))


def test_a_job_that_is_done_again_on_another_day_moves_nothing(made, who, points):
    old = earn(made, who, at(2025, 12, 1))
    turn(points, period=1, rounding="none", notice_days=30)
    assert redating.apply(points, NOW, reason="Shorter") == 1
    assert redating.apply(points, NOW + timedelta(days=5), reason="Again") == 0
    assert last_day(old) == "2026-04-09"


def test_a_lot_that_ends_within_the_notice_anyway_is_left_alone(made, who, points):
    turn(points, period=3, rounding="none")
    old = earn(made, who, at(2025, 12, 20))
    turn(points, period=2, rounding="none", notice_days=30)
    assert preview.preview(points, NOW).unchanged == 1
    assert redating.apply(points, NOW, reason="Shorter") == 0
    assert last_day(old) == "2026-03-20"


def test_turning_expiry_on_grants_a_whole_period_from_the_switch(db):
    made = factories.program(expiry="never")
    who, points = factories.member(made), made.currencies.get(code="points")
    old = earn(made, who, at(2025, 6, 1))
    turn(points, model="fixed", period=12, unit="month", rounding="none")
    assert [str(day) for days in preview.preview(points, NOW).moves for day in days] == [
        "None",
        "2027-03-10",
    ]
    redating.apply(points, NOW, reason="Points end now")
    assert last_day(old) == "2027-03-10"


def test_turning_expiry_off_takes_the_ends_away(made, who, points):
    old = earn(made, who, at(2026, 3, 1))
    turn(points, model="never")
    redating.apply(points, NOW, reason="For good")
    assert last_day(old) is None
    assert who.balances.get(currency=points).next_change_at is None
    assert ledger.refresh(made.pk, [who.pk], now=at(2040, 1, 1)) is False


@pytest.mark.parametrize(("had_end", "expected"), [(True, "2027-03-01"), (False, "2027-03-10")])
def test_the_activity_model_ends_the_balance_and_not_its_lots(db, had_end, expected):
    made = factories.program(expiry="fixed" if had_end else "never")
    who, points = factories.member(made), made.currencies.get(code="points")
    lot = earn(made, who, at(2026, 3, 1))
    turn(points, model="activity", period=12, unit="month", rounding="none")
    plan = preview.preview(points, NOW)
    assert [str(then) for _, then in plan.moves] == [expected] * plan.moved.lots
    redating.apply(points, NOW, reason="By activity")
    balance = who.balances.get(currency=points)
    assert last_day(lot) is None
    assert periods.local_date(balance.expires_at - timedelta(seconds=1), PARIS).isoformat() == expected
    assert balance.next_change_at == balance.expires_at
    turn(points, model="fixed", period=12, unit="month", rounding="none")
    redating.apply(points, NOW + timedelta(days=1), reason="Back again")
    balance.refresh_from_db()
    assert (balance.expires_at, last_day(lot)) == (None, "2027-03-01")


def test_what_ended_before_the_job_stays_ended(made, who, points):
    old = earn(made, who, at(2025, 1, 5))
    turn(points, period=60)
    assert redating.apply(points, NOW, reason="Longer") == 0
    assert Entry.objects.get(kind="expiry").activity_at == Lot.objects.get(pk=old.pk).expires_at


def test_a_job_that_was_interrupted_is_taken_up_where_it_was(made, points, monkeypatch):
    members = [factories.member(made) for _ in range(5)]
    live(made, members, 4, now=START)
    turn(points, period=3, rounding="month")
    now = START + timedelta(minutes=30)

    def whole():
        redating.apply(points, now, reason="Once")
        return everything(members)

    with rolled_back():
        expected = whole()
    action, calls = redating._redate, []

    def fail_second(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return action(*arguments)

    monkeypatch.setattr(redating, "BATCH", 2)
    monkeypatch.setattr(redating, "_redate", fail_second)
    with pytest.raises(KeyboardInterrupt), transaction.atomic(), transaction.atomic():
        redating.apply(points, now, reason="Once")
    # The savepoint took the first batch with it here; in the wild each batch is committed by itself.
    redating.apply(points, now, reason="Once")
    assert everything(members) == expected
    assert NightRun.objects.get().finished_at
    lots = NightRun.objects.get().counts["lots"]
    assert redating.apply(points, now, reason="Once") == lots == Redating.objects.count()
    assert list(redating.finish(made)) == []
    assert not list(audit(made))


def test_a_job_works_for_so_long_and_is_taken_up_by_whoever_comes(made, points, monkeypatch):
    members = [factories.member(made) for _ in range(3)]
    for who in members:
        earn(made, who, at(2026, 3, 1))
    turn(points, period=3, rounding="none")
    monkeypatch.setattr(redating, "BATCH", 1)
    # The clock moves a second with every look: two batches fit into two seconds and a half.
    ticks = iter(range(100))
    monkeypatch.setattr(jobs.time, "monotonic", lambda: next(ticks))
    job = redating.KIND.advance(redating.start(points, NOW, reason="Long"), now=NOW, for_s=2.5)
    assert (job.finished_at, job.counts["members"], job.counts["of_members"]) == (None, 2, 3)
    assert Redating.objects.count() == 2
    redating.work(job.pk)
    job.refresh_from_db()
    assert job.finished_at
    assert (job.counts["members"], job.counts["lots"], Redating.objects.count()) == (3, 3, 3)
    redating.work(job.pk)
    assert Redating.objects.count() == 3


def test_terms_that_are_edited_meanwhile_are_for_new_lots_and_all_old_ones_get_what_was_agreed_to(
    made, points, monkeypatch
):
    lots = [earn(made, factories.member(made), at(2026, 3, 1)) for _ in range(3)]
    turn(points, period=3, rounding="none")
    monkeypatch.setattr(redating, "BATCH", 1)
    job = one_batch(redating.KIND, redating.start(points, NOW, reason="Short"), NOW)
    assert job.counts["members"] == 1
    turn(points, period=6, rounding="none")
    job = redating.KIND.advance(job, now=NOW)
    assert (bool(job.finished_at), job.error, job.counts["lots"]) == (True, "", 3)
    assert {last_day(lot) for lot in lots} == {"2026-06-01"}
    assert last_day(earn(made, factories.member(made), at(2026, 3, 1))) == "2026-09-01"


def test_a_preview_of_very_many_lots_says_that_it_is_not_whole(made, points, monkeypatch):
    for _ in range(3):
        earn(made, factories.member(made), at(2026, 3, 1))
    turn(points, period=3, rounding="none")
    monkeypatch.setattr(preview, "MOST", 2)
    plan = preview.preview(points, NOW)
    assert (plan.lots, plan.points, plan.members, plan.seen, plan.is_whole) == (3, 30, 3, 2, False)


def test_the_night_finishes_an_interrupted_job(made, who, points):
    old = earn(made, who, at(2026, 3, 1))
    turn(points, period=3, rounding="none")
    redating.NightRun.objects.create(
        program=made,
        day=NOW.date(),
        step=f"redate {points.pk} 120000",
        counts={"currency": "points", "at": NOW.isoformat(), "reason": "Cut off", "lots": 0}
        | {"last_member": 0, "last_lot": old.pk},
    )
    assert list(redating.finish(made, now=NOW + timedelta(days=2))) == [1]
    assert last_day(old) == "2026-06-01"


def test_pending_and_reserved_points_come_along(made, who, points):
    points.pending_days = 14
    points.save()
    lot = earn(made, who, at(2026, 3, 1))
    ledger.refresh(made.pk, [who.pk], now=at(2026, 3, 16))
    post_one(made, redemption(who, 10, reserve_s=86400), now=at(2026, 3, 16))
    pending = earn(made, who, at(2026, 3, 16, 13))
    turn(points, period=1, rounding="none", notice_days=0)
    redating.apply(points, at(2026, 3, 16, 14), reason="Short")
    assert last_day(pending) == "2026-04-30"  # its clock starts with the release, on 30 March
    assert last_day(lot) == "2027-03-31"  # nothing is left of it now; the promise is kept
    assert who.balances.get(currency=points).next_change_at == at(2026, 3, 17)
    assert not list(audit(made))


def test_the_past_shows_the_old_end(made, who, points):
    lot = earn(made, who, at(2026, 3, 1))
    before = lot.expires_at
    turn(points, period=3, rounding="none")
    redating.apply(points, NOW, reason="Shorter")
    assert history.as_of(who.pk, known_at=NOW - timedelta(days=1)).lots[0].expires_at == before
    assert history.as_of(who.pk, known_at=NOW).lots[0].expires_at != before


def test_a_job_says_why(made, points):
    with pytest.raises(redating.NoReason):
        redating.apply(points, NOW, reason=" ")
    assert not NightRun.objects.exists()
