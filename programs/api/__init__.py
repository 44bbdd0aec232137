"""How do other systems read what a program promises?"""
