"""A night that is killed in the middle holds no lock, and the next start does the rest."""

import signal
import subprocess
import time
from datetime import timedelta

import pytest
import time_machine

from loyalty_site import nightly
from loyalty_site.lib import locks
from tests.support import factories, processes
from tests.support.factories import held
from tests.support.living import START, live
from tests.support.nights import NIGHT, STEPS, run
from transactions.expiry import sweep
from transactions.models import NightRun
from transactions.proof.audit import audit

pytestmark = pytest.mark.slow
PATIENCE_S = 60


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NIGHT, tick=False):
        yield


HOLD = """
import os, sys
sys.path.insert(0, ".")
import django
django.setup()
from loyalty_site.lib import locks
with locks.hold("x") as is_ours:
    print(is_ours, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.django_db(transaction=True)
def test_a_killed_process_holds_no_lock():
    holder = processes.python("-c", HOLD, stdin=subprocess.PIPE)
    assert holder.stdout.readline() == "True\n"
    with locks.hold("x") as is_ours:
        assert not is_ours
    with locks.hold("y") as is_ours:
        assert is_ours
    holder.kill()
    holder.wait()
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with locks.hold("x") as is_ours:
            if is_ours:
                break
        assert time.monotonic() < deadline
        time.sleep(0.1)


STOPPING = """
import os, sys
sys.path.insert(0, ".")
import django
django.setup()
from django.core.management import call_command
from transactions.expiry import sweep
sweep.plain_lots.BATCH = 1
sweep.sweep.__kwdefaults__["batch"] = 1
whole = sweep._refresh
def refresh(*arguments, **options):
    # Two threads say it: print() writes the end of a line by itself, so their lines could run into each other.
    os.write(1, b"batch\\n")
    sys.stdin.readline()
    return whole(*arguments, **options)
sweep._refresh = refresh
call_command("night", "--now", sys.argv[1], "--force")
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batches", [1, 3])
def test_killed_and_started_again_it_does_the_rest(batches):
    made = factories.program()
    members = [factories.member(made) for _ in range(8)]
    live(made, members, 11, steps=60)
    now = START + timedelta(days=3)
    victim = processes.python("-c", STOPPING, now.isoformat(), stdin=subprocess.PIPE)
    while batches:
        line = victim.stdout.readline()
        assert line, "it ended before it could be killed"
        batches -= line == "batch\n"
        if batches and line == "batch\n":
            victim.stdin.write("go on\n")
            victim.stdin.flush()
    # It waits in the middle of its last batch, however long it takes to kill it.
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    assert NightRun.objects.get(step="settle").finished_at is None
    left = set(sweep._due(sweep.versions.current(made.pk), now).values_list("member", flat=True))
    assert 0 < len(left) < 9
    assert _finish(made, now) == len(STEPS) - STEPS.index("settle")
    assert not sweep._due(sweep.versions.current(made.pk), now).exists()
    assert NightRun.objects.filter(finished_at=None).count() == 0
    assert not list(audit(made))
    assert sum(held(who) for who in members) == sum(
        lot.remaining for who in members for lot in who.lots.filter(is_pending=False, currency__code="points")
    )


def _finish(made, now):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return len(run(made, now=now, is_forced=True))
        except nightly.Busy:
            assert time.monotonic() < deadline
            time.sleep(0.1)
