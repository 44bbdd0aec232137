"""How do other systems enrol, find and read members?"""
