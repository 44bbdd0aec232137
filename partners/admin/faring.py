"""How do pages say whether somebody to whom we send answers, and what to do where not?"""

from django.utils import timezone

from loyalty_site.lib.panels import Sentences, Tile, moment
from partners.models import Connection, WebhookEndpoint

#: What is said in a word, and its colour.
COLOURS = {"fine": "success", "not used yet": "info", "failing": "warning", "does not answer": "danger"}
_MEND = (
    "When it is mended, there or here, “Try again now” sends what waits. What was given up meanwhile can be sent "
    "again from the list of deliveries."
)


def in_a_word(outlet: Connection | WebhookEndpoint) -> str:
    """How it fares, one of COLOURS."""
    if outlet.dead_since:
        return "does not answer"
    if outlet.failures:
        return "failing"
    return "fine" if outlet.last_success_at else "not used yet"


def tiles(outlet: Connection | WebhookEndpoint, health: str) -> list[Tile]:
    """How it fares in a word, and what that was learnt from."""
    zone = timezone.get_current_timezone()
    paused = moment(outlet.paused_until, zone) if outlet.is_paused(timezone.now()) else ""
    failed = [outlet.last_error] if outlet.last_error else []
    return [
        Tile("Health", health.capitalize(), [f"Nothing is sent before {paused}."] if paused else []),
        Tile("Last success", moment(outlet.last_success_at, zone, "never")),
        Tile("Last failure", moment(outlet.last_failure_at, zone, "never"), failed),
        Tile("Failures in a row", str(outlet.failures)),
    ]


def to_look_at(outlet: Connection | WebhookEndpoint) -> list[Sentences]:
    """What fails, and what to do about it; nothing where all is well."""
    if not outlet.failures:
        return []
    times = "the last time" if outlet.failures == 1 else f"the last {outlet.failures} times"
    return [Sentences("To look at", [f"Nothing got through {times}: {outlet.last_error}", _MEND])]
