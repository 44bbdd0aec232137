"""A step that workers share is planned once, done batch by batch, and summed up, whatever happens in between."""

from datetime import timedelta

import psycopg
import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError

from loyalty_site import nightly
from loyalty_site.night import batches, bells, coordinating
from loyalty_site.night.shared import SharedStep, cut
from members.models import Member
from tests.support import factories
from tests.support.nights import NIGHT, run
from transactions.models import NightBatch, NightRun

KEYS = [1, 2, 3, 4, 5, 6, 7]


@pytest.fixture
def made(db):
    return factories.program()


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NIGHT, tick=False):
        yield


@pytest.fixture
def share(monkeypatch):
    """Let the night consist of one shared step; returns how often and for what it was planned."""

    def put(work, *, keys=KEYS, size=2, planned=None, **options):
        plans = []

        def plan(night):
            plans.append(night.now)
            yield from cut(keys, size)

        monkeypatch.setattr(nightly, "STEPS", [SharedStep("shared", planned or plan, work, **options)])
        return plans

    return put


def count(batch):
    return {"seen": len(batch.keys), "odd": sum(key % 2 for key in batch.keys)}


def poisoned(batch):
    """One member cannot be booked."""
    if 4 in batch.keys:
        raise ValueError("no such thing")
    return count(batch)


def test_what_its_batches_count_is_summed_up_by_kind(made, share):
    share(count)
    assert run(made) == [("2026-03-03", "shared")]
    row = NightRun.objects.get()
    assert (row.counts, row.batches, row.error) == ({"seen": 7, "odd": 4}, 4, "")
    assert row.finished_at
    assert not NightBatch.objects.exists()
    assert run(made) == []


def test_a_batch_knows_its_program_its_day_and_the_instant_of_the_plan(made, share):
    given = []
    share(lambda batch: given.append(batch) or {}, is_of_a_day=True)
    run(made)
    assert {(one.program_id, one.day.isoformat(), one.now) for one in given} == {(made.pk, "2026-03-03", NIGHT)}
    assert [list(one.keys) for one in given] == [[1, 2], [3, 4], [5, 6], [7]]


def test_where_nothing_is_due_it_ends_at_once(made, share):
    share(count, keys=[])
    run(made)
    row = NightRun.objects.get()
    assert (row.counts, row.batches) == ({}, 0)
    assert row.finished_at


def test_a_plan_that_breaks_leaves_no_batch_behind(made, share, monkeypatch):
    monkeypatch.setattr(batches, "AT_ONCE", 1)

    def half(night):
        yield [1, 2]
        yield [3]
        raise ValueError("half of it")

    share(count, planned=half)
    run(made)
    row = NightRun.objects.get()
    assert (row.error, row.batches, NightBatch.objects.count()) == ("ValueError: half of it", None, 0)
    share(count)
    run(made)
    row.refresh_from_db()
    assert (row.error, row.counts["seen"]) == ("", 7)


def test_one_who_fails_is_counted_and_listed_and_stops_nobody(made, share):
    share(poisoned)
    with pytest.raises(CommandError) as ended:
        call_command("night")
    assert ended.value.returncode == 1
    row = NightRun.objects.get()
    assert row.counts == {"seen": 6, "odd": 4, "failed": 1, "listed": ["member 4: ValueError: no such thing"]}
    assert row.finished_at


def test_what_a_batch_wrote_before_it_failed_is_not_there(made, share):
    who = factories.member(made)
    tried = []

    def work(batch):
        tried.append(tuple(batch.keys))
        Member.objects.filter(pk=who.pk).update(number=f"X-{len(tried)}")
        if 2 in batch.keys:
            raise ValueError("after it wrote")
        return {}

    share(work, keys=[1, 2])
    run(made)
    who.refresh_from_db()
    assert tried == [(1, 2), (1,), (2,)]
    assert who.number == "X-2"


def test_a_batch_that_cannot_be_divided_stops_the_step_and_the_next_call_goes_on(made, share):
    plans = share(poisoned, is_divisible=False)
    run(made)
    row = NightRun.objects.get()
    assert row.error == "NotAllDone: 1 of 4 batches failed, the first by ValueError: no such thing"
    assert (row.finished_at, row.counts) == (None, {"seen": 5, "odd": 3})
    assert NightBatch.objects.filter(finished_at=None).count() == 1
    nightly.STEPS[0] = SharedStep("shared", nightly.STEPS[0].plan, count)
    assert run(made, now=NIGHT + timedelta(minutes=15)) == [("2026-03-03", "shared")]
    row.refresh_from_db()
    assert (row.error, row.counts) == ("", {"seen": 7, "odd": 4})
    # What was planned is not planned anew, though it is later.
    assert plans == [NIGHT]


def test_a_run_that_was_planned_is_brought_to_its_end_on_a_later_day(made, share):
    plans = share(poisoned, is_divisible=False)
    run(made)
    given = []
    nightly.STEPS[0] = SharedStep("shared", nightly.STEPS[0].plan, lambda batch: given.append(batch) or count(batch))
    tomorrow = NIGHT + timedelta(days=1)
    with time_machine.travel(tomorrow, tick=False):
        assert run(made, now=tomorrow) == [("2026-03-03", "shared"), ("2026-03-04", "shared")]
    assert given[0].now == NIGHT
    assert plans == [NIGHT, tomorrow]
    assert [one.counts["seen"] for one in NightRun.objects.order_by("day")] == [7, 7]


