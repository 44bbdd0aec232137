"""How are single facts posted that arrive at the same moment? As one batch, which costs a fraction of many.

Nobody waits for a timer. A fact that is alone is posted at once; those that come meanwhile line up, and the first
of them to get its turn posts for all. What one batch cannot do, each then tries by itself, so that nobody is
answered for the failure of another. Nor for the slowness: who is held up by somebody else's lock for longer than
PATIENCE_MS leaves the line, or the batch gives up, and each is posted alone.
"""

import logging
from collections import deque
from dataclasses import dataclass, field
from threading import Event, Lock
from time import sleep
from typing import TypeAlias, TypeGuard

from django.db import IntegrityError, OperationalError, connection

from loyalty_site.lib import commits
from loyalty_site.lib.refusals import Refused
from partners.activity import Activity, Redemption
from partners.callers import Via
from transactions import ledger
from transactions.batch import ConfigurationChanged
from transactions.books.items import Item, Result

logger = logging.getLogger(__name__)

#: Facts of one shared batch: nobody waits long for the answer because of the others.
LARGEST_SHARE = 50

#: Far more than a batch takes that waits for nobody.
PATIENCE_MS = 100

#: What may happen to any batch, however right everything is.
_EXPECTED = Refused, OperationalError, IntegrityError, ConfigurationChanged

#: What refers to nothing that may be in the same batch, and may be tried again because it has a name.
Shareable: TypeAlias = Activity | Redemption


def record_one(item: Item, *, program_id: int, via: Via) -> Result:
    """Post `item` like `ledger.record`, together with what other threads of this process post at this moment.

    Inside a transaction it is posted alone, in that transaction. Raises Refused like `ledger.record`.
    """
    result = None
    if _may_share(item) and not connection.in_atomic_block:
        result = _line_of(program_id, via).post(item)
    if result is None:
        [result] = ledger.record([item], program_id=program_id, via=via)
    return result


def _may_share(item: Item) -> TypeGuard[Shareable]:
    if isinstance(item, Activity):
        return not (item.order or item.replaces)
    return isinstance(item, Redemption)


@dataclass(slots=True, eq=False)
class _Turn:
    """A fact that waits to be posted. It is over without a result where the shared batch failed.

    Even then it `may_be_written`, where the connection broke in the middle of COMMIT. `call` wakes its thread:
    because it is over, or because the thread is the next to post.
    """

    item: Shareable
    call: Event = field(default_factory=Event)
    result: Result | None = None
    is_over: bool = False
    may_be_written: bool = False


class _Line:
    """Those who wait to post to one program through one connection; one of them posts."""

    def __init__(self, program_id: int, via: Via) -> None:
        self._program_id, self._via = program_id, via
        self._lock = Lock()
        self._waiting: deque[_Turn] = deque()
        self._is_busy = self._is_held_up = False

    def post(self, item: Shareable) -> Result | None:
        """The Result of `item`, None where it has to be posted alone."""
        turn = _Turn(item)
        with self._lock:
            if self._is_held_up:
                return None
            self._waiting.append(turn)
            has_to_wait, self._is_busy = self._is_busy, True
        if has_to_wait and not turn.call.wait(PATIENCE_MS / 1000):
            if self._leave(turn):
                return None
            turn.call.wait()
        if not turn.is_over:
            try:
                # Those who came before it are posted first, in as many batches as they need.
                while not turn.is_over:
                    self._post_first(turn)
            finally:
                self._hand_over(turn)
        if turn.may_be_written:
            commits.note()
        return turn.result

    def _leave(self, turn: _Turn) -> bool:
        """Whether it could leave the line: it is in no batch yet, and nobody counts on it to post."""
        with self._lock:
            can_leave = turn in self._waiting and not turn.call.is_set()
            if can_leave:
                self._waiting.remove(turn)
                # Until it moves on, nobody need wait to find out.
                self._is_held_up = True
            return can_leave

    def _hand_over(self, own: _Turn) -> None:
        """Whoever waits longest posts next: a newcomer who was quicker would post without the others."""
        with self._lock:
            self._is_held_up = False
            if own in self._waiting:
                # Its thread was interrupted before its turn came; nobody would wake at its call.
                self._waiting.remove(own)
            if self._waiting:
                self._waiting[0].call.set()
            else:
                self._is_busy = False

    def _post_first(self, own: _Turn) -> None:
        """Post those who came first. Raises what the ledger raises where `own` is the only one of them."""
        self._let_others_in()
        turns, before = self._take_first(), commits.count()
        try:
            items = [turn.item for turn in turns]
            patience = PATIENCE_MS if len(items) > 1 else None
            results = ledger.record(items, program_id=self._program_id, via=self._via, patience_ms=patience)
            for turn, result in zip(turns, results, strict=True):
                turn.result = result
        except _EXPECTED as error:
            if turns == [own]:
                raise
            logger.info("%d facts are posted one by one, after %r", len(turns), error)
        except Exception:
            if turns == [own]:
                raise
            logger.warning("%d facts are posted one by one, because their batch failed", len(turns), exc_info=True)
        finally:
            if connection.errors_occurred:
                # Whoever posts alone now needs one that works.
                connection.close_if_unusable_or_obsolete()
            may_be_written = commits.count() > before
            for turn in turns:
                turn.may_be_written = may_be_written and turn.result is None
                turn.is_over = True
                turn.call.set()

    def _let_others_in(self) -> None:
        """Let threads that are ready line up, as long as one does: many have just been answered, and come again.

        Nobody is waited for: where no other thread is ready this takes no time.
        """
        number = 0
        while number < len(self._waiting) < LARGEST_SHARE:
            number = len(self._waiting)
            sleep(0)

    def _take_first(self) -> list[_Turn]:
        """Those who came first. A name that comes again waits, to be replayed, as if it had come later."""
        taken: dict[str, _Turn] = {}
        with self._lock:
            while self._waiting and len(taken) < LARGEST_SHARE:
                if self._waiting[0].item.external_id in taken:
                    break
                turn = self._waiting.popleft()
                taken[turn.item.external_id] = turn
        return list(taken.values())


_lines: dict[tuple[int, Via], _Line] = {}


def _line_of(program_id: int, via: Via) -> _Line:
    """The line of this very connection: one whose partner has got another code has a new one."""
    return _lines.setdefault((program_id, via), _Line(program_id, via))
