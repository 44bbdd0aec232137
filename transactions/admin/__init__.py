from transactions.admin import (
    approvals,
    balance_pages,
    entries,
    group_actions,
    journals,
    member_pages,
    merges,
    nights,
    redating_page,
)

__all__ = [
    "approvals",
    "balance_pages",
    "entries",
    "group_actions",
    "journals",
    "member_pages",
    "merges",
    "nights",
    "redating_page",
]
