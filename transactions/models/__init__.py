from transactions.models.entries import Entry, Lot, Trace
from transactions.models.journals import Journal, JournalLine

__all__ = ["Entry", "Journal", "JournalLine", "Lot", "Trace"]
