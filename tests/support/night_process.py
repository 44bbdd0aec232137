"""A process that takes part in a night: a worker as it is shipped, or the one that runs the night.

    python -m tests.support.night_process worker|night STEPS [anything for `manage.py night`]

STEPS is a module whose list STEPS takes the place of the night's. It says on its output when it is `ready`, when it
is `inside` a batch whose work is done and not yet committed, and when it has `finished` one. For NIGHT_PAUSE_S
seconds it then stays inside; so long it also rests before each batch, holding nothing, so that others get theirs.
While the file NIGHT_GATE is there it `waits` before its next batch, so that who is in no hurry is sure of one.
"""

import importlib
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import django

django.setup()

from celery.signals import worker_ready  # noqa: E402 (Django comes first)
from django.core.management import execute_from_command_line  # noqa: E402

from loyalty_site import nightly  # noqa: E402
from loyalty_site.celery import app  # noqa: E402
from loyalty_site.night import batches  # noqa: E402

PAUSE_S = float(os.environ.get("NIGHT_PAUSE_S", "0"))
GATE = Path(os.environ.get("NIGHT_GATE", os.devnull))
WORKER = "worker --pool solo --without-gossip --without-mingle --without-heartbeat --loglevel WARNING".split()


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def watched(step):
    """The same step, which says when it is inside a batch."""

    def work(batch):
        counts = step.work(batch)
        say("inside", len(batch.keys))
        time.sleep(PAUSE_S)
        return counts

    return replace(step, work=work)


def watch_batches():
    begin, finish = batches._begin, batches._finish

    def rested(run_id):
        time.sleep(PAUSE_S)
        if GATE.is_file():
            say("waits")
        while GATE.is_file():
            time.sleep(0.01)
        return begin(run_id)

    def told(*arguments):
        is_done = finish(*arguments)
        say("finished" if is_done else "passed over")
        return is_done

    batches._begin, batches._finish = rested, told


def main(role, steps, *options):
    nightly.STEPS[:] = [watched(step) for step in importlib.import_module(steps).STEPS]
    watch_batches()
    if role == "night":
        say("ready")
        execute_from_command_line(["manage.py", "night", *options])
        return
    worker_ready.connect(lambda **kwargs: say("ready"), weak=False)
    app.worker_main(WORKER)


if __name__ == "__main__":
    main(*sys.argv[1:])
