"""How are workers asked to help with a night? By tasks that may all be lost: what is to be done stands in rows."""

import logging
from collections.abc import Callable

from celery import current_app

#: So many requests for help are under way at once. Each worker that has helped passes its own on, so all batches are
#: asked for; without any worker no more than these wait for one.
MOST = 32

logger = logging.getLogger(__name__)


def ring(bell: Callable[[], object], *, times: int) -> int:
    """Call `bell` so often, `MOST` at most; returns how often it was heard. A broker that is down is asked once."""
    for heard in range(min(times, MOST)):
        try:
            bell()
        except Exception as why:
            # Whatever the broker has: nobody waits for it, as the caller can do everything alone.
            logger.warning("the workers cannot be asked for help: %s", why)
            return heard
    return min(times, MOST)


def pass_on(bell: Callable[[], object]) -> None:
    """Ask the next worker, from within a task. Where tasks run at once it would be a task within itself."""
    if not current_app.conf.task_always_eager:
        ring(bell, times=1)
