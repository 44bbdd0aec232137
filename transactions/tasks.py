"""What does this app have done in the background?"""

from transactions.redating import work

__all__ = ["work"]
