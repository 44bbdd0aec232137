from members.admin import (
    consents,
    customers,
    deliveries,
    endpoints,
    erasures,
    events,
    hearing,
    holdings,
    members,
    messages,
    notices,
    relations,
)

__all__ = [
    "consents",
    "customers",
    "deliveries",
    "endpoints",
    "erasures",
    "events",
    "hearing",
    "holdings",
    "members",
    "messages",
    "notices",
    "relations",
]
