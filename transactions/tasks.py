"""What does this app have done in the background?"""

from transactions.expiry import redating
from transactions.reviews import downgrades

finish_decision = downgrades.work
redate = redating.work

__all__ = ["finish_decision", "redate"]
