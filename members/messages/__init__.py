"""Who gets a message, when, and how do they say that they want no more?"""
