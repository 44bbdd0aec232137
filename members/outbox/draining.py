"""How is the outbox emptied? By rounds: spread, claim, compose, send, store, until nothing is due or time is over.

Threads wait for the network, and for nothing else: the worker's own thread does all that the database sees, in short
transactions, so that on SQLite, where one writes at a time, nobody waits for long. It may be killed at any instant
and run as often as one likes: rows say what is left.
"""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from loyalty_site.lib import http, locks
from loyalty_site.lib.database_refusals import refused_for_a_time
from members.outbox import bell, claiming, composing, recovering, sending, settling, spreading
from members.outbox.breaking import OutletKey
from members.outbox.claiming import Claimed, outlet_of
from members.outbox.composing import Prepared
from members.outbox.mailing import Mails
from members.outbox.sending import Exchange, Passed
from members.outbox.settling import Done

#: Nothing new is begun after so many seconds: others want the worker, too, and one that is told to stop has some 20.
LONGEST_S = 10.0
#: An outlet that is free again so soon is waited for, in seconds.
SOON_S = 1.5
#: An outlet that answers within so many milliseconds may have more under way than its share of the threads.
QUICK_MS = 250
#: What is taken at once beyond what threads begin at once: as much as they get through in so many seconds, and for
#: each thread at most MOST_WAITING. A round costs the same statements whatever it takes.
AHEAD_S = 1.0
MOST_WAITING = 16
#: What no thread has begun so many seconds behind its claim is put back: a receiver has stopped answering, and others
#: wait for the threads.
BEGUN_WITHIN_S = 15.0
#: What has come back is stored together with what comes within so many seconds.
TOGETHER_S = 0.05
#: So long a database that refuses is left alone before it is asked again, in seconds.
REFUSED_S = 0.5

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


def drain(*, seconds: float = LONGEST_S, exchange: Exchange = http.exchange) -> Counter[str]:
    """Bring what is due on its way, and wait for what is under way; returns how many events were `spread`, and how
    many deliveries `ended` or were `sent` out.

    Nothing where OUTBOX_DRAINS others are at it, or the database takes nothing for a time. Rings on when time was
    over before everything was done.
    """
    with ExitStack() as stack:
        if not _asked(lambda now: stack.enter_context(_place())):
            return Counter()
        mails = stack.enter_context(closing(Mails()))
        with ThreadPoolExecutor(settings.OUTBOX_THREADS, thread_name_prefix="outbox") as pool:
            one = _Drain(pool, mails, exchange, until=time.monotonic() + seconds)
            one.run()
    if one.is_more:
        bell.ring()
    return one.counts


@contextmanager
def _place() -> Iterator[bool]:
    """One of OUTBOX_DRAINS places, if one is free."""
    for place in range(settings.OUTBOX_DRAINS):
        with locks.hold(f"drain the outbox {place}") as is_ours:
            if is_ours:
                yield True
                return
    yield False


