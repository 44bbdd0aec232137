"""Two workers share the tiers of a night, and one is killed: every row is as if one process had done all at once.

With PostgreSQL the workers are Celery's over a real Redis, with SQLite over files; there members are fewer, since
everybody writes one after the other, and a batch waits for the one before.
"""

from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from loyalty_site.night.shared import cut
from tests.support import due_ladders, many_ladders
from tests.support.due_ladders import NOW
from tests.support.rolled_back import rolled_back
from tests.support.shared_nights import shared_night
from transactions.models import NightBatch, NightRun
from transactions.tiers import night as tiers

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

MANY, MANY_ON_SQLITE = 20_000, 4_000


@pytest.fixture
def made():
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        yield due_ladders.program()


@pytest.fixture
def count():
    return MANY if connection.vendor == "postgresql" else MANY_ON_SQLITE


@pytest.fixture
def whose(made, count):
    return due_ladders.crowd(made, count)


@pytest.fixture
def undisturbed(made, whose):
    """What one process leaves that does it all, and its counts."""
    keys, total = tiers.plan(made.pk, now=NOW), Counter()
    with rolled_back():
        for batch in cut(keys):
            total.update(tiers.work(made.pk, batch, now=NOW))
        return many_ladders.tiers_of(whose), total


def test_a_night_of_tiers_that_two_workers_share_ends_the_same_when_one_is_killed(
    made, whose, count, undisturbed, tmp_path
):
    rows, total = undisturbed
    assert all(total[kind] > count / 100 for kind in tiers.KINDS if kind != "failed"), total
    with shared_night(tmp_path, "tests.support.shared_tiers") as night:
        victim, other = night.worker(pause_s=0.05), night.worker(pause_s=0.05, is_held=True)
        # In less of a hurry than the worker is.
        runs = night.night(made, NOW, pause_s=0.3, is_held=True)
        victim.until("inside", times=2)
        victim.kill()
        night.let_go()
        assert runs.end() == 0, runs.told()
        assert other.said("finished")
        assert victim.said("inside") > victim.said("finished")
    run = NightRun.objects.get()
    assert run.finished_at, run.error
    assert run.counts == {kind: total[kind] for kind in tiers.KINDS}
    assert run.counts["members"] == count
    assert not NightBatch.objects.exists()
    assert tiers.plan(made.pk, now=NOW) == []
    left = many_ladders.tiers_of(whose)
    # One at a time: a difference of everything would take minutes to be told.
    assert [name for name in rows if left[name] != rows[name]] == []
