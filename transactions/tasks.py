"""What does this app have done in the background?"""

from transactions import benefits
from transactions.expiry import redating
from transactions.policies import recounting, thresholds
from transactions.reviews import downgrades
from transactions.segments import following, looking_up, scoring

apply_thresholds = thresholds.work
bring_benefits = benefits.work
finish_decision = downgrades.work
finish_following = following.finish_following
finish_lookup = looking_up.finish_lookup
finish_scores = scoring.finish_scores
recount_ladder = recounting.work
redate = redating.work

__all__ = [
    "apply_thresholds",
    "bring_benefits",
    "finish_decision",
    "finish_following",
    "finish_lookup",
    "finish_scores",
    "recount_ladder",
    "redate",
]
