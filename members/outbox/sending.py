"""How does one delivery leave, and what does it mean what comes back? Runs in threads, and touches no database."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from members.outbox import recording
from members.outbox.base import Ready
from members.outbox.mailing import Mails
from partners.channels.base import Answer, Mail, Outcome, Request, Sent, TryAgain, Unknown

#: Brings one request out of the house; raises what loyalty_site/lib/http.py says.
Exchange: TypeAlias = Callable[[Request], Answer]

_FAILED = "It failed while it was sent; the log of the workers says why."

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of one request; `outcome` is None where it was not begun, because there was no time left."""

    outcome: Outcome | None
    status: int | None = None
    answer: str = ""
    took_ms: int = 0


def send(ready: Ready, *, mails: Mails, exchange: Exchange, until: float) -> Passed:
    """Send it now, unless it is later than the instant `until` of the monotonic clock.

    Never raises: what nobody has thought of is an outcome, too.
    """
    began = time.monotonic()
    if began > until:
        return Passed(None)
    given = None
    try:
        given = _sent(ready.request, mails, exchange)
        outcome = ready.channel.read(given) if given else Sent()
    except Exception as error:
        outcome = _meaning(error, ready, is_answered=given is not None)
    took_ms = round((time.monotonic() - began) * 1000)
    if given is None or isinstance(ready.request, Mail):
        return Passed(_repeatable(outcome, ready), took_ms=took_ms)
    return Passed(_repeatable(outcome, ready), given.status, recording.answer(given, ready.request), took_ms)


def _sent(request: Request | Mail, mails: Mails, exchange: Exchange) -> Answer | None:
    """The answer; None of a mail, whose server says nothing when it takes it."""
    if isinstance(request, Mail):
        mails.send(request)
        return None
    return exchange(request)


def _meaning(error: Exception, ready: Ready, *, is_answered: bool) -> Outcome:
    if is_answered:
        logger.exception("a channel cannot read an answer", extra={"channel": ready.channel.slug})
        return Unknown("The answer could not be read; the log of the workers says why.")
    try:
        outcome = ready.channel.failed(error, has_key=has_key(ready))
    except Exception:
        logger.exception("a channel cannot say what an error means", extra={"channel": ready.channel.slug})
        return Unknown(_FAILED)
    return _hidden(outcome, ready)


def _hidden(outcome: Outcome, ready: Ready) -> Outcome:
    """What a channel quotes of an error may hold what nobody may see."""
    if isinstance(outcome, Sent) or isinstance(ready.request, Mail):
        return outcome
    return replace(outcome, reason=recording.reason(outcome.reason, ready.request))


def _repeatable(outcome: Outcome, ready: Ready) -> Outcome:
    """Only what the receiver takes for the same may be repeated when nobody knows whether it arrived."""
    return TryAgain(outcome.reason) if isinstance(outcome, Unknown) and has_key(ready) else outcome


def has_key(ready: Ready) -> bool:
    return isinstance(ready.request, Request) and ready.request.has_key


def not_known(ready: Ready) -> Passed:
    """What is said of one that failed in a way nobody has thought of."""
    return Passed(_repeatable(Unknown(_FAILED), ready))
