"""What does this app have done in the background?"""

from transactions import benefits
from transactions.expiry import redating
from transactions.policies import recounting, thresholds
from transactions.reviews import downgrades

apply_thresholds = thresholds.work
bring_benefits = benefits.work
finish_decision = downgrades.work
recount_ladder = recounting.work
redate = redating.work

__all__ = ["apply_thresholds", "bring_benefits", "finish_decision", "recount_ladder", "redate"]
