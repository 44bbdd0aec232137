"""Which members do segments hold by what they bought? The conditions that ask the ledger, and what keeps them true.

Importing it makes those conditions known (programs/segments/registry.py).
"""

from transactions.segments import earning, following, looking_up, promotions, scoring, shopping

__all__ = ["earning", "following", "looking_up", "promotions", "scoring", "shopping"]
