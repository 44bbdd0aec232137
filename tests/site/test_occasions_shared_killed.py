"""Two workers share the birthdays of a night, and one is killed: each member is given to once.

With PostgreSQL the workers are Celery's over a real Redis, with SQLite over files.
"""

from collections import Counter
from datetime import date

import pytest
import time_machine

from members.models import Balance
from programs.periods import start_of_day
from tests.support import factories
from tests.support.celebrating import born, gift
from tests.support.shared_nights import shared_night
from tests.support.shared_occasions import SIZE
from transactions.models import Entry, Journal, NightBatch, NightRun
from transactions.proof.audit import audit

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

DAY = date(2026, 3, 10)
DUE = 40


@pytest.fixture
def made():
    made = factories.program()
    with time_machine.travel(start_of_day(DAY, made.zone).replace(minute=20), tick=False):
        yield made


@pytest.fixture
def due(made):
    """Those whose birthday it is; for every fifth one it is on file for too short a time."""
    gift(made)
    born(made, "03-11")
    long_ago, of_late = factories.at(2020, 6, 15), factories.at(2026, 3, 8)
    return [born(made, "03-10", since=long_ago if n % 5 else of_late) for n in range(DUE)]


def test_occasions_that_two_workers_share_are_given_once_when_one_is_killed(made, due, tmp_path):
    now = start_of_day(DAY, made.zone).replace(minute=20)
    with shared_night(tmp_path, "tests.support.shared_occasions") as night:
        victim, other = night.worker(pause_s=0.2), night.worker(pause_s=0.2, is_held=True)
        # In less of a hurry than the worker is.
        runs = night.night(made, now, pause_s=0.5, is_held=True)
        victim.until("inside")
        victim.kill()
        night.let_go()
        assert runs.end() == 0, runs.told()
        assert other.said("finished")
        assert victim.said("inside") > victim.said("finished")
    run = NightRun.objects.get()
    assert run.finished_at, run.error
    given, refused = DUE - DUE // 5, DUE // 5
    assert run.counts == {
        "given": given,
        "refused": refused,
        "gift: given": given,
        "gift: birthday_too_new": refused,
    }
    assert run.batches == DUE // SIZE
    assert not NightBatch.objects.exists()
    once = {who.pk: 1 for place, who in enumerate(due) if place % 5}
    journals = Journal.objects.filter(activity="birthday")
    assert Counter(journals.values_list("member", flat=True)) == once
    assert Counter(Entry.objects.values_list("member", flat=True)) == once
    balances = Balance.objects.filter(available__gt=0, currency__code="points")
    assert dict(balances.values_list("member", "available")) == dict.fromkeys(once, 100)
    assert not list(audit(made))
