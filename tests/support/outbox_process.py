"""A worker as it is shipped; its kinds of deliveries are those of tests/support/outbox.py, or as shipped, too.

    python -m tests.support.outbox_process [--kinds-as-shipped]

It says on its output when it is `ready`.
"""

import sys

import django

django.setup()

from celery.signals import worker_ready  # noqa: E402 (Django comes first)

from loyalty_site.celery import app  # noqa: E402
from members.outbox import kinds  # noqa: E402
from tests.support.outbox import KINDS  # noqa: E402

WORKER = "worker --pool solo --without-gossip --without-mingle --without-heartbeat --loglevel WARNING".split()
#: The option.
AS_SHIPPED = "--kinds-as-shipped"


def ready(**kwargs):
    sys.stdout.write("ready\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if AS_SHIPPED not in sys.argv:
        kinds.registry.clear()
        kinds.registry.update(KINDS)
    worker_ready.connect(ready, weak=False)
    app.worker_main(WORKER)
