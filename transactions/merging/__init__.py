"""How do two memberships become one, and two again?"""
