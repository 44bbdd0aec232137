"""Is what a message tells still true when it leaves? Asked of those who know: they register for a kind of event.

What only the ledger knows is asked by transactions/expiry/still_there.py, which this app cannot import.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from loyalty_site.lib.json_types import Json
from members.models import Event

#: Of the events that changed: {key of the event: its `data` as it is now, or why there is nothing to tell any more}.
#: A fixed number of statements.
Check: TypeAlias = Callable[[Sequence[Event]], Mapping[int, "dict[str, Json] | str"]]

_checks: dict[str, Check] = {}


def asked_of(event: str) -> Callable[[Check], Check]:
    """Make a function the check of events of this type. Raises ValueError where it has one."""

    def register(check: Check) -> Check:
        if event in _checks:
            raise ValueError(f"{event} is checked already.")
        _checks[event] = check
        return check

    return register


def changed(events: Sequence[Event]) -> dict[int, dict[str, Json] | str]:
    """What changed since these events, as a Check says it."""
    found: dict[int, dict[str, Json] | str] = {}
    for name, check in _checks.items():
        if own := [event for event in events if event.type == name]:
            found |= check(own)
    return found
