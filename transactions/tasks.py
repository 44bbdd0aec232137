"""What does this app have done in the background?"""

from transactions.expiry.redating import work

__all__ = ["work"]
