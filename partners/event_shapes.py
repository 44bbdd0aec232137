"""What does an event say, field by field? The shapes of the parts of `data`, an example of each, and their variables.

Points are whole numbers in the currency's smallest unit, money is decimal text, an instant is RFC 3339 in UTC with Z,
a day is YYYY-MM-DD: the same in a webhook, in the schema of the API and in what templates are given. Nothing of it
names a person but the membership number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from loyalty_site.lib import money
from loyalty_site.lib.json_types import Json
from loyalty_site.lib.schema_objects import Answer, Items
from loyalty_site.lib.schema_types import Day, DecimalText, Instant, SchemaType, Text, Whole
from partners import event_samples
from partners.events import EVENTS, EventType
from partners.limits import LARGEST_KEY

_CODE = 40
_SIGNED = -money.LARGEST
_CURRENCY = Text(_CODE, text="Code of the currency.")

_MEMBER = {
    "number": Text(24, text="Membership number."),
    "program": Text(_CODE, text="Code of the program."),
    "status": Text(10, text="active, suspended, closed or merged."),
    "enrolled_at": Instant(),
    "balances": Items(
        Answer(
            "EventHeldBalance",
            {
                "currency": _CURRENCY,
                "balance": Whole(_SIGNED, text="available - arrears."),
                "available": Whole(text="Can be spent now."),
                "pending": Whole(text="Earned, and waits."),
                "reserved": Whole(text="Set aside for redemptions that are not confirmed."),
                "arrears": Whole(text="Owed, because points that were taken back had been spent."),
            },
        ),
        text="All balances after what happened.",
    ),
    "tiers": Items(
        Answer(
            "EventHeldTier",
            {
                "group": Text(_CODE, text="Code of the tier group."),
                "tier": Text(_CODE, null=True, text="Code of the tier; null: none."),
                "name": Text(60, null=True),
                "valid_until": Day(null=True, text="The last day on which it surely holds; null: no end is known."),
            },
        ),
        text="All tiers after what happened.",
    ),
}
_TRANSACTION = {
    "id": Whole(1, LARGEST_KEY, text="What the API calls it; a transaction of the night serves many members."),
    "kind": Text(12, text="accrual, redemption, reversal, adjustment, transfer, merge, opening, tier or settlement."),
    "activity": Text(_CODE, text="Finer kind: purchase, visit, or the name of an event."),
    "external_id": Text(128, text="What the sender calls it."),
    "activity_at": Instant(text="When it happened where it was reported from."),
    "partner": Text(_CODE, text="Code of the partner who reported it."),
    "store": Text(_CODE, null=True, text="Code of the store, where one was named."),
    "amount": DecimalText(null=True, text="The amount of a purchase in its money; null where it has none."),
    "money": Text(3, text="ISO 4217 code of the amount; empty where there is none."),
    "order": Text(128, text="What the sender calls the order that it belongs to; empty where it names none."),
}
_POINTS = {
    "currency": _CURRENCY,
    "points": Whole(_SIGNED, text="Points that came; below 0: points that went."),
    "available_at": Instant(null=True, text="From when on they can be spent; null: an event decides, or at once."),
    "expires_at": Instant(null=True, text="When the first of them end; null: never, or they are gone."),
}
_BALANCE = {
    "currency": _CURRENCY,
    "before": Whole(_SIGNED, text="The balance, available - arrears, before it."),
    "balance": Whole(_SIGNED, text="The balance after it."),
}
_MILESTONE = {"currency": _CURRENCY, "points": Whole(1, text="The highest milestone that was reached by it.")}
_TIER = {
    "group": Text(_CODE, text="Code of the tier group."),
    "group_name": Text(60),
    "before": Text(_CODE, null=True, text="Code of the tier before; null: none."),
    "before_name": Text(60, null=True),
    "tier": Text(_CODE, null=True, text="Code of the tier now; null: none."),
    "name": Text(60, null=True),
    "since_at": Instant(text="When the tier was reached that is held now, and was kept since."),
    "valid_until": Day(null=True, text="The last day on which it surely holds; null: no end is known."),
    "reason": Text(12, text="enrolment, activity, renewal, downgrade, assessed, reversal, manual, import or merge."),
}
_SUM = Answer("EventPoints", {"currency": _CURRENCY, "points": Whole()})
_MISSING = {
    "by": Day(null=True, text="The last day on which points still count for it."),
    "currencies": Items(_SUM, text="Qualifying points that are missing to keep the tier."),
}
_EXPIRING = {
    "currency": _CURRENCY,
    "points": Whole(1, text="How many end on that day."),
    "expires_on": Day(text="The last day on which they can be used."),
    "days": Whole(text="How many days before that this is said."),
}
_PROMOTION = {
    "code": Text(_CODE, text="Code of the promotion."),
    "name": Text(80),
    "starts_on": Day(null=True, text="Its first day; null: it began long ago."),
    "ends_on": Day(null=True, text="Its last day; null: open."),
    "enrolled_at": Instant(text="Since when the member takes part, or took part."),
    "left_at": Instant(null=True, text="From when on no longer; null: still."),
}
_SUMS_OF_MONTH = {
    "currency": _CURRENCY,
    "name": Text(60),
    "opening": Whole(_SIGNED, text="The balance as the month began."),
    "earned": Whole(_SIGNED),
    "redeemed": Whole(_SIGNED, text="Below 0: they went."),
    "expired": Whole(_SIGNED, text="Below 0: they went."),
    "other": Whole(_SIGNED, text="Corrections, transfers, and all else."),
    "closing": Whole(_SIGNED, text="The balance as the month ended: the sum of these."),
}
_STATEMENT = {
    "month": Text(7, pattern=r"\d{4}-\d\d", required=True, text="The month, like 2026-10."),
    "currencies": Items(Answer("EventSumsOfMonth", _SUMS_OF_MONTH)),
}
_MERGED = {
    "number": Text(24, text="The membership that is no more."),
    "into": Text(24, text="The one that has all of it now."),
}
_ADDRESS = Text(400, text="Where it is found in the back office, from its root on.")
_APPROVAL = {
    "id": Whole(1, LARGEST_KEY),
    "kind": Text(_CODE),
    "what": Text(400, text="What is to be agreed to, as a sentence."),
    "by": Text(150, text="User name of who asked; empty: the back office itself."),
    "status": Text(10),
    "address": _ADDRESS,
}
_DOWNGRADES = {"group": Text(_CODE, text="Code of the tier group."), "count": Whole(1), "address": _ADDRESS}
_BUDGET = {
    "code": Text(_CODE, text="Code of the cap."),
    "name": Text(80),
    "promotion": Text(_CODE, null=True, text="Code of the promotion whose budget it is; null: no promotion's."),
    "store": Text(
        2 * _CODE + 1, null=True, text="Whose it is, as partner/code, where each store has one of its own."
    ),
    "measure": Text(10, text="What is counted: points, uses or money."),
    "currency": _CURRENCY,
    "used": DecimalText(text="Used up in its period: points and money with their decimals, or a number of uses."),
    "limit": DecimalText(text="The most that may be used up in it."),
    "percent": Whole(0, 100),
    "since": Day(null=True, text="The first day of the period; null: it is for ever."),
    "address": _ADDRESS,
}
_NIGHT = {
    "program": Text(_CODE, text="Code of the program."),
    "day": Day(text="The day that ended."),
    "step": Text(_CODE, text="The step that is meant; empty: all."),
    "error": Text(300, text="Why it failed; empty: it did not."),
}
_DIFFERENCES = {"count": Whole(1), "first": Items(Text(400), text="The first of them, each as a sentence.")}
_CHANNEL = {
    "connection": Text(250, text="Name of the connection."),
    "endpoint": Text(500, text="Address of the webhook; empty: another channel."),
    "reason": Text(300, text="What it answered last."),
    "since": Instant(text="When it last failed for the first time."),
}

#: The parts of which `data` is made, by the names that partners/events.py uses.
PARTS: dict[str, SchemaType[object]] = {
    "member": Answer("EventMember", _MEMBER),
    "transaction": Answer("EventTransaction", _TRANSACTION),
    "points": Answer("EventMovedPoints", _POINTS),
    "balance": Answer("EventBalance", _BALANCE),
    "milestone": Answer("EventMilestone", _MILESTONE),
    "tier": Answer("EventTier", _TIER),
    "missing": Answer("EventMissingPoints", _MISSING),
    "expiring": Answer("EventExpiringPoints", _EXPIRING),
    "promotion": Answer("EventPromotion", _PROMOTION),
    "statement": Answer("EventStatement", _STATEMENT),
    "changed": Items(Text(_CODE), text="Names of the fields that were changed, as the API names them; no values."),
    "merged": Answer("EventMerged", _MERGED),
    "approval": Answer("EventApproval", _APPROVAL),
    "downgrades": Answer("EventDowngrades", _DOWNGRADES),
    "budget": Answer("EventBudget", _BUDGET),
    "night": Answer("EventNight", _NIGHT),
    "differences": Answer("EventDifferences", _DIFFERENCES),
    "channel": Answer("EventChannel", _CHANNEL),
}


@dataclass(frozen=True, slots=True)
class Variable:
    """What a template may name, such as `tier.name`: what it means, and an example.

    Lists are one variable each; their `items` are what the names behind a loop's variable may be, none for texts.
    """

    name: str
    text: str
    sample: Json
    items: tuple[str, ...] = ()


def shape(event: EventType) -> Answer:
    """The object that `Event.data` of such an event is."""
    return Answer("", {part: PARTS[part] for part in event.says})


def envelope(event: EventType) -> Answer:
    """The object that is the body of a webhook about such an event."""
    return Answer(
        "",
        {
            "id": Text(40, text="Names the event for good: whoever has seen it has no more to do. As webhook-id."),
            "type": Text(_CODE, choices=[event.name]),
            "version": Whole(1, 32767, text="Of the shape of `data`; see docs/events.md for when it rises."),
            "occurred_at": Instant(text="When it happened."),
            "timestamp": Instant(text="The same instant, under the name that Standard Webhooks gives it."),
            "program": Text(_CODE, text="Code of the program."),
            "data": shape(event),
        },
    )


def sample(event_name: str) -> dict[str, Json]:
    """An example of `Event.data`, fresh each time. Raises KeyError for a name that is no event."""
    return event_samples.of(event_name)


def sample_body(event_name: str) -> dict[str, Json]:
    """An example of a webhook's whole body. Raises KeyError for a name that is no event."""
    at = "2026-10-05T15:04:05Z"
    return {
        "id": "evt_0f4e2c9a7b1d4c3e8a5f60718293a4b5",
        "type": event_name,
        "version": EVENTS[event_name].version,
        "occurred_at": at,
        "timestamp": at,
        "program": "club",
        "data": sample(event_name),
    }


@cache
def variables(event_name: str) -> Mapping[str, Variable]:
    """The variables of an event by their names, in the order of its parts. Raises KeyError for a name that is no
    event."""
    found = (one for part, says in sample(event_name).items() for one in _variables(part, PARTS[part], says))
    return {one.name: one for one in found}


def _variables(name: str, kind: SchemaType[object], example: Json) -> Iterator[Variable]:
    if isinstance(kind, Answer) and isinstance(example, dict):
        for field, inner in kind.fields.items():
            yield from _variables(f"{name}.{field}", inner, example[field])
    else:
        of = kind.of if isinstance(kind, Items) else None
        yield Variable(name, kind.text, example, tuple(of.fields) if isinstance(of, Answer) else ())
