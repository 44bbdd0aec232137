from transactions.admin import entries, journals, members

__all__ = ["entries", "journals", "members"]
