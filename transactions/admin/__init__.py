from transactions.admin import (
    approvals,
    balance_panels,
    cap_counters,
    entries,
    journals,
    lots,
    member_actions,
    member_panels,
    merges,
    nights,
    redating_page,
    relation_actions,
)

__all__ = [
    "approvals",
    "balance_panels",
    "cap_counters",
    "entries",
    "journals",
    "lots",
    "member_actions",
    "member_panels",
    "merges",
    "nights",
    "redating_page",
    "relation_actions",
]
