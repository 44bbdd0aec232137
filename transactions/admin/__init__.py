from transactions.admin import approvals, entries, groups, holdings, journals, members, merges, nights, redating

__all__ = ["approvals", "entries", "groups", "holdings", "journals", "members", "merges", "nights", "redating"]
