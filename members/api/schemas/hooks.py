"""How are subscriptions to events, and what was delivered, written in the API?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from loyalty_site.lib.json_types import Json
from loyalty_site.lib.refusals import Refusal
from loyalty_site.lib.schema_objects import Answer, Answered, Fields, Items
from loyalty_site.lib.schema_types import Instant, Text, Truth, Whole
from loyalty_site.lib.schema_types import Json as JsonObject
from members.models import Attempt, Delivery, Event
from partners import hooks
from partners.hooks import Subscription
from partners.models import WebhookEndpoint

_LONGEST_URL = 500
_LONGEST_NAME = 80
_LONGEST_SECRET = 100
_EVENT = Text(40, choices=[name for name, _ in hooks.offered()])
_SECRET = Text(
    _LONGEST_SECRET,
    pattern=r"whsec_[A-Za-z0-9+/]{32,88}={0,2}",
    hint="Send whsec_ and 24 to 64 random bytes in base64, or leave it out and take the one we make.",
    text="Signs what is sent; one is made unless you bring yours. It is shown only when it was made.",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was sent of a subscription."""

    target_url: str
    event: str = ""
    events: Sequence[str] = ()
    secret: str = ""
    ordered: bool = False
    name: str = ""

    def problem(self) -> Refusal | None:
        """Why it cannot be understood; None where it can."""
        if bool(self.event) == bool(self.events):
            return Refusal("invalid_value", "Send either event or events.", "event")
        if self.secret and (wrong := hooks.wrong_secret(self.secret)):
            return Refusal("invalid_text", wrong, "secret")
        return None

    def subscription(self) -> Subscription:
        names = hooks.chosen(self.events or [self.event])
        return Subscription(self.target_url, names, self.name, self.ordered, self.secret)


SUBSCRIBE = Fields(
    "Subscription",
    {
        "target_url": Text(
            _LONGEST_URL,
            required=True,
            pattern=r"https?://[!-~]+",
            hint="Send an address like https://example.com/hooks; encode what is no ASCII.",
            text="Where each event is sent to, by POST. https, and reachable from the internet.",
        ),
        "event": Text(40, choices=_EVENT.choices, text="One event, or * for everything that concerns members."),
        "events": Items(_EVENT, most=50, text="Several events, instead of `event`."),
        "secret": _SECRET,
        "ordered": Truth(text="What concerns one member arrives in order, and waits for what failed before it."),
        "name": Text(_LONGEST_NAME, text="For people who look at the list."),
    },
    Wanted,
)


@dataclass(frozen=True, slots=True)
class Rotation:
    """How a secret is replaced."""

    secret: str = ""
    hours: int = hooks.OVERLAP_H

    def problem(self) -> Refusal | None:
        """Why it cannot be; None where it can."""
        wrong = hooks.wrong_secret(self.secret) if self.secret else ""
        return Refusal("invalid_text", wrong, "secret") if wrong else None


ROTATE = Fields(
    "SecretRotation",
    {
        "secret": _SECRET,
        "hours": Whole(
            0,
            hooks.LONGEST_OVERLAP_H,
            text=f"For so long the old secret signs as well; {hooks.OVERLAP_H} unless said.",
        ),
    },
    Rotation,
)
#: There is nothing to say about a test.
TEST: Fields[dict[str, object]] = Fields("HookTest", {})
HOOK = Answer(
    "Hook",
    {
        "id": Whole(1),
        "target_url": Text(_LONGEST_URL),
        "events": Items(Text(40)),
        "name": Text(_LONGEST_NAME),
        "ordered": Truth(),
        "status": Text(12, choices=WebhookEndpoint.Status.values),
        "status_reason": Text(200),
        "created_at": Instant(),
        "old_secret_until": Instant(null=True, text="Until then the secret of before signs as well."),
        "paused_until": Instant(null=True, text="Nothing is sent before, because what was sent failed."),
        "failures": Whole(text="Failures in a row."),
        "last_error": Text(300),
        "last_failure_at": Instant(null=True),
        "last_success_at": Instant(null=True),
        "secret": Text(
            _LONGEST_SECRET,
            null=True,
            text="Only when it was made; null where such an answer is given again to the same Idempotency-Key.",
        ),
    },
    maybe=["secret"],
)
HOOKS = Answer("Hooks", {"results": Items(HOOK, text="Without those that were unsubscribed.")})
SENT_EVENT = Answer(
    "SentEvent",
    {
        "id": Text(40, text="The same whenever the event is sent again; it is the header webhook-id."),
        "type": Text(40),
        "version": Whole(1),
        "occurred_at": Instant(),
        "timestamp": Instant(text="The same as occurred_at."),
        "program": Text(40),
        "data": JsonObject(),
    },
)
_DELIVERY = {
    "id": Whole(1),
    "hook": Whole(1),
    "event": Text(40, text="The id of the event."),
    "type": Text(40),
    "program": Text(40),
    "member": Text(24, null=True),
    "state": Text(10, choices=Delivery.State.values),
    "attempts": Whole(),
    "next_at": Instant(null=True, text="When it is tried next; null for one that is at its end."),
    "reason": Text(300, text="Why it waits, was skipped or failed."),
    "sent_to": Text(_LONGEST_URL),
    "created_at": Instant(),
    "ended_at": Instant(null=True),
}
DELIVERY = Answer("Delivery", _DELIVERY)
TRY = Answer(
    "DeliveryAttempt",
    {
        "number": Whole(1),
        "started_at": Instant(),
        "ended_at": Instant(null=True),
        "result": Text(10, choices=["", *Attempt.Result.values], text="Empty while it is under way."),
        "status": Whole(null=True, text="The HTTP status of the answer."),
        "request": Text(20_000, text="As it was sent, without secrets."),
        "answer": Text(20_000),
        "reason": Text(300),
        "took_ms": Whole(null=True),
    },
)
DETAIL = Answer("DeliveryDetail", {**_DELIVERY, "data": JsonObject(), "tries": Items(TRY)})

DELIVERY_COLUMNS = (
    "id",
    "endpoint_id",
    "event__name",
    "event__type",
    "program__code",
    "member__number",
    "state",
    "attempts",
    "next_at",
    "reason",
    "recipient",
    "created_at",
    "ended_at",
)
_HOOK_COLUMNS = [name for name in HOOK.fields if name not in ("id", "target_url", "ordered", "secret")]


def hook(endpoint: WebhookEndpoint, *, secret: Json = "") -> dict[str, Answered]:
    """One subscription; with its `secret` where that is shown."""
    told: dict[str, Answered] = {
        "id": endpoint.pk,
        "target_url": endpoint.url,
        "ordered": endpoint.is_ordered,
        **{name: getattr(endpoint, name) for name in _HOOK_COLUMNS},
    }
    return told | ({"secret": secret} if secret else {})


def delivery(row: Mapping[str, Answered]) -> dict[str, Answered]:
    """One line of the list; `row` has the DELIVERY_COLUMNS."""
    return dict(zip(_DELIVERY, (row[name] for name in DELIVERY_COLUMNS), strict=True))


def attempt(one: Attempt) -> dict[str, Answered]:
    """One try at a delivery."""
    return {name: getattr(one, name) for name in TRY.fields}


def sent_event(event: Event) -> dict[str, Answered]:
    """An event as a webhook carries it; its program is read along."""
    occurred_at = event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {
        "id": event.name,
        "type": event.type,
        "version": event.version,
        "occurred_at": occurred_at,
        "timestamp": occurred_at,
        "program": event.program.code,
        "data": event.data,
    }
