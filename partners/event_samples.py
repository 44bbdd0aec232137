"""What does an event mean, and what does it look like? For previews, tests of webhooks and the documentation."""

import copy

from loyalty_site.lib.json_types import Json, JsonObject
from partners.events import EVENTS

#: What each event says, and when, for who receives it.
_MEANINGS = {
    "member.enrolled": "Somebody joined the program.",
    "member.updated": "Details of a member were changed; `changed` names the fields, the API tells their values.",
    "member.merged": "All that `merged.number` had went to `merged.into`, which is `member`.",
    "member.erased": "The personal data of the member who had `member.number` are gone; delete yours.",
    "points.earned": "Points were earned that can be spent, or count for tiers, at once.",
    "points.pending": "Points were given that cannot be spent yet: from `points.available_at` on, or after an event.",
    "points.released": "Points that waited can be spent now; `before` and `balance` differ by them.",
    "points.redeemed": "Points were spent. Reserved ones are told when the redemption is confirmed: they left the "
    "balance when they were reserved, so `before` and `balance` are the same.",
    "points.reversed": "A purchase was refunded or a redemption cancelled, or an event that points waited for never "
    "came: points were taken back (below 0) or given back.",
    "points.adjusted": "Staff gave points, or took them, by hand.",
    "points.transferred": "A member gave points (below 0, with the fee) or was given some; so do memberships that "
    "become one.",
    "points.expired": "Points ended.",
    "points.expiring": "Points end soon, on a day that a reminder was set up for.",
    "balance.milestone": "A balance reached a milestone of its currency from below; of several that were reached at "
    "once it is the highest.",
    "tier.upgraded": "A member holds a higher tier. What everybody has from the first day is no upgrade.",
    "tier.downgraded": "A member holds a lower tier, or none: it was not kept, was taken back, or was set by staff.",
    "tier.renewed": "A member holds the same tier until a later day.",
    "tier.will_drop": "A member is about to lose a tier; `missing` says what would keep it.",
    "promotion.enrolled": "A member takes part in a promotion from `promotion.enrolled_at` on, for the "
    "first time or anew.",
    "promotion.left": "A member takes part in a promotion no longer, from `promotion.left_at` on.",
    "statement.monthly": "The month is over: what the balances did in it.",
    "approval.requested": "Somebody asked for what a second person has to agree to.",
    "approval.decided": "A request was approved or refused.",
    "downgrades.held": "Members would go to a lower tier, once somebody agrees.",
    "budget.nearly_used": "So much of a budget is used up as its cap names; once for each period and limit.",
    "budget.used_up": "Nothing is left of a budget; once for each period and limit.",
    "night.finished": "All steps of a night are done.",
    "night.failed": "A step of the night failed; the next run goes on with it.",
    "reconcile.drift": "The audit found stored numbers that differ from what the ledger adds up to.",
    "channel.dead": "Nothing gets through a connection, or to an address, any more.",
}

#: An example of each part. They belong together: a purchase of 120.00 lifts a member to Gold.
_PARTS: dict[str, Json] = {
    "member": {
        "number": "9870000000017",
        "program": "club",
        "status": "active",
        "enrolled_at": "2025-03-01T09:00:00Z",
        "balances": [
            {"currency": "points", "balance": 620, "available": 620, "pending": 0, "reserved": 0, "arrears": 0}
        ],
        "tiers": [{"group": "status", "tier": "gold", "name": "Gold", "valid_until": "2027-12-31"}],
    },
    "transaction": {
        "id": 48213,
        "kind": "accrual",
        "activity": "purchase",
        "external_id": "R-10072",
        "activity_at": "2026-10-05T15:04:05Z",
        "partner": "shop",
        "store": "lyon",
        "amount": "120.00",
        "money": "EUR",
        "order": "",
    },
    "points": {"currency": "points", "points": 120, "available_at": None, "expires_at": "2027-10-31T23:00:00Z"},
    "balance": {"currency": "points", "before": 500, "balance": 620},
    "milestone": {"currency": "points", "points": 600},
    "tier": {
        "group": "status",
        "group_name": "Status",
        "before": "silver",
        "before_name": "Silver",
        "tier": "gold",
        "name": "Gold",
        "since_at": "2026-10-05T15:04:05Z",
        "valid_until": "2027-12-31",
        "reason": "activity",
    },
    "missing": {"by": "2026-12-31", "currencies": [{"currency": "points", "points": 380}]},
    "expiring": {"currency": "points", "points": 150, "expires_on": "2026-10-31", "days": 30},
    "statement": {
        "month": "2026-10",
        "currencies": [
            {
                "currency": "points",
                "name": "Points",
                "opening": 500,
                "earned": 220,
                "redeemed": -100,
                "expired": 0,
                "other": 0,
                "closing": 620,
            }
        ],
    },
    "promotion": {
        "code": "autumn",
        "name": "Autumn bonus",
        "starts_on": "2026-10-01",
        "ends_on": "2026-11-30",
        "enrolled_at": "2026-10-05T15:04:05Z",
        "left_at": None,
    },
    "changed": ["email", "language"],
    "merged": {"number": "9870000000025", "into": "9870000000017"},
    "approval": {
        "id": 7,
        "kind": "adjustment",
        "what": "Credit 600 points to 9870000000017",
        "by": "store",
        "status": "waiting",
        "address": "/admin/transactions/approval/7/change/",
    },
    "downgrades": {"group": "status", "count": 12, "address": "/admin/transactions/downgradedecision/"},
    "budget": {
        "code": "spring-budget",
        "name": "Budget of the spring offer",
        "promotion": "spring",
        "store": None,
        "measure": "money",
        "currency": "points",
        "used": "4512.40",
        "limit": "5000.00",
        "percent": 90,
        "since": None,
        "address": "/admin/programs/cap/7/change/",
    },
    "night": {"program": "club", "day": "2026-10-04", "step": "", "error": ""},
    "differences": {"count": 1, "first": ["Member 9870000000017: balance 620, entries add up to 600."]},
    "channel": {
        "connection": "Shop / Webhooks",
        "endpoint": "https://example.com/hooks",
        "reason": "HTTP 503",
        "since": "2026-10-05T15:04:05Z",
    },
}

