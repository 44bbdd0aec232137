from transactions.admin import approvals, entries, journals, members, merges, nights

__all__ = ["approvals", "entries", "journals", "members", "merges", "nights"]
