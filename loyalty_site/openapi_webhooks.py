"""How are our webhooks described to developers? Each event of the catalogue, as OpenAPI 3.1 says it."""

from loyalty_site.lib.json_types import JsonObject
from partners import event_samples, event_shapes
from partners.events import EVENTS, About, EventType

_HEADERS: dict[str, tuple[str, JsonObject]] = {
    "webhook-id": ("The id of the event, the same whenever it is sent again.", {"type": "string", "maxLength": 40}),
    "webhook-timestamp": (
        "When it was sent, in seconds since 1970: refuse what is older than some minutes.",
        {"type": "string", "pattern": "^[0-9]{1,20}$"},
    ),
    "webhook-signature": (
        "“v1,” and the base64 of the HMAC-SHA256 of id, timestamp and body, joined by dots; several, separated by "
        "blanks, while a secret is changed. Any library of Standard Webhooks checks it.",
        {"type": "string", "pattern": "^v1,[A-Za-z0-9+/=]+( v1,[A-Za-z0-9+/=]+)*$"},
    ),
}
_WHAT_FOLLOWS = (
    "An event may come more than once, and after a later one: see docs/events.md. Answer with 2xx within seconds; "
    "410 unsubscribes the address, and whatever else is answered it is sent again later."
)


def webhooks() -> JsonObject:
    """The object `webhooks` of the schema: what is sent for each event that can be subscribed to."""
    return {name: {"post": _described(event)} for name, event in EVENTS.items() if event.about == About.MEMBER}


def _described(event: EventType) -> JsonObject:
    body: JsonObject = {
        "schema": event_shapes.envelope(event).component(),
        "example": event_shapes.sample_body(event.name),
    }
    return {
        "operationId": event.name.replace(".", "_"),
        "summary": event.label,
        "description": f"{event_samples.meaning(event.name)}\n\n{_WHAT_FOLLOWS}",
        "tags": ["webhooks"],
        "parameters": [
            {"in": "header", "name": name, "required": True, "description": text, "schema": drawn}
            for name, (text, drawn) in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "2XX": {"description": "It was taken."},
            "410": {"description": "Send nothing more to this address."},
        },
    }
