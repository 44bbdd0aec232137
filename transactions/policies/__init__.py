"""What happens to the tiers of members when marketing changes what a ladder asks for, or how it counts?"""
