from transactions.models.approvals import Approval
from transactions.models.counters import CapCounter
from transactions.models.downgrades import DowngradeDecision
from transactions.models.entries import Entry, Lot, Trace
from transactions.models.journals import Journal, JournalLine
from transactions.models.nights import NightBatch, NightRun, Redating, Seal
from transactions.models.outlooks import StoredComing, StoredOutlook
from transactions.models.promotionresults import PromotionResult
from transactions.models.promotionuses import PromotionUse
from transactions.models.reevaluations import Reevaluation

__all__ = [
    "Approval",
    "CapCounter",
    "DowngradeDecision",
    "Entry",
    "Journal",
    "JournalLine",
    "Lot",
    "NightBatch",
    "NightRun",
    "PromotionResult",
    "PromotionUse",
    "Redating",
    "Reevaluation",
    "Seal",
    "StoredComing",
    "StoredOutlook",
    "Trace",
]