#: Where an event says something else than `_PARTS`.
_OF_EVENTS: dict[str, dict[str, JsonObject]] = {
    "points.pending": {"points": {"available_at": "2026-10-19T22:00:00Z"}, "balance": {"balance": 500}},
    "points.redeemed": {
        "transaction": {"kind": "redemption", "activity": "redemption", "amount": None, "money": ""},
        "points": {"points": -100, "expires_at": None},
        "balance": {"before": 720},
    },
    "points.reversed": {
        "transaction": {"kind": "reversal", "activity": "refund"},
        "points": {"points": -120, "expires_at": None},
        "balance": {"before": 740},
    },
    "points.adjusted": {
        "transaction": {"kind": "adjustment", "activity": "adjustment", "amount": None, "money": "", "store": None}
    },
    "points.transferred": {
        "transaction": {"kind": "transfer", "activity": "transfer", "amount": None, "money": "", "store": None}
    },
    "points.released": {
        "transaction": {"kind": "settlement", "activity": "settlement", "amount": None, "money": "", "store": None}
    },
    "points.expired": {
        "transaction": {"kind": "settlement", "activity": "settlement", "amount": None, "money": "", "store": None},
        "points": {"points": -150, "expires_at": None},
        "balance": {"before": 770},
    },
    "points.expiring": {"points": {"points": 150}, "balance": {"before": 620}},
    "tier.downgraded": {
        "member": {"tiers": [{"group": "status", "tier": "silver", "name": "Silver", "valid_until": "2027-12-31"}]},
        "tier": {
            "before": "gold",
            "before_name": "Gold",
            "tier": "silver",
            "name": "Silver",
            "reason": "downgrade",
        },
    },
    "tier.renewed": {"tier": {"before": "gold", "before_name": "Gold", "reason": "renewal"}},
    "tier.will_drop": {
        "tier": {"before": "gold", "before_name": "Gold", "tier": "silver", "name": "Silver", "reason": "downgrade"}
    },
    "promotion.left": {"promotion": {"enrolled_at": "2026-10-02T08:00:00Z", "left_at": "2026-10-05T15:04:05Z"}},
    "statement.monthly": {"balance": {"before": 500}},
    "approval.decided": {"approval": {"status": "approved"}},
    "budget.used_up": {"budget": {"used": "5000.00", "percent": 100}},
    "night.failed": {"night": {"step": "settle", "error": "The database did not answer."}},
    "reconcile.drift": {"night": {"step": "audit"}},
}


def of(event_name: str) -> dict[str, Json]:
    """An example of `Event.data`, fresh each time. Raises KeyError for a name that is no event."""
    found: dict[str, Json] = {}
    for part in EVENTS[event_name].says:
        own = _OF_EVENTS.get(event_name, {}).get(part, {})
        whole = copy.deepcopy(_PARTS[part])
        found[part] = {**whole, **copy.deepcopy(own)} if isinstance(whole, dict) else whole
    return found


def meaning(event_name: str) -> str:
    """What an event says, in sentences for who receives it. Raises KeyError for a name that is no event."""
    return _MEANINGS[event_name]