def test_a_database_that_refuses_for_a_time_is_nobodys_fault(made, share):
    class Deadlock(psycopg.errors.DeadlockDetected):
        sqlstate = "40P01"

    refused = []

    def work(batch):
        if batch.keys[0] == 3 and len(refused) < 2:
            refused.append(tuple(batch.keys))
            raise OperationalError("deadlock detected") from Deadlock()
        return count(batch)

    share(work)
    run(made)
    assert NightRun.objects.get().counts == {"seen": 7, "odd": 4}
    assert refused == [(3, 4), (3,)]


def test_the_counts_are_told_while_it_runs(made, share):
    told = []

    def work(batch):
        told.append(NightRun.objects.get().counts.get("seen", 0))
        return count(batch)

    share(work)
    run(made)
    assert told == [0, 2, 4, 6]


def test_a_batch_that_somebody_else_has_finished_is_not_done_again(made, share, monkeypatch):
    """The lock decides, and not who wrote down that it begins."""
    done = []
    share(lambda batch: done.append(tuple(batch.keys)) or count(batch))
    begin = batches._begin

    def late(run_id):
        key = begin(run_id)
        NightBatch.objects.filter(pk=key, position=1).update(finished_at=NIGHT, counts={"seen": 2})
        return key

    monkeypatch.setattr(batches, "_begin", late)
    run(made)
    assert done == [(3, 4), (5, 6), (7,)]
    assert NightRun.objects.get().counts["seen"] == 7


def test_one_task_for_each_batch_but_ours_and_never_more_than_a_few_at_once(made, share, monkeypatch):
    rung = []
    monkeypatch.setattr(nightly.night_batch, "apply_async", lambda arguments, **options: rung.append(arguments))
    share(count)
    run(made)
    assert rung == [(NightRun.objects.get().pk,)] * 3
    other = factories.program()
    share(count, keys=range(100), size=1)
    run(other)
    assert len(rung) - 3 == bells.MOST


def test_a_worker_does_one_batch_and_passes_the_bell_on_while_more_are_open(made, share, monkeypatch):
    rung = []
    share(count)
    [step] = nightly.STEPS
    monkeypatch.setattr(bells, "pass_on", rung.append)
    row = NightRun.objects.create(program=made, day="2026-03-03", step="shared")
    batches.write(step, row.pk, NIGHT, lambda: [[1], [2]])
    done = NightBatch.objects.exclude(finished_at=None)
    nightly.night_batch(row.pk)
    assert (done.count(), len(rung)) == (1, 1)
    nightly.night_batch(row.pk)
    assert (done.count(), len(rung)) == (2, 1)


def test_a_bell_that_comes_late_or_for_a_step_that_is_gone_does_nothing(made, share):
    share(lambda batch: pytest.fail("nothing is to be done"))
    [step] = nightly.STEPS
    ended = NightRun.objects.create(program=made, day="2026-03-03", step="shared", finished_at=NIGHT)
    gone = NightRun.objects.create(program=made, day="2026-03-03", step="gone")
    batches.write(step, gone.pk, NIGHT, lambda: [[1], [2]])
    for key in (ended.pk, gone.pk, 0):
        nightly.night_batch(key)
    assert not NightBatch.objects.exclude(finished_at=None).exists()


def test_a_broker_that_is_down_is_asked_once_and_stops_nothing(made, share, monkeypatch):
    asked = []

    def down(*arguments, **options):
        asked.append(arguments)
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr(nightly.night_batch, "apply_async", down)
    share(count)
    run(made)
    assert NightRun.objects.get().counts["seen"] == 7
    assert len(asked) == 1


def test_those_who_hold_a_batch_are_waited_for_but_not_for_ever(made, share, monkeypatch):
    share(count)
    monkeypatch.setattr(batches, "take", lambda step, run_id: False)
    monkeypatch.setattr(batches, "workers", lambda run_id: ["till:7"])
    monkeypatch.setattr(coordinating, "PATIENCE_S", 0)
    monkeypatch.setattr(coordinating, "LOOK_EVERY_S", 0)
    run(made)
    row = NightRun.objects.get()
    assert row.error == "NotAllDone: 4 of 4 batches do not come to an end; at work are till:7"
    assert NightBatch.objects.count() == 4


def test_a_step_that_is_not_shared_has_no_batches(made):
    run(made)
    own = NightRun.objects.exclude(step__in=[one.name for one in nightly.STEPS if isinstance(one, SharedStep)])
    assert set(own.values_list("batches", flat=True)) == {None}


def test_lists_of_counts_keep_their_first(db):
    many = {"listed": [str(n) for n in range(15)], "root": "a", "n": 1}
    both = batches.add(many, many | {"root": "b"})
    assert (len(both["listed"]), both["root"], both["n"]) == (20, "b", 2)


def test_batches_are_smaller_where_everybody_waits_for_one_writer(db):
    sizes = [len(part) for part in cut(range(1500))]
    assert sizes in ([1000, 500], [200] * 7 + [100])
