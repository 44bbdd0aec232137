"""How are members, and what they hold, written in the API?"""
