"""How is it written down what became of deliveries? One statement for the columns that the engine changes."""

from collections.abc import Iterable
from datetime import datetime

from loyalty_site.lib.arrays import Values
from loyalty_site.lib.sql import Session
from members.models import Attempt, Delivery

_DELIVERY = "state attempts attempts_before next_at lease leased_until reason recipient provider_id ended_at"
_ATTEMPT = "ended_at result status answer reason took_ms"


def wait(delivery: Delivery, at: datetime, reason: str) -> None:
    """Let it be tried at this instant; unsaved."""
    _release(delivery, Delivery.State.WAITING, reason)
    delivery.next_at, delivery.ended_at = at, None


def end(delivery: Delivery, state: str, reason: str, now: datetime) -> None:
    """Bring it to its end; unsaved."""
    _release(delivery, state, reason)
    delivery.next_at, delivery.ended_at = None, now


def _release(delivery: Delivery, state: str, reason: str) -> None:
    delivery.state, delivery.reason = state, words(reason, 300)
    delivery.lease, delivery.leased_until = "", None


def words(text: str, most: int) -> str:
    """A text from outside as a column takes it: PostgreSQL knows no NUL."""
    return text.replace("\0", "�")[:most]


def store(deliveries: Iterable[Delivery]) -> None:
    """Write the engine's columns of these rows, which the caller has locked."""
    Session().change(Delivery, put=_DELIVERY, rows=_rows(deliveries, _DELIVERY))


def store_ends(attempts: Iterable[Attempt]) -> None:
    """Write how these attempts ended."""
    Session().change(Attempt, put=_ATTEMPT, rows=_rows(attempts, _ATTEMPT))


def _rows(objects: Iterable[Delivery] | Iterable[Attempt], columns: str) -> list[Values]:
    """In the order of their keys, in which everybody locks them."""
    names = columns.split()
    return [(one.pk, *(getattr(one, name) for name in names)) for one in sorted(objects, key=lambda one: one.pk)]