class _Drain:
    """The rounds of one worker."""

    def __init__(self, pool: ThreadPoolExecutor, mails: Mails, exchange: Exchange, *, until: float) -> None:
        self.counts: Counter[str] = Counter()
        self.is_more = False
        self._pool, self._mails, self._exchange, self._until = pool, mails, exchange, until
        self._lease = secrets.token_hex(16)
        self._sent: dict[Future[Passed], Prepared] = {}
        #: What has come back and is not stored yet.
        self._done: list[Done] = []
        #: How many milliseconds the last answer of each outlet took, and on average all that came last.
        self._took: dict[OutletKey, int] = {}
        self._mean_ms = float("inf")
        #: Outlets whose receivers take nothing twice.
        self._keyed: set[OutletKey] = set()

    def run(self) -> None:
        """Until nothing is due or under way. Raises DatabaseError where what has come back cannot be stored."""
        _asked(lambda now: recovering.recover(now) + recovering.close(now))
        while True:
            has_time = time.monotonic() < self._until
            begun, free_at = self._begin_more() if has_time else (0, None)
            if self._sent or self._done:
                self._finish_some()
            elif not has_time:
                self.is_more = True
                return
            elif begun:
                continue
            elif not _sleep_until(free_at):
                return

    def _begin_more(self) -> tuple[int, datetime | None]:
        """(how many rows were found, when an outlet is free again that is not now)."""
        spread = _asked(spreading.spread) or 0
        self.counts["spread"] += spread
        most = self._most()
        places = most - len(self._sent)
        if self._sent and places < most // 2:
            # A few more at a time would cost as many statements as many do.
            return spread, None
        # Begun later than that, it might end when its lease is over.
        until = time.monotonic() + min(BEGUN_WITHIN_S, settings.OUTBOX_LEASE_S / 2)
        claimed = _asked(lambda now: self._claim(now, places)) or Claimed()
        if claimed.deliveries:
            for prepared in _asked(lambda now: composing.prepare(claimed, now, lease=self._lease)) or ():
                self._sent[self._start(prepared, until)] = prepared
        return spread + len(claimed.deliveries), claimed.free_at

    def _most(self) -> int:
        """How many may be under way at once, with those that wait for a thread."""
        ahead = min(AHEAD_S, settings.OUTBOX_LEASE_S / 8) * 1000 / max(self._mean_ms, 1.0)
        return round(settings.OUTBOX_THREADS * min(max(ahead, 2.0), MOST_WAITING))

    def _claim(self, now: datetime, places: int) -> Claimed:
        under_way = Counter(outlet_of(one.delivery) for one in self._sent.values())
        slow, few = max(1, settings.OUTBOX_THREADS // 4), 2 * settings.OUTBOX_THREADS
        room = {key: slow - under_way[key] for key in under_way}
        for key in (key for key, took_ms in self._took.items() if took_ms <= QUICK_MS):
            # Of those whose receivers know no key each is in doubt that a killed worker had taken, sent or not.
            room[key] = places if key in self._keyed else few - under_way[key]
        return claiming.claim(now, lease=self._lease, places=places, room=room, most=slow)

    def _start(self, prepared: Prepared, until: float) -> Future[Passed]:
        return self._pool.submit(
            sending.send, prepared.ready, mails=self._mails, exchange=self._exchange, until=until
        )

    def _finish_some(self) -> None:
        """Wait until something has come back, and store all that has."""
        come, _ = wait(self._sent, timeout=TOGETHER_S)
        if not come:
            come, _ = wait(self._sent, timeout=None if not self._done else REFUSED_S, return_when=FIRST_COMPLETED)
        self._note([Done(prepared, _result(one, prepared)) for one in come for prepared in [self._sent.pop(one)]])
        if time.monotonic() > self._until + settings.OUTBOX_LEASE_S:
            # By now all leases are over, and others find out what is left.
            settling.settle(self._done, timezone.now(), lease=self._lease)
        ended = _asked(lambda now: settling.settle(self._done, now, lease=self._lease))
        if ended is not None:
            self.counts["sent"] += len(self._done)
            self.counts["ended"] += ended
            self._done = []

    def _note(self, done: Sequence[Done]) -> None:
        """These have come back."""
        self._done += done
        # What was not begun says nothing of its receiver.
        answered = [one for one in done if one.passed.outcome is not None]
        for one in answered:
            outlet = outlet_of(one.delivery)
            self._took[outlet] = one.passed.took_ms
            (self._keyed.add if one.prepared.attempt.has_key else self._keyed.discard)(outlet)
        if answered:
            self._mean_ms = sum(one.passed.took_ms for one in answered) / len(answered)


def _asked(deed: Callable[[datetime], Result]) -> Result | None:
    """What `deed` returns now; None where the database refuses for a time, which it is left for a moment."""
    try:
        return deed(timezone.now())
    except DatabaseError as error:
        if connection.in_atomic_block or not refused_for_a_time(error):
            raise
        logger.warning("the outbox waits for the database: %s", error)
        connection.close_if_unusable_or_obsolete()
        time.sleep(REFUSED_S)
        return None


def _sleep_until(free_at: datetime | None) -> bool:
    """Wait for an outlet that is free again soon; says whether there is one."""
    seconds = (free_at - timezone.now()).total_seconds() if free_at else SOON_S
    if seconds >= SOON_S:
        return False
    time.sleep(max(seconds, 0))
    return True


def _result(future: Future[Passed], prepared: Prepared) -> Passed:
    """What became of it, also where something failed that nobody has thought of."""
    if why := future.exception():
        logger.error("a delivery failed while it was sent", exc_info=why, extra={"delivery": prepared.delivery.pk})
        return sending.not_known(prepared.ready)
    return future.result()
