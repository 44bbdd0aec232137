"""How is what happens to the tiers of many members at once written down?"""
