"""Who listens to a program, what was told, and whether that fits the shapes of partners/event_shapes.py."""

import jsonschema

from loyalty_site.lib.schema_objects import named
from members.models import Event
from partners import event_shapes, events
from partners.events import EVENTS, About
from partners.models import Connection, WebhookEndpoint

#: Every event that concerns members.
ALL = [name for name, _ in events.choices(About.MEMBER)]


def listen(made, *names):
    """Let a webhook of the owner listen to these events of a program and no others, to all without names."""
    out, _ = Connection.objects.get_or_create(partner=made.owner, name="Ears", defaults={"platform": "webhooks"})
    place = {"connection": out, "url": "https://example.com/hook"}
    WebhookEndpoint.objects.update_or_create(
        **place,
        defaults={"events": list(names) or ["*"]},
        create_defaults={"events": list(names) or ["*"], "secret": ""},
    )


def told(made, *, since=0):
    """The events of a program, in the order in which they were told, each checked against its shape."""
    found = list(Event.objects.filter(program=made, pk__gt=since).order_by("pk"))
    for event in found:
        check_shape(event)
    return found


def names(found):
    """What was told, in short: the type and, where it is of points, how many of which currency."""
    return [_short(event) for event in found]


def _short(event):
    data = event.data
    if "points" in data:
        return event.type, data["points"]["currency"], data["points"]["points"]
    if "milestone" in data:
        return event.type, data["milestone"]["currency"], data["milestone"]["points"]
    return event.type, data["tier"]["before"], data["tier"]["tier"]


def body(event):
    """What a webhook would be sent."""
    at = event.occurred_at.isoformat().replace("+00:00", "Z")
    return {
        "id": event.name,
        "type": event.type,
        "version": event.version,
        "occurred_at": at,
        "timestamp": at,
        "program": event.program.code,
        "data": event.data,
    }


def check_shape(event):
    """The event says all that its shape says, and nothing else."""
    check(event_shapes.envelope(EVENTS[event.type]), body(event))


def check(shape, value):
    """Raises jsonschema.ValidationError where the value has too little for a shape, or too much."""
    whole = {**shape.component(), "components": {"schemas": {name: one.component() for name, one in named.items()}}}
    validator = jsonschema.Draft202012Validator
    validator(_closed(whole), format_checker=validator.FORMAT_CHECKER).validate(value)


def _closed(drawn):
    """The same schema where nothing may be there that it does not name."""
    if isinstance(drawn, list):
        return [_closed(one) for one in drawn]
    if not isinstance(drawn, dict):
        return drawn
    shut = {name: _closed(one) for name, one in drawn.items()}
    return {**shut, "additionalProperties": False} if shut.get("type") == "object" else shut
