"""Several processes share a night. Whoever of them is killed, and whenever: it ends as if nobody had been.

With PostgreSQL they hear of it from a real Redis, with SQLite from files.
"""

import time
from datetime import timedelta

import pytest
import time_machine

from loyalty_site.night.shared import Batch
from tests.support import factories
from tests.support.living import START, everything, live
from tests.support.nights import NIGHT
from tests.support.processes import free_port
from tests.support.rolled_back import rolled_back
from tests.support.shared_nights import SOON, shared_night
from tests.support.shared_settling import SIZE, due, work
from transactions.models import NightBatch, NightRun
from transactions.proof.audit import audit

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

NOW = START + timedelta(days=3)
MEMBERS = 24
#: The hashes contain the key of the journal of the day, which another try has taken; the audit recomputes them.
KEYS = ("chain",)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NIGHT, tick=False):
        yield


@pytest.fixture
def made():
    return factories.program()


@pytest.fixture
def crowd(made):
    members = [factories.member(made) for _ in range(MEMBERS)]
    live(made, members, 5, steps=120)
    return members


@pytest.fixture
def night(tmp_path):
    with shared_night(tmp_path) as shared:
        yield shared


@pytest.fixture
def undisturbed(made, crowd):
    """What is stored when one process does all of it at once."""
    keys = due(made.pk, NOW)
    with rolled_back():
        work(Batch(made.pk, NOW.date(), NOW, keys))
        return everything(crowd, but=KEYS), len(keys)


def ended_as(undisturbed, made, crowd):
    """Whether the night ended with the same rows, and counted each member once."""
    expected, count = undisturbed
    run = NightRun.objects.get()
    assert run.finished_at, run.error
    assert run.counts == {"members": count}
    assert run.batches == -(-count // SIZE)
    assert not NightBatch.objects.exists()
    assert everything(crowd, but=KEYS) == expected
    assert not list(audit(made))
    return True


def test_two_workers_share_a_night_and_one_is_killed_in_the_middle_of_a_batch(made, crowd, night, undisturbed):
    victim, other = night.worker(pause_s=0.2), night.worker(pause_s=0.2, is_held=True)
    # In less of a hurry than the worker is.
    runs = night.night(made, NOW, pause_s=0.5, is_held=True)
    victim.until("inside")
    victim.kill()
    night.let_go()
    assert runs.end() == 0, runs.told()
    assert ended_as(undisturbed, made, crowd)
    assert other.said("finished")
    assert runs.said("finished")
    done = sum(one.said("finished") for one in (victim, other, runs))
    assert done == NightRun.objects.get().batches


def test_without_any_worker_a_night_is_done_alone(made, crowd, night, undisturbed):
    runs = night.night(made, NOW)
    assert runs.end() == 0, runs.told()
    assert ended_as(undisturbed, made, crowd)


def test_when_who_runs_the_night_is_killed_the_workers_go_on_and_the_next_one_ends_it(
    made, crowd, night, undisturbed
):
    for _ in range(2):
        night.worker(is_held=True)
    killed = night.night(made, NOW, pause_s=0.1)
    killed.until("inside")
    killed.kill()
    night.let_go()
    assert NightRun.objects.get().finished_at is None
    deadline = time.monotonic() + SOON
    while NightBatch.objects.filter(finished_at=None).exists():
        assert time.monotonic() < deadline, [one.told() for one in night.started]
        time.sleep(0.1)
    # The workers asked each other for help until nothing was open; nobody has told that it is the end.
    row = NightRun.objects.get()
    assert (row.finished_at, row.counts["members"]) == (None, undisturbed[1])
    again = night.night(made, NOW + timedelta(minutes=15))
    assert again.end() == 0, again.told()
    assert again.said("inside") == 0
    assert ended_as(undisturbed, made, crowd)


def test_killed_again_and_again_a_night_is_planned_once_and_done_once(made, crowd, night, undisturbed):
    for _ in range(3):
        killed = night.night(made, NOW, pause_s=0.1)
        killed.until("inside", times=2)
        killed.kill()
    open_ones = NightBatch.objects.filter(finished_at=None).count()
    assert 0 < open_ones < NightRun.objects.get().batches
    last = night.night(made, NOW + timedelta(hours=1))
    assert last.end() == 0, last.told()
    assert last.said("finished") == open_ones
    assert ended_as(undisturbed, made, crowd)


def test_two_nights_of_one_program_do_not_run_at_once(made, crowd, night, undisturbed):
    first = night.night(made, NOW, is_held=True)
    first.until("waits")
    second = night.night(made, NOW)
    assert second.end() == 3, second.told()
    assert second.said("inside") == 0
    night.let_go()
    assert first.end() == 0
    assert ended_as(undisturbed, made, crowd)


def test_a_broker_that_is_down_costs_little_and_stops_nothing(made, crowd, night, undisturbed):
    began = time.monotonic()
    runs = night.night(made, NOW, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert runs.end() == 0, runs.told()
    assert time.monotonic() - began < SOON / 3
    assert sum("the workers cannot be asked for help" in line for line in runs.lines) == 1
    assert ended_as(undisturbed, made, crowd)
