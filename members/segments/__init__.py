"""Which members do segments hold? The conditions that ask what members are and hold, and who is in which segment.

Importing it makes those conditions known (programs/segments/registry.py).
"""

from members.segments import activity, balances, belonging, consents, dates, people, places, promotions, tiers

__all__ = ["activity", "balances", "belonging", "consents", "dates", "people", "places", "promotions", "tiers"]
